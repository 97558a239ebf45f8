"""The strategy contract: what a plugin is, how it is loaded, run and checked."""
