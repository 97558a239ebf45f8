"""Moving averages of a series."""

from math import isqrt
from typing import cast

import numpy as np

from xq.indicators.indicator import fading, indicator, length
from xq.indicators.kernels import ta_lib

MEAN = "the simple average of the first bars"


@indicator(parameters=(length(20),), memory=lambda n: n, source="Murphy 1999, ch. 9", units="price")
def sma(series: np.ndarray, n: int) -> np.ndarray:
    """Simple moving average: the mean of the last bars."""
    return cast(np.ndarray, ta_lib().SMA(series, n))


@indicator(
    parameters=(length(20),),
    memory=lambda n: fading(n, 2 / (n + 1)),
    kind="decaying",
    source="Murphy 1999, ch. 9",
    convention="alpha = 2 / (length + 1)",
    start=MEAN,
    units="price",
)
def ema(series: np.ndarray, n: int) -> np.ndarray:
    """Exponential moving average."""
    return cast(np.ndarray, ta_lib().EMA(series, n))


@indicator(
    parameters=(length(20),),
    memory=lambda n: fading(2 * n - 1, 2 / (n + 1), depth=2),
    kind="decaying",
    source="Mulloy 1994, Stocks & Commodities 12:1",
    convention="2 ema - ema(ema)",
    start=f"each average by {MEAN}",
    units="price",
)
def dema(series: np.ndarray, n: int) -> np.ndarray:
    """Double exponential moving average: one with half the lag."""
    return cast(np.ndarray, ta_lib().DEMA(series, n))


@indicator(
    parameters=(length(20),),
    memory=lambda n: fading(3 * n - 2, 2 / (n + 1), depth=3),
    kind="decaying",
    source="Mulloy 1994, Stocks & Commodities 12:1",
    convention="3 ema - 3 ema(ema) + ema(ema(ema))",
    start=f"each average by {MEAN}",
    units="price",
)
def tema(series: np.ndarray, n: int) -> np.ndarray:
    """Triple exponential moving average: one with hardly any lag on a straight trend."""
    return cast(np.ndarray, ta_lib().TEMA(series, n))


_SLOWEST = (2 / 31) ** 2  # weight of a new bar where price goes nowhere


@indicator(
    parameters=(length(10),),
    memory=lambda n: fading(n + 1, _SLOWEST),
    kind="decaying",
    source="Kaufman 1995, Smarter Trading",
    convention="between the speeds of averages over 2 and 30 bars; the memory is that of a market "
    "that goes nowhere",
    start="the close before the first value",
    units="price",
)
def kama(series: np.ndarray, n: int) -> np.ndarray:
    """Kaufman's adaptive moving average: fast in a trend, slow where price goes nowhere."""
    return cast(np.ndarray, ta_lib().KAMA(series, n))


@indicator(
    parameters=(length(14),),
    memory=lambda n: fading(n, 1 / n),
    kind="decaying",
    source="Wilder 1978, p. 23",
    convention="alpha = 1 / length",
    start=MEAN,
    units="price",
)
def rma(series: np.ndarray, n: int) -> np.ndarray:
    """Wilder's moving average."""
    return cast(np.ndarray, ta_lib().RMA(series, n))


@indicator(
    parameters=(length(20),),
    memory=lambda n: n,
    source="Murphy 1999, ch. 9",
    convention="weights 1 … length, the newest bar heaviest",
    units="price",
)
def wma(series: np.ndarray, n: int) -> np.ndarray:
    """Linearly weighted moving average."""
    return cast(np.ndarray, ta_lib().WMA(series, n))


@indicator(
    parameters=(length(20, low=4),),
    memory=lambda n: n + max(isqrt(n), 2) - 1,
    source="Hull 2005, alanhull.com/hull-moving-average",
    convention="wma(2 wma(n // 2) - wma(n), floor(sqrt(n)))",
    units="price",
)
def hma(series: np.ndarray, n: int) -> np.ndarray:
    """Hull moving average: a weighted average with little lag."""
    library = ta_lib()
    fast, slow = library.WMA(series, n // 2), library.WMA(series, n)
    fast *= 2
    fast -= slow
    return cast(np.ndarray, library.WMA(fast, max(isqrt(n), 2)))
