"""Equity and returns by UTC day: the scale on which ratios of different timeframes compare.

Annualising the Sharpe ratio of short bars by the square root of time is wrong as soon as returns
are autocorrelated: with 0.1 from day to day it is overstated by a tenth (Lo 2002, The Statistics
of Sharpe Ratios, FAJ 58(4)). A day is a calendar day of UTC; crypto has 365 of them a year.
"""

import numpy as np

from xq.metrics.returns import bar_returns
from xq.timeframe import DAY_MS

DAYS_PER_YEAR = 365.0


def last_of_days(known_at: np.ndarray) -> np.ndarray:
    """Index of the last bar of every UTC day that has one.

    Parameters
    ----------
    known_at
        (T,) epoch ms, ascending: close of each bar; midnight belongs to the day it ends.

    Examples
    --------
    >>> hour = 3_600_000
    >>> last_of_days(np.array([23, 24, 25, 72]) * hour).tolist()
    [1, 2, 3]
    """
    if not len(known_at):
        return np.empty(0, dtype=np.int64)
    day = (known_at - 1) // DAY_MS
    return np.flatnonzero(np.append(np.diff(day) != 0, True))


def daily_returns(known_at: np.ndarray, equity: np.ndarray, start: float) -> np.ndarray:
    """Simple returns of the days that have a bar, the first against ``start``.

    The first and the last day may be incomplete. Bars of a day and longer are left as they are.

    Parameters
    ----------
    known_at
        (T,) epoch ms, close of each bar.
    equity
        (T,) quote asset at those moments.

    Examples
    --------
    >>> hour = 3_600_000
    >>> times = np.array([12, 24, 36, 48]) * hour
    >>> daily_returns(times, np.array([90.0, 110.0, 80.0, 99.0]), 100.0).round(9).tolist()
    [0.1, -0.1]
    """
    return bar_returns(equity[last_of_days(known_at)], start)
