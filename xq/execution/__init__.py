"""The journal, the states of an order, and the one door to a venue."""
