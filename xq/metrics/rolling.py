"""Ratios over a window that moves along the run."""

import math

import numpy as np


def rolling_sharpe(returns: np.ndarray, window: int, bars_per_year: float) -> np.ndarray:
    """(T,) Sharpe ratio of the last ``window`` returns, per year.

    NaN until the window is full and where the returns in it do not vary. Every window is computed
    by itself, so that no rounding is carried along.

    Examples
    --------
    >>> rolling_sharpe(np.array([0.02, -0.01, 0.02]), 2, 1.0).round(9).tolist()
    [nan, 0.23570226, 0.23570226]
    """
    answer = np.full(len(returns), np.nan)
    if not 2 <= window <= len(returns):
        return answer
    views = np.lib.stride_tricks.sliding_window_view(returns, window)
    deviation = np.std(views, axis=1, ddof=1)
    varies = deviation > 1e-14 * np.max(np.abs(views), axis=1)
    np.divide(np.mean(views, axis=1), deviation, out=answer[window - 1 :], where=varies)
    return answer * math.sqrt(bars_per_year)
