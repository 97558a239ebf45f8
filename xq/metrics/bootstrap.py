"""The stationary bootstrap: paths of the same law that keep the order inside blocks.

Politis & Romano (1994), The Stationary Bootstrap, JASA 89(428). Blocks start anywhere, have
geometric lengths and wrap around the end, so that a path is stationary. The mean length is chosen
by Politis & White (2004), Econometric Reviews 23(1), as corrected by Patton, Politis & White (2009)
28(4). Drawing single bars instead destroys autocorrelation and volatility clusters and makes every
interval too narrow.
"""

import math

import numpy as np

from xq.metrics.returns import NAN


def block_length(values: np.ndarray) -> float:
    """Mean block length that minimises the error of the mean's variance, at least 1.

    NaN for fewer than ten values or if they do not vary.

    Parameters
    ----------
    values
        (T,) in time order.

    Examples
    --------
    Noise needs no blocks, what remembers twenty bars needs long ones:

    >>> noise = np.random.default_rng(1).normal(size=2000)
    >>> slow = np.convolve(noise, np.ones(20) / 20, mode="valid")
    >>> block_length(noise) < 5 < 20 < block_length(slow)
    True
    """
    rows = len(values)
    centred = values - np.mean(values) if rows else values
    if rows < 10 or float(np.max(np.abs(centred))) <= 1e-14 * float(np.max(np.abs(values))):
        return NAN
    quiet = max(5, int(math.log10(rows)))
    most = min(math.ceil(math.sqrt(rows)) + quiet, rows - 2)
    covariance, correlation = _autocovariances(centred, most)
    bandwidth = _bandwidth(correlation, quiet, 2.0 * math.sqrt(math.log10(rows) / rows), most)
    lags = np.arange(1, bandwidth + 1)
    taper = np.minimum(1.0, 2.0 * (1.0 - lags / bandwidth))
    slope = float(np.sum(2.0 * taper * lags * covariance[lags]))
    spectrum = float(covariance[0] + np.sum(2.0 * taper * covariance[lags]))
    if spectrum == 0.0:
        return 1.0
    optimal = math.cbrt(slope**2 / spectrum**2 * rows)
    return max(1.0, min(optimal, math.ceil(min(3.0 * math.sqrt(rows), rows / 3.0))))


def stationary_indices(rows: int, block: float, paths: int, rng: np.random.Generator) -> np.ndarray:
    """(paths, rows) row numbers of resampled paths.

    Parameters
    ----------
    block
        Mean length, at least 1; 1 draws every bar by itself.

    Examples
    --------
    >>> stationary_indices(4, 1e9, 1, np.random.default_rng(0)).tolist()  # one block, wrapped
    [[1, 2, 3, 0]]
    """
    begins = rng.random((paths, rows), dtype=np.float32) < 1.0 / block
    begins[:, 0] = True
    at = np.arange(rows, dtype=np.int32)
    drawn = rng.integers(0, rows, (paths, rows), dtype=np.int32)
    begun = np.where(begins, at, 0)
    np.maximum.accumulate(begun, axis=1, out=begun)
    chosen = np.take_along_axis(drawn, begun, axis=1)
    chosen += at
    chosen -= begun
    chosen[chosen >= rows] -= rows
    return chosen


def stationary_bootstrap(
    values: np.ndarray, block: float, paths: int, rng: np.random.Generator
) -> np.ndarray:
    """Resampled paths of a series, or of several columns moved together.

    Parameters
    ----------
    values
        (T,) or (T, N).
    block
        Mean block length in bars; see `block_length`.

    Returns
    -------
    numpy.ndarray
        (paths, T) or (paths, T, N).

    Examples
    --------
    >>> stationary_bootstrap(np.array([1.0, 2.0, 3.0]), 1e9, 1, np.random.default_rng(0)).tolist()
    [[1.0, 2.0, 3.0]]
    """
    return np.asarray(values[stationary_indices(len(values), block, paths, rng)])


def _autocovariances(centred: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Autocovariance at lags 0 … most, and size of the autocorrelation of overlapping parts."""
    rows = len(centred)
    covariance, correlation = np.zeros(most + 1), np.zeros(most + 1)
    squares = np.concatenate(([0.0], np.cumsum(centred**2)))
    for lag in range(most + 1):
        product = float(centred[lag:] @ centred[: rows - lag])
        covariance[lag] = product / rows
        late, early = squares[-1] - squares[lag + 1], squares[rows - lag - 1]
        scale = math.sqrt(max(late * early, 0.0))
        correlation[lag] = abs(product) / scale if scale > 0.0 else 0.0
    return covariance, correlation


def _bandwidth(correlation: np.ndarray, quiet: int, bound: float, most: int) -> int:
    """Twice the lag after which so many correlations in a row are insignificant."""
    for lag in range(quiet, most + 1):
        if np.all(correlation[lag - quiet : lag] < bound):
            return min(2 * max(lag - quiet, 1), most)
    return most
