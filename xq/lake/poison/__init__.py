"""Kinds of poison rows, as data: one small file per family."""
