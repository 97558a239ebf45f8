"""Pure functions from returns, equity and round trips to numbers, sources cited."""
