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


def payoff_ratio(pnl: np.ndarray) -> float:
    """Mean win over mean loss of the round trips; NaN without a win or without a loss.

    Examples
    --------
    >>> payoff_ratio(np.array([5.0, -2.0, 0.0, 1.0]))
    1.5
    """
    wins, losses = pnl[pnl > 0.0], pnl[pnl < 0.0]
    if not len(wins) or not len(losses):
        return NAN
    return float(np.mean(wins)) / -float(np.mean(losses))


def kelly_fraction(pnl: np.ndarray) -> float:
    """Share of equity that a bettor with these odds would stake; negative: stay away.

    ``p - q / payoff`` with p the share of wins and q that of losses; round trips of exactly zero
    are neither. Kelly (1956), A New Interpretation of Information Rate, BSTJ 35(4). NaN without a
    win or without a loss. It overbets as soon as the odds are estimated: Thorp (2006) halves it.

    Examples
    --------
    >>> kelly_fraction(np.array([2.0, -1.0, 2.0, -1.0]))
    0.25
    """
    payoff = payoff_ratio(pnl)
    if payoff != payoff:
        return NAN
    wins, losses = int(np.sum(pnl > 0.0)), int(np.sum(pnl < 0.0))
    return (wins - losses / payoff) / (wins + losses)


def longest_streak(pnl: np.ndarray, *, winning: bool) -> int:
    """Most wins (or losses) in a row; a round trip of exactly zero ends either.

    Examples
    --------
    >>> longest_streak(np.array([1.0, 2.0, -1.0, 3.0]), winning=True)
    2
    """
    hit = pnl > 0.0 if winning else pnl < 0.0
    edges = np.concatenate(([-1], np.flatnonzero(~hit), [len(pnl)]))
    return int(np.max(np.diff(edges))) - 1
