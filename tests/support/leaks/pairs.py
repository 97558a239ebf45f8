"""A leak and its honest twin: two bodies of `target_weights` that differ in what they may know."""

from dataclasses import dataclass

from xq.errors import ImpureStrategy, LookAhead, ShortWarmUp, StrategyError

AHEAD: tuple[type[StrategyError], ...] = (LookAhead,)
SHORT: tuple[type[StrategyError], ...] = (ShortWarmUp,)
IMPURE: tuple[type[StrategyError], ...] = (ImpureStrategy,)


@dataclass(frozen=True, slots=True)
class Pair:
    """One planted mistake.

    Attributes
    ----------
    leak, honest
        Bodies of `target_weights`.
    refused
        Errors that name the mistake rightly.
    lookback
        Declared by both.
    module, honest_module
        Above the class; the honest one's is the leak's unless given.
    """

    name: str
    leak: str
    honest: str
    refused: tuple[type[StrategyError], ...] = AHEAD
    lookback: str = "20"
    module: str = ""
    honest_module: str | None = None


SERIES = """
import pandas as pd
def series(bars):
    return bars.frame(bars.symbols[0])["close"]
def held(wanted):
    return np.asarray(wanted, dtype=float).reshape(-1, 1)
"""
"""For what people write in pandas."""

WINDOWS = """
def last(values, n, function):
    seen = np.lib.stride_tricks.sliding_window_view(values, n, axis=0)
    return np.concatenate([np.full((n - 1, *values.shape[1:]), np.nan), function(seen)])
def lagged(values, n):
    return np.concatenate([np.full((n, *values.shape[1:]), np.nan), values[:-n]])
def returns(bars):
    return bars.close / lagged(bars.close, 1) - 1
def long(wanted):
    return np.where(wanted, 1.0, 0.0)
"""
"""For what people write in NumPy."""
