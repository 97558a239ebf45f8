"""Moving averages of a series."""

from math import isqrt
from typing import cast

import numpy as np

from xq.indicators.indicator import fading, indicator, length
from xq.indicators.kernels import ta_lib


@indicator(parameters=(length(20),), memory=lambda n: n, source="Murphy 1999, ch. 9")
def sma(series: np.ndarray, n: int) -> np.ndarray:
    """Simple moving average: the mean of the last bars."""
    return cast(np.ndarray, ta_lib().SMA(series, n))


@indicator(
    parameters=(length(20),),
    memory=lambda n: fading(n, 2 / (n + 1)),
    kind="decaying",
    source="Murphy 1999, ch. 9",
    convention="alpha = 2 / (length + 1), started by the simple average of the first bars",
)
def ema(series: np.ndarray, n: int) -> np.ndarray:
    """Exponential moving average."""
    return cast(np.ndarray, ta_lib().EMA(series, n))


@indicator(
    parameters=(length(14),),
    memory=lambda n: fading(n, 1 / n),
    kind="decaying",
    source="Wilder 1978, p. 23",
    convention="alpha = 1 / length, started by the simple average of the first bars",
)
def rma(series: np.ndarray, n: int) -> np.ndarray:
    """Wilder's moving average."""
    return cast(np.ndarray, ta_lib().RMA(series, n))


@indicator(
    parameters=(length(20),),
    memory=lambda n: n,
    source="Murphy 1999, ch. 9",
    convention="weights 1 … length, the newest bar heaviest",
)
def wma(series: np.ndarray, n: int) -> np.ndarray:
    """Linearly weighted moving average."""
    return cast(np.ndarray, ta_lib().WMA(series, n))


@indicator(
    parameters=(length(20, low=4),),
    memory=lambda n: n + max(isqrt(n), 2) - 1,
    source="Hull 2005, alanhull.com/hull-moving-average",
    convention="wma(2 wma(n // 2) - wma(n), floor(sqrt(n)))",
)
def hma(series: np.ndarray, n: int) -> np.ndarray:
    """Hull moving average: a weighted average with little lag."""
    library = ta_lib()
    fast, slow = library.WMA(series, n // 2), library.WMA(series, n)
    return cast(np.ndarray, library.WMA(2 * fast - slow, max(isqrt(n), 2)))
