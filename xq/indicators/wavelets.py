"""Causal wavelet denoising: the Haar transform "with holes", thresholds by Stein's risk estimate.

Level j averages the newest ``2^j`` values; what two neighbouring levels differ by is the detail of
that scale. Details are shrunk towards 0 by a threshold taken from the newest ones of their own
level, so that a value never changes when later ones arrive. Denoising a whole series at once, or
with a library's default borders, looks ahead: on a random walk it predicts two moves of three.
"""

from typing import NamedTuple

import numpy as np

from xq.indicators.indicator import Parameter, indicator, length

_ROWS = 512
_NORMAL_MEDIAN = 0.6744897501960817  # median of |x| of a standard normal


class Thresholds(NamedTuple):
    """Of windows of coefficients: Stein's, the universal one, and which of them the rule takes."""

    sure: np.ndarray
    universal: np.ndarray
    hybrid: np.ndarray


def thresholds(coefficients: np.ndarray, noise: np.ndarray) -> Thresholds:
    """Soft thresholds of ``(K, n)`` coefficients whose noise has standard deviation ``(K,)``.

    ``sure`` minimises Stein's unbiased estimate of the risk exactly, over the sizes of the
    coefficients; ``universal`` is ``noise sqrt(2 ln n)``; ``hybrid`` takes the universal one where
    the coefficients are hardly more than noise.

    References
    ----------
    Donoho & Johnstone 1995, J. American Statistical Association 90(432), sec. 2.3-2.4.

    Examples
    --------
    >>> found = thresholds(np.array([[0.1, 0.2, 9.0, 8.0]]), np.array([1.0]))
    >>> [part.round(3).tolist() for part in found]
    [[0.2], [1.665], [0.2]]
    """
    return _of_sorted(np.sort(np.abs(coefficients), axis=1), np.asarray(noise))


def _of_sorted(sizes: np.ndarray, noise: np.ndarray) -> Thresholds:
    rows, count = sizes.shape
    squares = sizes * sizes
    kept = np.cumsum(squares, axis=1)
    total = kept[:, -1]
    variance = (noise * noise)[:, None]
    risk = squares * np.arange(count - 1, -1, -1.0)
    risk += kept
    risk -= 2.0 * variance * np.arange(1.0, count + 1.0)
    sure = sizes[np.arange(rows), np.argmin(risk, axis=1)]
    universal = noise * np.sqrt(2.0 * np.log(count))
    little = count * (1.0 + np.log2(count) ** 1.5 / np.sqrt(count))
    hybrid = np.where(total <= little * variance[:, 0], universal, sure)
    return Thresholds(sure, universal, hybrid)


LEVELS = Parameter("levels", 4, 1, 8)


def _memory(levels: int, window: int) -> int:
    return int(2**levels) + window - 1


@indicator(
    inputs=("close",),
    parameters=(LEVELS, length(128, low=16)),
    memory=_memory,
    units="price",
    source="Donoho & Johnstone 1995; Haar a trous: Hasumi & Kajita 2018, JCER DP 148",
    convention="soft thresholds by SURE, universal where sparse; noise by the median of the finest",
)
def wavelet(close: np.ndarray, levels: int, window: int) -> np.ndarray:
    """Price without its noise, by causal wavelet shrinkage."""
    need = _memory(levels, window)
    result = np.full(len(close), np.nan)
    for first in range(need - 1, len(close), _ROWS):
        rows = slice(first, min(first + _ROWS, len(close)))
        result[rows] = _denoised(close[first - need + 1 : rows.stop], levels, window)
    return result


def _denoised(series: np.ndarray, levels: int, window: int) -> np.ndarray:
    """One value for each row from the first that has its whole memory before it."""
    count = len(series) - 2**levels - window + 2
    smooth, noise = series, np.empty(0)
    shrunk: np.ndarray | None = None
    for level in range(levels):
        coarse = (smooth[2**level :] + smooth[: -(2**level)]) / 2
        detail = (smooth[2**level :] - coarse)[-(count + window - 1) :]
        sizes = np.sort(np.lib.stride_tricks.sliding_window_view(np.abs(detail), window), axis=1)
        if level == 0:
            middle = (sizes[:, (window - 1) // 2] + sizes[:, window // 2]) / 2
            noise = middle / _NORMAL_MEDIAN
        threshold = _of_sorted(sizes, noise * 2.0 ** (-level / 2)).hybrid
        newest = detail[-count:]
        part = np.sign(newest) * np.maximum(np.abs(newest) - threshold, 0.0)
        shrunk = part if shrunk is None else shrunk + part
        smooth = coarse
    return np.asarray(smooth[-count:] + shrunk)
