"""Sums over the last bars that forget what has left the window."""

import numpy as np

_IN_CACHE = 16_384


def rolling_sum(values: np.ndarray, n: int) -> np.ndarray:
    """Sum of the last ``n`` values; NaN for the first ``n - 1``.

    A running total that adds what comes and subtracts what goes (as TA-Lib's ``SUM`` and ``CMF``
    do) keeps the rounding of all it has seen: after a busy hour the volume of a dead market is
    7e-11 instead of 0, and whatever is divided by it is noise. Here sums over 1, 2, 4, … bars are
    put together; nothing is ever subtracted, and a window gives the same bits wherever it lies.

    Examples
    --------
    >>> rolling_sum(np.array([1.0, 2.0, 3.0, 4.0]), 3).tolist()
    [nan, nan, 6.0, 9.0]
    >>> rolling_sum(np.array([0.1, 1e9, 0.2, 0.0, 0.0]), 2)[-1].item()
    0.0
    """
    result = np.full(len(values), np.nan)
    step = max(_IN_CACHE, 4 * n)
    for first in range(0, len(values) - n + 1, step):
        _sums(values[first : first + step + n - 1], n, result[first + n - 1 :][:step])
    return result


def _sums(spans: np.ndarray, n: int, total: np.ndarray) -> None:
    """Doubles the width of ``spans`` and adds to ``total`` those that make up ``n``."""
    total[:] = 0.0
    width, placed = 1, 0
    while True:
        if n & width:
            total += spans[placed : placed + len(total)]
            placed += width
        if placed == n:
            return
        spans = spans[:-width] + spans[width:]
        width *= 2
