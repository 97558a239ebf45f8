"""Speed and exhaustion: how far and how evenly price has moved."""

from typing import NamedTuple, cast

import numpy as np

from xq.indicators.averages import MEAN
from xq.indicators.indicator import fading, indicator, indicators, length
from xq.indicators.kernels import ta_lib


class Macd(NamedTuple):
    """Result of `macd`, in units of price."""

    macd: np.ndarray
    signal: np.ndarray
    histogram: np.ndarray


@indicators(
    Macd,
    parameters=(length(12, "fast"), length(26, "slow"), length(9, "signal")),
    memory=lambda fast, slow, signal: (
        fading(max(fast, slow), 2 / (max(fast, slow) + 1)) + fading(signal, 2 / (signal + 1)) - 1
    ),
    kind="decaying",
    source="Appel 2005, Technical Analysis: Power Tools for Active Investors, ch. 8",
    convention="exactly ema(fast) - ema(slow); TA-Lib's own starts the fast average later",
    start=f"each average by {MEAN}",
    units="price",
)
def macd(series: np.ndarray, fast: int, slow: int, signal: int) -> tuple[np.ndarray, ...]:
    """Moving average convergence/divergence, its signal line and their difference."""
    library = ta_lib()
    line = library.EMA(series, fast)
    line -= library.EMA(series, slow)
    signal_line = library.EMA(line, signal)
    return line, signal_line, line - signal_line


@indicator(
    parameters=(length(14),),
    memory=lambda n: fading(n + 1, 1 / n),
    kind="decaying",
    source="Wilder 1978, p. 63",
    convention="Wilder's average, not Cutler's; 0 to 100; 0 where price never moved",
    start=MEAN,
    units="percent",
)
def rsi(series: np.ndarray, n: int) -> np.ndarray:
    """Relative strength index."""
    return cast(np.ndarray, ta_lib().RSI(series, n))


class Stochastic(NamedTuple):
    """Result of `stochastic` and `stochrsi`: the smoothed position in the range, 0 to 100."""

    k: np.ndarray
    d: np.ndarray


@indicators(
    Stochastic,
    parameters=(
        length(14),
        length(14, "window"),
        length(3, "smooth_k", low=1),
        length(3, "smooth_d", low=1),
    ),
    memory=lambda n, window, k, d: fading(n + 1, 1 / n) + window + k + d - 3,
    kind="decaying",
    source="Chande & Kroll 1994, The New Technical Trader, ch. 5",
    convention="k is smoothed, as charts show it; TA-Lib's STOCHRSI is not; 0 where RSI is flat",
    start=MEAN,
    units="percent",
)
def stochrsi(series: np.ndarray, n: int, window: int, k: int, d: int) -> tuple[np.ndarray, ...]:
    """Stochastic oscillator of the RSI."""
    library = ta_lib()
    strength = library.RSI(series, n)
    return _stochastic(strength, strength, strength, window, k, d)


@indicators(
    Stochastic,
    inputs=("high", "low", "close"),
    parameters=(
        length(14, "window"),
        length(3, "smooth_k", low=1),
        length(3, "smooth_d", low=1),
    ),
    memory=lambda window, k, d: window + k + d - 2,
    source="Lane 1984, Stocks & Commodities 2:3",
    convention="slow: k smoothed by smooth_k, d by smooth_d; 0 where the range is 0",
    units="percent",
)
def stochastic(
    high: np.ndarray, low: np.ndarray, close: np.ndarray, window: int, k: int, d: int
) -> tuple[np.ndarray, ...]:
    """Stochastic oscillator: where the close lies in the range of the last bars."""
    return _stochastic(high, low, close, window, k, d)


def _stochastic(
    high: np.ndarray, low: np.ndarray, close: np.ndarray, window: int, k: int, d: int
) -> tuple[np.ndarray, ...]:
    library = ta_lib()
    raw, _ = library.STOCHF(high, low, close, window, 1, 0)
    smooth = raw if k == 1 else library.SMA(raw, k)
    return smooth, smooth if d == 1 else library.SMA(smooth, d)


@indicator(
    parameters=(length(10, low=1),),
    memory=lambda n: n + 1,
    source="Murphy 1999, ch. 10",
    convention="in percent of the price length bars ago",
    units="percent",
)
def roc(series: np.ndarray, n: int) -> np.ndarray:
    """Rate of change."""
    return cast(np.ndarray, ta_lib().ROC(series, n))


@indicator(
    inputs=("high", "low", "close"),
    parameters=(length(20),),
    memory=lambda n: n,
    source="Lambert 1980, Commodities 9:10",
    convention="constant 0.015; 0 where the typical price is flat",
    units="number",
)
def cci(high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int) -> np.ndarray:
    """Commodity channel index."""
    return cast(np.ndarray, ta_lib().CCI(high, low, close, n))
