"""Price and volume together."""

from typing import cast

import numpy as np

from xq.indicators.indicator import indicator, length
from xq.indicators.kernels import ta_lib
from xq.timeframe import DAY_MS, MINUTE_MS


@indicator(
    inputs=("ts", "high", "low", "close", "volume"),
    memory=lambda: DAY_MS // MINUTE_MS,
    kind="anchored",
    source="Berkowitz, Logue & Noser 1988, Journal of Finance 43:1",
    convention="typical price (h + l + c) / 3, from 00:00 UTC on; none before the first midnight, "
    "nor while the day has no volume",
)
def vwap(
    ts: np.ndarray, high: np.ndarray, low: np.ndarray, close: np.ndarray, volume: np.ndarray
) -> np.ndarray:
    """Volume-weighted average price of the UTC day so far."""
    typical = (high + low + close) / 3
    day = np.floor_divide(ts, DAY_MS)
    starts = np.flatnonzero(ts % DAY_MS == 0)
    result = np.full(len(ts), np.nan)
    for start in starts.tolist():
        rows = slice(start, start + int(np.searchsorted(day[start:], day[start], side="right")))
        traded = np.cumsum(volume[rows])
        turnover = np.cumsum(typical[rows] * volume[rows])
        np.divide(turnover, traded, out=result[rows], where=traded > 0)
    return result


@indicator(
    inputs=("close", "volume"),
    parameters=(length(20),),
    memory=lambda n: n + 1,
    source="Granville 1963, Granville's New Key to Stock Market Profits",
    convention="the change over length bars; the running total itself has no beginning",
)
def obv_change(close: np.ndarray, volume: np.ndarray, n: int) -> np.ndarray:
    """On-balance volume gained or lost over the last bars."""
    signed = np.full(len(close), np.nan)
    signed[1:] = np.sign(np.diff(close)) * volume[1:]
    return cast(np.ndarray, ta_lib().SUM(signed, n))


@indicator(
    inputs=("high", "low", "close", "volume"),
    parameters=(length(14),),
    memory=lambda n: n + 1,
    source="Quong & Soudack 1989, Stocks & Commodities 7:3",
    convention="0 to 100; 0 where nothing traded",
)
def mfi(
    high: np.ndarray, low: np.ndarray, close: np.ndarray, volume: np.ndarray, n: int
) -> np.ndarray:
    """Money flow index: an RSI weighted by turnover."""
    return cast(np.ndarray, ta_lib().MFI(high, low, close, volume, n))
