"""Is the best of many trials better than a benchmark, given that it was looked for?

White (2000), A Reality Check for Data Snooping, Econometrica 68(5), and Hansen (2005), A Test for
Superior Predictive Ability, JBES 23(4). The null is that no trial has a higher mean return than the
benchmark; the distribution of the best comes from the stationary bootstrap of the differences.
"""

from dataclasses import dataclass

import numpy as np

from xq.errors import UsageError
from xq.metrics.bootstrap import block_length, stationary_indices

PATHS = 1000


@dataclass(frozen=True, slots=True)
class RealityCheck:
    """P-values of "no trial beats the benchmark"; small: one does.

    Attributes
    ----------
    white
        White's reality check: not studentised, every trial centred. Poor trials make it large.
    lower, consistent, upper
        Hansen's test, studentised; ``consistent`` is the one to read.
    best
        Column of the trial with the largest studentised difference.
    block
        Mean block length of the bootstrap, bars.
    """

    white: float
    lower: float
    consistent: float
    upper: float
    best: int
    block: float


def reality_check(
    returns: np.ndarray,
    benchmark: np.ndarray,
    seed: int,
    *,
    block: float | None = None,
    paths: int = PATHS,
) -> RealityCheck:
    """Test the best of the trials against a benchmark.

    Parameters
    ----------
    returns
        (T, N) of N trials.
    benchmark
        (T,) on the same bars; zeros for "no position".
    block
        Mean block length; None takes the longest that `block_length` finds among the differences.

    Raises
    ------
    UsageError
        Shapes that do not fit, fewer than ten bars, no trial, or a return that is not finite.

    Examples
    --------
    >>> noise = np.random.default_rng(3).normal(0.0, 0.01, (250, 4))
    >>> noise[:, 2] += 0.003
    >>> found = reality_check(noise, np.zeros(250), seed=1)
    >>> found.best, found.consistent < 0.05
    (2, True)
    """
    differences = _differences(returns, benchmark)
    rows = len(differences)
    length = _longest(differences) if block is None else block
    rng = np.random.default_rng(seed)
    means = differences.mean(axis=0)
    deviation = np.sqrt(long_run_variance(differences, length))
    centred = _resampled_means(differences, length, paths, rng) - means
    root = np.sqrt(rows)
    alive = deviation > 0.0
    scale = np.where(alive, deviation, 1.0)
    score = np.where(alive, root * means / scale, 0.0)
    noise = root * centred / scale
    poor = score < -np.sqrt(2.0 * np.log(np.log(rows)))
    shifts = {
        "lower": np.minimum(score, 0.0),
        "consistent": np.where(poor, score, 0.0),
        "upper": np.zeros_like(score),
    }
    top = max(float(np.max(score)), 0.0)
    values = {
        name: float(np.mean(np.maximum(np.max(noise + shift, axis=1), 0.0) >= top))
        for name, shift in shifts.items()
    }
    return RealityCheck(
        white=float(np.mean(np.max(centred, axis=1) >= np.max(means))),
        best=int(np.argmax(score)),
        block=length,
        **values,
    )


def long_run_variance(differences: np.ndarray, block: float) -> np.ndarray:
    """(N,) variance of √T times the mean under the stationary bootstrap (Hansen 2005, eq. 8).

    Examples
    --------
    With blocks of one bar it is the variance:

    >>> values = np.array([[1.0], [2.0], [3.0], [6.0]])
    >>> long_run_variance(values, 1.0).round(9).tolist(), float(np.var(values))
    ([3.5], 3.5)
    """
    rows = len(differences)
    centred = differences - differences.mean(axis=0)
    spectrum = np.fft.rfft(centred, 2 * rows, axis=0)
    products = np.fft.irfft(np.abs(spectrum) ** 2, 2 * rows, axis=0)[:rows] / rows
    lag, stay = np.arange(rows), 1.0 - 1.0 / block
    kernel = 2.0 * ((1 - lag / rows) * stay**lag + (lag / rows) * stay ** (rows - lag))
    kernel[0] = 1.0
    variance = kernel @ products
    return np.asarray(np.maximum(variance, 0.0))


def _resampled_means(
    differences: np.ndarray, block: float, paths: int, rng: np.random.Generator
) -> np.ndarray:
    """(paths, N) means: how often each row was drawn, times the rows."""
    rows = len(differences)
    drawn = stationary_indices(rows, block, paths, rng)
    drawn += (np.arange(paths, dtype=np.int32) * rows)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=paths * rows).reshape(paths, rows)
    return np.asarray(counts @ differences / rows)


def _differences(returns: np.ndarray, benchmark: np.ndarray) -> np.ndarray:
    if returns.ndim != 2 or not returns.shape[1] or benchmark.shape != returns.shape[:1]:
        raise UsageError(
            "a test against a benchmark needs (T, N) returns and (T,) of the benchmark, found "
            f"{returns.shape} and {benchmark.shape}"
        )
    if len(returns) < 10:
        raise UsageError(f"a test against a benchmark needs at least 10 bars, found {len(returns)}")
    differences = returns - benchmark[:, None]
    if not np.isfinite(differences).all():
        raise UsageError("a test against a benchmark needs finite returns")
    return np.asarray(differences)


def _longest(differences: np.ndarray) -> float:
    lengths = [block_length(column) for column in differences.T]
    return max((length for length in lengths if length == length), default=1.0)
