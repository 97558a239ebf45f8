"""Simulated trading on stored bars."""
