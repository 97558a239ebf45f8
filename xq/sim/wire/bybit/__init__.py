"""Bybit's v5 face of the simulated venue: linear perpetuals over the same core."""
