"""Probability of backtest overfitting: how often the best in sample is below the median outside.

Combinatorially symmetric cross-validation of Bailey, Borwein, López de Prado & Zhu (2017), The
Probability of Backtest Overfitting, Journal of Computational Finance 20(4): the rows are cut into
blocks, every half of the blocks chooses the trial with the highest Sharpe ratio, the other half
ranks it. One value is coarse: on noise it is 0.5 with a standard deviation of 0.14.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from xq.errors import UsageError
from xq.metrics.returns import NAN

SPLITS = 16
_FLAT = 1e-12  # share of a trial's own scale below which a deviation is rounding
_CACHED = 16_384  # numbers


@dataclass(frozen=True, slots=True, eq=False)
class PBO:
    """What the splits say about choosing the best of these trials.

    Attributes
    ----------
    probability
        Share of splits in which the chosen trial ranks at or below the median out of sample.
    logits
        (S,) log odds of that rank; at most 0 is overfitted.
    chosen
        (S,) column of the trial chosen in sample.
    in_sample, out_of_sample
        (S,) Sharpe ratio per bar of the chosen one.
    loss
        Share of splits in which the chosen one loses out of sample.
    slope
        Of out-of-sample on in-sample Sharpe ratio; negative: the better it looked, the worse it
        was. NaN if all choices looked equally good.
    """

    probability: float
    logits: np.ndarray
    chosen: np.ndarray
    in_sample: np.ndarray
    out_of_sample: np.ndarray
    loss: float
    slope: float


def pbo(returns: np.ndarray, splits: int = SPLITS) -> PBO:
    """Cross-validate the choice of the best trial by Sharpe ratio.

    A trial without variation in a half scores 0 there. Ties: the first is chosen, the rank is the
    mean rank.

    Parameters
    ----------
    returns
        (T, N) of N trials on the same T bars, best aggregated to days.
    splits
        Number of blocks, even; they differ by one row at most.

    Raises
    ------
    UsageError
        Fewer than two trials, an odd number of blocks, fewer than two rows per block, or a return
        that is not finite.

    Examples
    --------
    The first trial is better everywhere:

    >>> noise = np.random.default_rng(1).normal(size=(64, 5))
    >>> pbo(noise + np.array([1.0, 0.0, 0.0, 0.0, 0.0]), splits=8).probability
    0.0
    """
    _check(returns, splits)
    rows, trials = returns.shape
    halves = _halves(splits)
    scaled = returns / np.where(_scale(returns) > 0.0, _scale(returns), 1.0)
    edges = np.linspace(0, rows, splits + 1).round().astype(np.int64)
    counts = np.diff(edges).astype(np.float64)
    sums = np.add.reduceat(scaled, edges[:-1], axis=0)
    squares = np.add.reduceat(scaled**2, edges[:-1], axis=0)
    inside = _sharpes(halves @ counts, halves @ sums, halves @ squares)
    # The complement of every half is a half as well, in mirrored order.
    outside = inside[::-1]
    chosen = np.argmax(inside, axis=1)
    at = np.arange(len(halves))
    best, there = inside[at, chosen], outside[at, chosen]
    share = _ranks(outside, there) / (trials + 1)
    logits = np.log(share / (1.0 - share))
    return PBO(
        probability=float(np.mean(logits <= 1e-12)),
        logits=logits,
        chosen=chosen,
        in_sample=best,
        out_of_sample=there,
        loss=float(np.mean(there < 0.0)),
        slope=_slope(best, there),
    )


def _check(returns: np.ndarray, splits: int) -> None:
    if returns.ndim != 2 or returns.shape[1] < 2:
        raise UsageError(
            f"overfitting needs the returns of at least two trials, found shape {returns.shape}"
        )
    if splits < 2 or splits % 2:
        raise UsageError(f"splits must be an even number of at least 2, found {splits}")
    if len(returns) < 2 * splits:
        raise UsageError(
            f"{splits} splits need at least {2 * splits} rows, found {len(returns)}",
            hint="take a longer range or fewer splits",
        )
    if not np.isfinite(returns).all():
        row, trial = (int(index) for index in np.argwhere(~np.isfinite(returns))[0])
        raise UsageError(
            f"returns must be finite, found {returns[row, trial]} in row {row} of trial {trial}"
        )


def _halves(splits: int) -> np.ndarray:
    chosen = list(combinations(range(splits), splits // 2))
    halves = np.zeros((len(chosen), splits))
    np.put_along_axis(halves, np.array(chosen), 1.0, axis=1)
    return halves


def _scale(returns: np.ndarray) -> np.ndarray:
    return np.asarray(np.max(np.abs(returns), axis=0))


def _sharpes(count: np.ndarray, sums: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """(S, N), into the memory of ``sums``."""
    for part in _parts(*sums.shape):
        many = count[part, None]
        mean = sums[part] / many
        variance = (squares[part] - sums[part] * mean) / (many - 1.0)
        varies = variance > _FLAT * squares[part] / many
        sums[part] = 0.0
        np.divide(mean, np.sqrt(np.maximum(variance, 0.0)), out=sums[part], where=varies)
    return sums


def _ranks(outside: np.ndarray, there: np.ndarray) -> np.ndarray:
    """(S,) mean rank, from 1, of a value among those of its split."""
    ranks = np.empty(len(there))
    for part in _parts(*outside.shape):
        below = np.sum(outside[part] < there[part, None], axis=1)
        level = np.sum(outside[part] == there[part, None], axis=1)
        ranks[part] = below + (level + 1) / 2.0
    return ranks


def _parts(splits: int, trials: int) -> list[slice]:
    """Splits by so many that what is computed between stays in the processor's cache."""
    size = max(_CACHED // trials, 1)
    return [slice(k, k + size) for k in range(0, splits, size)]


def _slope(inside: np.ndarray, outside: np.ndarray) -> float:
    centred = inside - np.mean(inside)
    spread = float(np.sum(centred**2))
    return float(np.sum(centred * outside)) / spread if spread > 0.0 else NAN
