"""Small functions of series that strategies are written with."""

from typing import cast

import numpy as np


def sign(series: np.ndarray) -> np.ndarray:
    """-1, 0 or 1; NaN stays NaN.

    Examples
    --------
    >>> sign(np.array([-2.0, 0.0, np.nan])).tolist()
    [-1.0, 0.0, nan]
    """
    return cast(np.ndarray, np.sign(series))


def cross_above(series: np.ndarray, level: np.ndarray | float) -> np.ndarray:
    """Whether the series rose above the level at this bar; depends on 2 bars, NaN is no cross.

    Examples
    --------
    >>> cross_above(np.array([1.0, 3.0, 4.0]), 2.0).tolist()
    [False, True, False]
    """
    over = np.greater(series, level)
    under = np.less_equal(series, level)
    crossed = np.zeros(over.shape, dtype=bool)
    crossed[1:] = over[1:] & under[:-1]
    return crossed


def cross_below(series: np.ndarray, level: np.ndarray | float) -> np.ndarray:
    """Whether the series fell below the level at this bar; the mirror image of `cross_above`."""
    return cross_above(np.negative(series), np.negative(level))
