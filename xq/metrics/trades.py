"""Statistics of closed round trips, in pnl after costs (quote asset).

A round trip runs from flat to flat; those still open at the end are not counted. The numbers are
per round trip, not per bar, which is where libraries differ: quantstats' ``win_rate`` counts bars.
"""

import numpy as np

from xq.metrics.returns import NAN


def win_rate(pnl: np.ndarray) -> float:
    """Share of round trips that made money; exactly zero is no win. NaN without any.

    Examples
    --------
    >>> win_rate(np.array([5.0, -2.0, 0.0, 1.0]))
    0.5
    """
    return float(np.mean(pnl > 0.0)) if len(pnl) else NAN


def profit_factor(pnl: np.ndarray) -> float:
    """Gross profit over gross loss; NaN if nothing was lost.

    Examples
    --------
    >>> profit_factor(np.array([5.0, -2.0, 1.0]))
    3.0
    """
    lost = -float(np.sum(pnl[pnl < 0.0]))
    return float(np.sum(pnl[pnl > 0.0])) / lost if lost > 0.0 else NAN


def expectancy(pnl: np.ndarray) -> float:
    """Mean pnl of a round trip, quote asset; NaN without any.

    Equal to win rate × mean win − loss rate × mean loss (Tharp 1998, Trade Your Way to Financial
    Freedom).

    Examples
    --------
    >>> expectancy(np.array([5.0, -2.0, 0.0, 1.0]))
    1.0
    """
    return float(np.mean(pnl)) if len(pnl) else NAN


def turnover(notional: np.ndarray, equity: np.ndarray) -> float:
    """Notional of all fills over the mean equity of the run: how often the account was traded.

    Not annualised; buying and selling everything once is about 2. NaN if mean equity is 0.

    Examples
    --------
    >>> turnover(np.array([100.0, 110.0]), np.array([100.0, 110.0]))
    2.0
    """
    mean = float(np.mean(equity)) if len(equity) else 0.0
    return float(np.sum(notional)) / mean if mean > 0.0 else NAN


def exposure(positions: np.ndarray) -> float:
    """Share of bars at whose close any position is held; NaN without bars.

    Examples
    --------
    >>> exposure(np.array([[0.0, 0.0], [0.0, -1.0], [2.0, 1.0], [0.0, 0.0]]))
    0.5
    """
    return float(np.mean(np.any(positions != 0.0, axis=1))) if len(positions) else NAN
