"""The names of the parts that orders play."""

STOP, TAKE_PROFIT = "stop", "take_profit"
UNPROTECTED, FLATTEN = "unprotected", "flatten"
HAND, HAND_CLOSE = "hand", "hand_close"
PROTECTIVE = (STOP, TAKE_PROFIT)
BY_HAND = (HAND, HAND_CLOSE)
"""Orders that a person asked for: they are followed, and nobody else cancels them."""
FIRED = (STOP, TAKE_PROFIT, UNPROTECTED, HAND_CLOSE)
"""Legs after which a symbol stays flat until its target is 0 or changes sign."""
