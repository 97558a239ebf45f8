"""Tuning judged by what it earned afterwards, on the daily returns of all trials at once.

Every trial is simulated once over the whole range; the law makes its past independent of its
future, so that choosing by the days of a training range is choosing by what was known then.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from xq.backtest.sweep_judge import yearly_sharpe
from xq.errors import UsageError
from xq.metrics import drawdown, returns
from xq.metrics.daily import DAYS_PER_YEAR
from xq.validation.splits import Split, combinatorial, path_count, paths


@dataclass(frozen=True, slots=True)
class Window:
    """One choice and what came of it.

    Attributes
    ----------
    split
        Rows are days.
    chosen
        Column of the trial that was best in training.
    in_sample
        Its objective there.
    """

    split: Split
    chosen: int
    in_sample: float


@dataclass(frozen=True, slots=True, eq=False)
class PathsOut:
    """Combinatorial purged cross-validation: every path is a whole history out of sample.

    Attributes
    ----------
    sharpe_ratios
        (P,) annualised, of daily returns, ascending.
    returns
        (D, P) daily returns.
    """

    sharpe_ratios: np.ndarray
    returns: np.ndarray
    splits: int

    @property
    def losing(self) -> float:
        """Share of paths with a Sharpe ratio of 0 or below."""
        return float(np.mean(self.sharpe_ratios <= 0.0))


def windows(matrix: np.ndarray, splits: Iterable[Split], objective: str) -> list[Window]:
    """The best trial of every training range.

    Parameters
    ----------
    matrix
        (D, N) daily returns.

    Examples
    --------
    >>> matrix = np.array([[0.01, 0.0], [0.02, 0.01], [0.0, 0.03], [-0.01, 0.02]])
    >>> split = Split((range(0, 2),), (range(2, 4),))
    >>> windows(matrix, [split], "total_return")[0].chosen
    0
    """
    found = []
    for split in splits:
        scores = score(matrix[split.train_rows], objective)
        chosen = int(np.argmax(np.where(np.isnan(scores), -np.inf, scores)))
        found.append(Window(split, chosen, float(scores[chosen])))
    return found


def combinatorial_paths(
    matrix: np.ndarray, groups: int, held: int, objective: str, *, purge: int, embargo: int
) -> PathsOut:
    """Choose in every combination of training groups, and join what was held out to paths.

    Raises
    ------
    UsageError
        If the numbers do not fit, or there are too many combinations.

    Examples
    --------
    >>> noise = np.random.default_rng(1).normal(0.0, 0.01, (60, 3))
    >>> found = combinatorial_paths(noise, 6, 2, "daily_sharpe_ratio", purge=0, embargo=0)
    >>> found.splits, found.returns.shape
    (15, (60, 5))
    """
    if 2 <= groups <= len(matrix) and 1 <= held < groups and path_count(groups, held) > 10_000:
        raise UsageError(f"{groups} groups of which {held} are held out make too many paths")
    splits = list(combinatorial(len(matrix), groups, held, purge=purge, embargo=embargo))
    chosen = [window.chosen for window in windows(matrix, splits, objective)]
    blocks = np.array_split(np.arange(len(matrix)), groups)
    joined = [
        np.concatenate(
            [matrix[rows, chosen[number]] for rows, number in zip(blocks, path, strict=True)]
        )
        for path in paths(groups, held)
    ]
    out = np.column_stack(joined)
    ratios = np.array([yearly_sharpe(column) for column in out.T])
    return PathsOut(np.sort(ratios), out, len(splits))


def score(daily: np.ndarray, objective: str) -> np.ndarray:
    """(N,) objective of the columns of (D, N) daily returns; NaN where there is none.

    Examples
    --------
    >>> score(np.array([[0.1, 0.0], [0.1, 0.0]]), "total_return").round(9).tolist()
    [0.21, 0.0]
    """
    if objective == "total_return":
        return np.asarray(np.prod(1.0 + daily, axis=0) - 1.0)
    if objective == "daily_sharpe_ratio":
        return np.array([yearly_sharpe(column) for column in daily.T])
    if objective == "daily_sortino_ratio":
        return np.array([returns.sortino_ratio(column, DAYS_PER_YEAR) for column in daily.T])
    curves = np.cumprod(1.0 + daily, axis=0)
    return np.array([drawdown.calmar_ratio(curve, 1.0, DAYS_PER_YEAR) for curve in curves.T])


def rows_of_days(days: np.ndarray, known_at: np.ndarray, day: range, day_ms: int) -> range:
    """Rows of the bars that close on these days.

    Examples
    --------
    >>> rows_of_days(np.array([0, 1]), np.array([1, 2, 3, 4]), range(1, 2), 2)
    range(2, 4)
    """
    of = (known_at - 1) // day_ms
    begin = int(np.searchsorted(of, days[day.start], side="left"))
    return range(begin, int(np.searchsorted(of, days[day.stop - 1], side="right")))


def stitched(
    shape: tuple[int, ...], parts: Sequence[tuple[range, np.ndarray]], delay: int
) -> np.ndarray:
    """Weights of one account that changes its parameters: 0 before the first part.

    Parameters
    ----------
    parts
        Rows in which each set of weights is to be filled, and the weights of all rows.
    delay
        Opens from a decision to its fill: a part's decisions begin so many rows before it.

    Examples
    --------
    >>> ones, twos = np.full((4, 1), 1.0), np.full((4, 1), 2.0)
    >>> stitched((4, 1), [(range(1, 3), ones), (range(3, 4), twos)], 1).ravel().tolist()
    [1.0, 1.0, 2.0, 2.0]
    """
    out = np.zeros(shape)
    for rows, weights in parts:
        begin = max(rows.start - delay, 0)
        out[begin:] = weights[begin:]
    return out
