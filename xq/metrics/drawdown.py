"""How far equity falls from its highest value so far."""

import numpy as np

from xq.metrics.returns import NAN, annual_return


def drawdowns(equity: np.ndarray, start: float) -> np.ndarray:
    """Fraction below the running maximum at each bar, ≤ 0; the maximum begins at ``start``.

    Examples
    --------
    >>> drawdowns(np.array([90.0, 120.0, 60.0]), 100.0).round(9).tolist()
    [-0.1, 0.0, -0.5]
    """
    peak = np.maximum(np.maximum.accumulate(equity), start) if len(equity) else equity
    return np.asarray(equity / peak - 1.0)


def max_drawdown(equity: np.ndarray, start: float) -> float:
    """The deepest drawdown, ≤ 0; 0 if equity never falls, -1 after ruin.

    Examples
    --------
    >>> max_drawdown(np.array([90.0, 120.0, 60.0]), 100.0)
    -0.5
    """
    return float(np.min(drawdowns(equity, start), initial=0.0))


def calmar_ratio(equity: np.ndarray, start: float, bars_per_year: float) -> float:
    """Annual return over the depth of the deepest drawdown; NaN without a drawdown.

    Young (1991) takes 36 months; here it is the whole run.

    Examples
    --------
    >>> round(calmar_ratio(np.array([50.0, 110.0]), 100.0, bars_per_year=2.0), 9)
    0.2
    """
    depth = max_drawdown(equity, start)
    if depth == 0.0 or not len(equity):
        return NAN
    return annual_return(equity, start, bars_per_year) / -depth


def longest_drawdown(equity: np.ndarray, start: float) -> int:
    """Bars of the longest stretch below an earlier high; one not yet recovered counts.

    Examples
    --------
    >>> longest_drawdown(np.array([90.0, 120.0, 60.0, 70.0, 110.0]), 100.0)
    3
    """
    above = np.flatnonzero(drawdowns(equity, start) >= 0.0)
    edges = np.concatenate(([-1], above, [len(equity)]))
    return int(np.max(np.diff(edges))) - 1


def ulcer_index(equity: np.ndarray, start: float) -> float:
    """Root mean square of the drawdowns, a fraction; 0 if equity never falls, NaN without bars.

    Martin & McCann (1989), The Investor's Guide to Fidelity Funds: depth and length in one number.

    Examples
    --------
    >>> ulcer_index(np.array([100.0, 60.0, 100.0, 100.0]), 100.0)
    0.2
    """
    depth = drawdowns(equity, start)
    return float(np.sqrt(np.mean(depth**2))) if len(depth) else NAN
