"""Pure checks that stand between a decision and a venue."""
