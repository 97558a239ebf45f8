"""Price and volume together."""

from collections.abc import Iterator
from typing import cast

import numpy as np

from xq.indicators.indicator import indicator, length
from xq.indicators.kernels import ta_lib
from xq.indicators.rolling import rolling_sum
from xq.timeframe import DAY_MS, MINUTE_MS

_DAY = DAY_MS // MINUTE_MS
_NO_VOLUME = "while nothing traded"


@indicator(
    inputs=("ts", "high", "low", "close", "volume"),
    memory=lambda: _DAY,
    kind="anchored",
    source="Berkowitz, Logue & Noser 1988, Journal of Finance 43:1",
    convention="typical price (h + l + c) / 3",
    start="none before the first midnight",
    anchor="UTC day",
    undefined=_NO_VOLUME,
    units="price",
)
def vwap(
    ts: np.ndarray, high: np.ndarray, low: np.ndarray, close: np.ndarray, volume: np.ndarray
) -> np.ndarray:
    """Volume-weighted average price of the UTC day so far."""
    result = np.full(len(ts), np.nan)
    for day in _days(ts):
        traded = np.cumsum(volume[day])
        turnover = np.cumsum((high[day] + low[day] + close[day]) / 3 * volume[day])
        np.divide(turnover, traded, out=result[day], where=traded > 0)
    return result


@indicator(
    inputs=("high", "low", "close", "volume"),
    parameters=(length(20, low=1),),
    memory=lambda n: n,
    source="Berkowitz, Logue & Noser 1988, Journal of Finance 43:1",
    convention="typical price (h + l + c) / 3, over the last bars instead of a day",
    undefined=_NO_VOLUME,
    units="price",
)
def rolling_vwap(
    high: np.ndarray, low: np.ndarray, close: np.ndarray, volume: np.ndarray, n: int
) -> np.ndarray:
    """Volume-weighted average price of the last bars."""
    turnover = (high + low + close) / 3 * volume
    return _ratio(rolling_sum(turnover, n), rolling_sum(volume, n), np.nan)


@indicator(
    inputs=("close", "volume"),
    parameters=(length(20),),
    memory=lambda n: n + 1,
    source="Granville 1963, Granville's New Key to Stock Market Profits",
    convention="the change over length bars; the running total itself has no beginning",
    units="volume",
)
def obv_change(close: np.ndarray, volume: np.ndarray, n: int) -> np.ndarray:
    """On-balance volume gained or lost over the last bars."""
    return rolling_sum(_signed(close, volume), n)


@indicator(
    inputs=("ts", "close", "volume"),
    memory=lambda: _DAY + 1,
    kind="anchored",
    source="Granville 1963, Granville's New Key to Stock Market Profits",
    convention="the day's first bar compares with the close before midnight",
    start="none before the first midnight",
    anchor="UTC day",
    units="volume",
)
def obv(ts: np.ndarray, close: np.ndarray, volume: np.ndarray) -> np.ndarray:
    """On-balance volume of the UTC day so far."""
    return _over_days(ts, _signed(close, volume))


@indicator(
    inputs=("high", "low", "close", "volume"),
    parameters=(length(20),),
    memory=lambda n: n,
    source="Achelis 2001, Technical Analysis from A to Z (Chaikin)",
    convention="the change over length bars; the running total itself has no beginning",
    units="volume",
)
def ad_change(
    high: np.ndarray, low: np.ndarray, close: np.ndarray, volume: np.ndarray, n: int
) -> np.ndarray:
    """Accumulation/distribution gained or lost over the last bars."""
    return rolling_sum(_money_flow(high, low, close, volume), n)


@indicator(
    inputs=("ts", "high", "low", "close", "volume"),
    memory=lambda: _DAY,
    kind="anchored",
    source="Achelis 2001, Technical Analysis from A to Z (Chaikin)",
    convention="volume times where the close lies in the bar, -1 to 1; 0 where the bar is flat",
    start="none before the first midnight",
    anchor="UTC day",
    units="volume",
)
def ad(
    ts: np.ndarray, high: np.ndarray, low: np.ndarray, close: np.ndarray, volume: np.ndarray
) -> np.ndarray:
    """Accumulation/distribution line of the UTC day so far."""
    return _over_days(ts, _money_flow(high, low, close, volume))


@indicator(
    inputs=("high", "low", "close", "volume"),
    parameters=(length(20),),
    memory=lambda n: n,
    source="Achelis 2001, Technical Analysis from A to Z (Chaikin)",
    convention="-1 to 1; 0 where nothing traded",
    units="number",
)
def cmf(
    high: np.ndarray, low: np.ndarray, close: np.ndarray, volume: np.ndarray, n: int
) -> np.ndarray:
    """Chaikin money flow: accumulation/distribution of the last bars per volume."""
    flow = _money_flow(high, low, close, volume)
    return _ratio(rolling_sum(flow, n), rolling_sum(volume, n), 0.0)


@indicator(
    inputs=("high", "low", "close", "volume"),
    parameters=(length(14),),
    memory=lambda n: n + 1,
    source="Quong & Soudack 1989, Stocks & Commodities 7:3",
    convention="0 to 100; 0 where nothing traded",
    units="percent",
)
def mfi(
    high: np.ndarray, low: np.ndarray, close: np.ndarray, volume: np.ndarray, n: int
) -> np.ndarray:
    """Money flow index: an RSI weighted by turnover."""
    return cast(np.ndarray, ta_lib().MFI(high, low, close, volume, n))


def _ratio(part: np.ndarray, whole: np.ndarray, without: float) -> np.ndarray:
    """``part / whole``; ``without`` where the whole is 0, NaN in warm-up."""
    found: np.ndarray = np.where(np.isnan(whole), np.nan, without)
    np.divide(part, whole, out=found, where=whole > 0)
    return found


def _signed(close: np.ndarray, volume: np.ndarray) -> np.ndarray:
    signed = np.full(len(close), np.nan)
    signed[1:] = np.sign(np.diff(close)) * volume[1:]
    return signed


def _money_flow(
    high: np.ndarray, low: np.ndarray, close: np.ndarray, volume: np.ndarray
) -> np.ndarray:
    flow: np.ndarray = 2 * close
    flow -= high
    flow -= low
    reach = high - low
    np.divide(flow, reach, out=flow, where=reach > 0)  # where it is flat, 0 already
    flow *= volume
    return flow


def _over_days(ts: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """Running totals from each midnight on; none for a day whose first flow is not known."""
    result = np.full(len(ts), np.nan)
    for day in _days(ts):
        np.cumsum(flow[day], out=result[day])
    return result


def _days(ts: np.ndarray) -> Iterator[slice]:
    """The rows of every UTC day whose first bar is there."""
    days = ts / DAY_MS  # exact at midnight, and several times faster than the remainder
    for start in np.flatnonzero(days == np.floor(days)).tolist():
        yield slice(start, int(np.searchsorted(ts, ts[start] + DAY_MS)))
