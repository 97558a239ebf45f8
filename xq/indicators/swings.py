"""Levels drawn from swings that the market has confirmed."""

from typing import NamedTuple

import numpy as np

from xq.indicators.indicator import indicators, length
from xq.indicators.kernels import ta_lib

RATIOS = (0.236, 0.382, 0.5, 0.618, 0.786, 1.618)


class Fibonacci(NamedTuple):
    """Result of `fibonacci`: prices, except direction (1 up, -1 down) and confirmed_at (ms)."""

    high: np.ndarray
    low: np.ndarray
    direction: np.ndarray
    level_236: np.ndarray
    level_382: np.ndarray
    level_500: np.ndarray
    level_618: np.ndarray
    level_786: np.ndarray
    level_1618: np.ndarray
    confirmed_at: np.ndarray


@indicators(
    Fibonacci,
    inputs=("ts", "high", "low"),
    parameters=(length(5, "strength", low=1), length(250, "window", low=10)),
    memory=lambda strength, window: window + strength,
    kind="anchored",
    source="Fischer 1993, Fibonacci Applications and Strategies for Traders; swings: Williams "
    "1995, Trading Chaos",
    convention="retraced from the end of the newest swing towards its beginning; a swing is the "
    "bar beyond every one of the strength bars on both sides and known strength bars later; "
    "confirmed_at is the open of the bar whose close confirmed the newer one",
    anchor="confirmed swing",
    undefined="without a confirmed high and low in the window, or with that low above that high",
    units=("price", "price", "number", *("price",) * 6, "time"),
)
def fibonacci(
    ts: np.ndarray, high: np.ndarray, low: np.ndarray, strength: int, window: int
) -> tuple[np.ndarray, ...]:
    """Fibonacci levels of the newest confirmed swing."""
    marks = ta_lib().FRACTAL(high, low, strength, strength)  # at the bar that confirms
    top, bottom = (_newest(found != 0, strength, window) for found in marks)
    known = (top >= 0) & (bottom >= 0)
    known &= high[top] > low[bottom]
    upper, lower = np.where(known, high[top], np.nan), np.where(known, low[bottom], np.nan)
    up = top >= bottom
    end, leg = np.where(up, upper, lower), np.where(up, upper - lower, lower - upper)
    levels = (end - ratio * leg for ratio in RATIOS)
    direction = np.where(known, np.where(up, 1.0, -1.0), np.nan)
    confirmed = ts[np.where(known, np.maximum(top, bottom) + strength, 0)]
    return upper, lower, direction, *levels, np.where(known, confirmed, np.nan)


def _newest(confirmed: np.ndarray, strength: int, window: int) -> np.ndarray:
    """Row of the newest swing known at each row and not older than the window; -1 for none."""
    rows = np.arange(len(confirmed))
    swing = np.maximum.accumulate(np.where(confirmed, rows, -1)) - strength
    return np.where(rows - swing < window, swing, -1).clip(-1)
