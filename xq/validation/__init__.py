"""Splits that keep what is tested out of what is learned from."""
