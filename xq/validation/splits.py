"""Which rows to learn from and which to test on, when time matters.

Two things leak the test into the training rows. A label made of later bars (a return over the next
h bars) overlaps a test row: such training rows are *purged*. And what follows a test range is
correlated with it: the *embargo* drops the rows after it. López de Prado (2018), Advances in
Financial Machine Learning, ch. 7 (purging, embargo) and 12 (combinatorial splits). Nothing is ever
shuffled. Data whose labels end at rows of their own goes through `xq.validation.labels`.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from xq.errors import UsageError


@dataclass(frozen=True, slots=True)
class Split:
    """One way to divide the rows.

    Attributes
    ----------
    train
        Ranges of rows, ascending and apart from each other.
    tests
        Ranges of rows held out; one for a walk-forward, several for combinatorial splits.
    """

    train: tuple[range, ...]
    tests: tuple[range, ...]

    @property
    def test(self) -> range:
        """The only range held out.

        Raises
        ------
        ValueError
            If there are several.
        """
        (only,) = self.tests
        return only

    @property
    def train_rows(self) -> np.ndarray:
        """(n,) int64, ascending."""
        return _rows(self.train)

    @property
    def test_rows(self) -> np.ndarray:
        """(n,) int64, ascending."""
        return _rows(self.tests)


def walk_forward(
    rows: int, train: int, test: int, *, anchored: bool = False, purge: int = 0, embargo: int = 0
) -> Iterator[Split]:
    """Learn from the past, test on what follows, move on by the length of the test.

    Every row after the first training range is tested once; the last test may be shorter.

    Parameters
    ----------
    rows
        Number of bars.
    train, test
        Bars to learn from before the first test, and per test.
    anchored
        Learn from everything since row 0 instead of from the last ``train`` bars.
    purge
        Rows between training and test, as many as the label or the position reaches ahead.
    embargo
        The same gap once more; a walk-forward never learns from rows after a test, so that both
        only widen the distance.

    Raises
    ------
    UsageError
        If a length is out of range or nothing is left to test.

    Examples
    --------
    >>> for split in walk_forward(10, 4, 3, purge=1):
    ...     print(split.train, split.test)
    (range(0, 3),) range(4, 7)
    (range(3, 6),) range(7, 10)
    >>> [split.train for split in walk_forward(10, 4, 3, anchored=True)]
    [(range(0, 4),), (range(0, 7),)]
    """
    _at_least("train", train, 1)
    _at_least("test", test, 1)
    gap = _gap(purge, embargo)
    if gap >= train:
        raise UsageError(f"purge and embargo of {gap} rows leave nothing of {train} to learn from")
    if rows <= train:
        raise UsageError(
            f"{train} rows to learn from leave nothing of {rows} to test",
            hint="take a longer range or a shorter training part",
        )
    return (
        Split(
            train=(range(0 if anchored else begin - train, begin - gap),),
            tests=(range(begin, min(begin + test, rows)),),
        )
        for begin in range(train, rows, test)
    )


def combinatorial(
    rows: int, groups: int, held: int, *, purge: int = 0, embargo: int = 0
) -> Iterator[Split]:
    """Hold out every choice of ``held`` among ``groups`` blocks and learn from the others.

    Every row is tested in `path_count` splits, which together make that many whole paths.

    Parameters
    ----------
    purge
        Rows dropped on both sides of a test range, as many as labels reach ahead.
    embargo
        Rows dropped after a test range in addition.

    Raises
    ------
    UsageError
        If the numbers do not fit, or a split would have nothing to learn from.

    Examples
    --------
    >>> for split in combinatorial(6, 3, 1, purge=1):
    ...     print(split.train, split.tests)
    (range(3, 6),) (range(0, 2),)
    (range(0, 1), range(5, 6)) (range(2, 4),)
    (range(0, 3),) (range(4, 6),)
    """
    reach = np.minimum(np.arange(rows) + _gap(purge, 0), rows - 1)
    return combinatorial_by_reach(reach, groups, held, _gap(embargo, 0))


def combinatorial_by_reach(
    reach: np.ndarray, groups: int, held: int, embargo: int
) -> Iterator[Split]:
    """As `combinatorial`, where each row's label ends at a row of its own.

    Parameters
    ----------
    reach
        (T,) int64, last row that the label of each row is made of.

    Examples
    --------
    >>> splits = list(combinatorial_by_reach(np.array([1, 1, 3, 3]), 2, 1, 0))
    >>> splits[0].train, splits[0].tests
    ((range(2, 4),), (range(0, 2),))
    """
    rows = len(reach)
    if not 2 <= groups <= rows:
        raise UsageError(f"groups must be between 2 and the {rows} rows, found {groups}")
    if not 1 <= held < groups:
        raise UsageError(f"held must be between 1 and {groups - 1} of {groups}, found {held}")
    blocks = _blocks(rows, groups)
    return (
        _beside(reach, _joined([blocks[k] for k in chosen]), embargo)
        for chosen in combinations(range(groups), held)
    )


def path_count(groups: int, held: int) -> int:
    """How many whole paths the tests of `combinatorial` make.

    Examples
    --------
    >>> path_count(10, 2), math.comb(10, 2)
    (9, 45)
    """
    return math.comb(groups, held) * held // groups


def paths(groups: int, held: int) -> list[list[int]]:
    """For every path and group, the number of the split whose test of that group belongs to it.

    Examples
    --------
    Six splits of four groups, two held, make three paths:

    >>> paths(4, 2)
    [[0, 0, 1, 2], [1, 3, 3, 4], [2, 4, 5, 5]]
    """
    by_group: list[list[int]] = [[] for _ in range(groups)]
    for number, chosen in enumerate(combinations(range(groups), held)):
        for group in chosen:
            by_group[group].append(number)
    return [list(path) for path in zip(*by_group, strict=True)]


def excluded(reach: np.ndarray, tests: Sequence[range], embargo: int) -> np.ndarray:
    """(T,) bool: rows that may not be learned from beside these tests.

    Those are the tested rows, rows whose label touches a tested row or its label, and the embargo
    after the last row that a test's labels reach.

    Examples
    --------
    >>> excluded(np.array([1, 2, 3, 4, 5, 5]), [range(2, 3)], 1).tolist()
    [False, True, True, True, True, False]
    """
    at = np.arange(len(reach))
    out = np.zeros(len(reach), dtype=bool)
    for test in tests:
        last = int(reach[test.start : test.stop].max())
        out |= (at <= last) & (reach >= test.start)
        out[test.stop : last + 1 + embargo] = True
    return out


def ranges_of(kept: np.ndarray) -> tuple[range, ...]:
    """Stretches of rows that are kept.

    Examples
    --------
    >>> ranges_of(np.array([True, True, False, True]))
    (range(0, 2), range(3, 4))
    """
    edges = np.flatnonzero(np.diff(np.concatenate(([False], kept, [False]))))
    return tuple(range(int(a), int(b)) for a, b in edges.reshape(-1, 2))


def _beside(reach: np.ndarray, tests: tuple[range, ...], embargo: int) -> Split:
    train = ranges_of(~excluded(reach, tests, embargo))
    if not train:
        raise UsageError(
            f"purge and embargo leave nothing to learn from beside rows {tests[0].start} and on",
            hint="take fewer groups, a smaller purge or more data",
        )
    return Split(train, tests)


def _blocks(rows: int, groups: int) -> list[range]:
    size, longer = divmod(rows, groups)  # the first blocks take what is left over
    edges = [k * size + min(k, longer) for k in range(groups + 1)]
    return [range(a, b) for a, b in pairwise(edges)]


def _joined(blocks: Sequence[range]) -> tuple[range, ...]:
    merged: list[range] = []
    for block in blocks:
        if merged and merged[-1].stop == block.start:
            merged[-1] = range(merged[-1].start, block.stop)
        else:
            merged.append(block)
    return tuple(merged)


def _rows(parts: Sequence[range]) -> np.ndarray:
    return np.concatenate([np.arange(p.start, p.stop) for p in parts] or [np.empty(0, int)])


def _gap(purge: int, embargo: int) -> int:
    _at_least("purge", purge, 0)
    _at_least("embargo", embargo, 0)
    return purge + embargo


def _at_least(name: str, value: int, low: int) -> None:
    if value < low:
        raise UsageError(f"{name} must be at least {low}, found {value}")
