"""Spread, volatility and volume of a market from its bars, as known before each bar opens."""

import numpy as np

from xq.bars import Bars
from xq.portfolio.slippage import DAYS_OF_STATISTICS, LEAST_BARS, Evidence
from xq.timeframe import DAY_MS


def from_bars(bars: Bars, spread: np.ndarray | None = None) -> Evidence:
    """Trailing statistics of a day, at least 30 bars; row t uses rows before t only.

    Parameters
    ----------
    spread
        (T, N) recorded spreads as a fraction of price, NaN where none is; those are estimated from
        the bars' closes, highs and lows (Abdi & Ranaldo 2017, negative estimates are 0).

    Examples
    --------
    >>> from xq.timeframe import Timeframe
    >>> bars = Bars.of(Timeframe.parse("1d"), ["A/B"], [0, 86400000, 172800000],
    ...                close=[1.0, 1.1, 1.21], volume=[5.0, 7.0, 9.0])
    >>> known = from_bars(bars)
    >>> known.volume[:, 0].tolist(), known.spread[:, 0].tolist()
    ([nan, 5.0, 6.0], [nan, nan, 0.0])
    """
    per_day = DAY_MS / bars.timeframe.ms
    window = max(round(DAYS_OF_STATISTICS * per_day), LEAST_BARS)
    with np.errstate(divide="ignore", invalid="ignore"):
        closes, middle = np.log(bars.close), (np.log(bars.high) + np.log(bars.low)) / 2.0
    moves = np.diff(closes, axis=0, prepend=np.nan)
    mean, square = _before(moves, window), _before(moves * moves, window)
    volatility = np.sqrt(np.maximum(square - mean * mean, 0.0) * per_day)
    estimated = _spread(closes, middle, window)
    found = estimated if spread is None else np.where(np.isnan(spread), estimated, spread)
    return Evidence(found, volatility, _before(bars.volume, window) * per_day)


def _spread(closes: np.ndarray, middle: np.ndarray, window: int) -> np.ndarray:
    """Twice the root of the mean of (c − η)(c − η'), η the middle of a bar and η' of the next."""
    product = np.full(closes.shape, np.nan)
    product[1:] = (closes[:-1] - middle[:-1]) * (closes[:-1] - middle[1:])
    return np.asarray(2.0 * np.sqrt(np.maximum(_before(product, window), 0.0)))


def _before(values: np.ndarray, window: int) -> np.ndarray:
    """Mean of the finite ones of the ``window`` rows before each row; NaN if there are none."""
    finite = np.isfinite(values)
    zero = np.zeros((1, values.shape[1]))
    total = np.concatenate((zero, np.cumsum(np.where(finite, values, 0.0), axis=0)))
    count = np.concatenate((zero, np.cumsum(finite, axis=0)))
    row = np.arange(len(values))
    first = np.maximum(row - window, 0)
    held = count[row] - count[first]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(held > 0, (total[row] - total[first]) / held, np.nan)
