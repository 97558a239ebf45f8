"""Splits of labelled data: no training label may share a bar with a test label.

A label that is decided by later bars carries the row at which it was known. Without that row a
splitter cannot tell what leaks, so data without it is refused: there is no default.
"""

from collections.abc import Iterator

import numpy as np

from xq.errors import UsageError
from xq.validation.splits import (
    Split,
    combinatorial_by_reach,
    excluded,
    ranges_of,
    walk_forward,
)


def folds(label_ends: np.ndarray | None, count: int, *, embargo: int = 0) -> Iterator[Split]:
    """Each of ``count`` blocks held out once; purged and under embargo.

    Parameters
    ----------
    label_ends
        (T,) whole numbers, the last row that each row's label is made of.

    Raises
    ------
    UsageError
        Without label ends, with ends before their own row or beyond the data, or if nothing is
        left to learn from.

    Examples
    --------
    >>> for split in folds(np.array([1, 2, 3, 4, 5, 5]), 2):
    ...     print(split.train, split.test)
    (range(4, 6),) range(0, 3)
    (range(0, 2),) range(3, 6)
    """
    return combinatorial_by_reach(checked(label_ends), count, 1, _embargo(embargo))


def combinatorial_folds(
    label_ends: np.ndarray | None, groups: int, held: int, *, embargo: int = 0
) -> Iterator[Split]:
    """Every choice of ``held`` blocks held out; purged and under embargo.

    Raises
    ------
    UsageError
        As `folds`.

    Examples
    --------
    >>> sum(1 for _ in combinatorial_folds(np.arange(100), 10, 2))
    45
    """
    return combinatorial_by_reach(checked(label_ends), groups, held, _embargo(embargo))


def forward_folds(
    label_ends: np.ndarray | None,
    train: int,
    test: int,
    *,
    anchored: bool = False,
    embargo: int = 0,
) -> Iterator[Split]:
    """Walk forward, each training part without the rows whose labels reach into the test.

    Raises
    ------
    UsageError
        As `folds`.

    Examples
    --------
    >>> ends = np.minimum(np.arange(8) + 2, 7)
    >>> [(split.train, split.test) for split in forward_folds(ends, 4, 4)]
    [((range(0, 2),), range(4, 8))]
    """
    ends, gap = checked(label_ends), _embargo(embargo)
    splits = walk_forward(len(ends), train, test, anchored=anchored)
    return (_purged(split, ends, gap) for split in splits)


def overlaps(split: Split, label_ends: np.ndarray) -> int:
    """How many training rows have a label that shares a bar with a test label; 0 is clean.

    Counted interval by interval, not by the rule that made the split.

    Examples
    --------
    >>> overlaps(Split((range(0, 2),), (range(2, 4),)), np.array([1, 2, 3, 3]))
    1
    """
    tested = split.test_rows
    covered = np.zeros(len(label_ends) + 1, dtype=np.int64)  # how many test labels use each bar
    np.add.at(covered, tested, 1)
    np.add.at(covered, label_ends[tested] + 1, -1)
    used = np.concatenate(([0], np.cumsum(np.cumsum(covered[:-1]) > 0)))
    learned = split.train_rows
    return int(np.sum(used[label_ends[learned] + 1] > used[learned]))


def checked(label_ends: np.ndarray | None) -> np.ndarray:
    """Label ends as whole numbers, or a refusal.

    Raises
    ------
    UsageError
        As `folds`.

    Examples
    --------
    >>> checked(np.array([0, 2, 2])).tolist()
    [0, 2, 2]
    """
    if label_ends is None:
        raise UsageError(
            "labels without their end cannot be split: which rows leak is unknown",
            hint="give the last row that every label is made of (its own row if it looks nowhere)",
        )
    ends = np.asarray(label_ends)
    if ends.ndim != 1 or not len(ends) or not np.issubdtype(ends.dtype, np.integer):
        raise UsageError(
            f"label ends must be whole row numbers, one per row, found {ends.dtype} {ends.shape}"
        )
    wrong = (ends < np.arange(len(ends))) | (ends >= len(ends))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise UsageError(
            f"the label of row {row} must end between {row} and {len(ends) - 1}, found {ends[row]}",
            hint="drop the last rows, whose labels are not known yet",
        )
    return ends.astype(np.int64)


def _purged(split: Split, ends: np.ndarray, gap: int) -> Split:
    learned = split.train[0]
    allowed = np.zeros(len(ends), dtype=bool)
    allowed[learned.start : max(learned.stop - gap, learned.start)] = True
    kept = ranges_of(allowed & ~excluded(ends, split.tests, 0))
    if not kept:
        raise UsageError(
            f"purge and embargo leave nothing to learn from before row {split.test.start}",
            hint="learn from more rows or take a shorter label",
        )
    return Split(kept, split.tests)


def _embargo(rows: int) -> int:
    if rows < 0:
        raise UsageError(f"embargo must be at least 0, found {rows}")
    return rows
