"""Holes in recorded changes of an order book, told by their ids; one file in memory at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from xq.errors import CorruptFile
from xq.lake import arrays, columns
from xq.lake.layout import Dataset, Leaf
from xq.lake.ranges import Range
from xq.lake.trust import Trust

_IDS = ("ts", "first_id", "last_id", "previous_id")


@dataclass(frozen=True, slots=True)
class Break:
    """A place where changes are missing: no book can be carried across it.

    Attributes
    ----------
    within
        From the last change before to the first one after.
    after_id, before_id
        The last id there is and the one the next change follows.
    missing
        Updates that are missing; None where ids have holes by themselves.
    resumes_ms
        The first snapshot from which the book can be built anew; None if there is none.
    """

    within: Range
    after_id: int
    before_id: int
    missing: int | None
    resumes_ms: int | None = None


def breaks(rows: pa.Table) -> Iterator[Break]:
    """Where changes sorted by key do not follow one another.

    Parameters
    ----------
    rows
        The columns ts, first_id, last_id and previous_id of `book_diff`.
    """
    ts, first, last = (arrays.times(rows["ts"]), *(arrays.numbers(rows[n]) for n in _IDS[1:3]))
    order = np.argsort(last, kind="stable")
    ts, first, last = ts[order], first[order], last[order]
    named = ~arrays.flags(rows["previous_id"])[order]
    before = arrays.numbers(rows["previous_id"].fill_null(0))[order]
    reach = np.maximum.accumulate(last) if len(last) else last
    torn = np.where(named[1:], before[1:] != last[:-1], first[1:] > reach[:-1] + 1)
    for row in np.flatnonzero(torn) + 1:
        told = int(before[row]) if named[row] else int(first[row]) - 1
        missing = None if named[row] else int(first[row] - last[row - 1] - 1)
        within = Range(int(ts[row - 1]), max(int(ts[row]), int(ts[row - 1]) + 1))
        yield Break(within, int(last[row - 1]), told, missing)


def stored_breaks(root: Path, dataset: Dataset) -> Iterator[Break]:
    """The breaks of a stored recording, oldest first; nothing is told across a damaged file.

    Raises
    ------
    StorageFailed
        If the disk does not let a file be read.
    """
    for found in walk(root, dataset):
        if isinstance(found, Break):
            yield found


def counts(root: Path, dataset: Dataset) -> tuple[int | None, int | None]:
    """Missing updates, None where ids do not tell, and the gaps they form; None beside damage."""
    found = list(walk(root, dataset))
    lost = [item.missing for item in found if isinstance(item, Break)]
    if len(lost) < len(found):
        return None, None
    known = [count for count in lost if count is not None]
    return (sum(known) if len(known) == len(lost) else None), len(lost)


def walk(
    root: Path, dataset: Dataset, count: Callable[[int], None] | None = None
) -> Iterator[Break | Leaf]:
    """Breaks, and files that are not the committed ones, file by file: one is in memory."""
    names = _IDS if dataset.kind == "book_diff" else ("ts",)
    snapshots = _Snapshots(root, dataset)
    end: pa.Table | None = None  # the newest change so far
    with Trust(root, dataset) as trust:
        for leaf in columns.leaves_within(root, dataset, None, None):
            try:
                rows = trust.table(leaf, names)
            except CorruptFile:
                end = None
                yield leaf
                continue
            if count is not None:
                count(rows.num_rows)
            if dataset.kind != "book_diff" or not rows.num_rows:
                continue
            joined = rows if end is None else pa.concat_tables([end, rows])
            for item in breaks(joined):
                yield replace(item, resumes_ms=snapshots.after(item.before_id))
            newest = int(np.argmax(arrays.numbers(joined["last_id"])))
            end = pa.Table.from_pylist(joined.slice(newest, 1).to_pylist(), schema=rows.schema)


class _Snapshots:
    """Snapshots of a market in the order of their ids, read as far as they are asked for."""

    def __init__(self, root: Path, dataset: Dataset) -> None:
        books = Dataset("book_snapshot", dataset.exchange, dataset.symbol)
        self._left = _moments(root, books)
        self._now: tuple[int, int] | None = None

    def after(self, last_id: int) -> int | None:
        """The time of the first one that holds an update; ids asked for must not fall."""
        while self._now is None or self._now[0] < last_id:
            self._now = next(self._left, None)
            if self._now is None:
                return None
        return self._now[1]


def _moments(root: Path, books: Dataset) -> Iterator[tuple[int, int]]:
    with Trust(root, books) as trust:
        for leaf in columns.leaves_within(root, books, None, None):
            try:
                rows = trust.table(leaf, ("ts", "last_id"))
            except CorruptFile:
                continue
            ids, times = arrays.numbers(rows["last_id"]).tolist(), arrays.times(rows["ts"]).tolist()
            yield from sorted(zip(ids, times, strict=True))
