"""The names of the parts that orders play."""

STOP, TAKE_PROFIT = "stop", "take_profit"
UNPROTECTED, FLATTEN = "unprotected", "flatten"
PROTECTIVE = (STOP, TAKE_PROFIT)
FIRED = (STOP, TAKE_PROFIT, UNPROTECTED)
"""Legs after which a symbol stays flat until its target is 0 or changes sign."""
