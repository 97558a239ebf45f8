"""Logs, notifications and metrics: what the outside sees of a run."""
