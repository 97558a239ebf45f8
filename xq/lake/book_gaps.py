"""Holes in recorded changes of an order book, told by their ids."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from xq.lake import arrays, columns
from xq.lake.layout import Dataset
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
    """The breaks of a stored recording, oldest first.

    Raises
    ------
    CorruptFile
        If a file cannot be read.
    """
    rows = _stored(root, dataset, _IDS)
    if not rows.num_rows:
        return
    books = Dataset("book_snapshot", dataset.exchange, dataset.symbol)
    snapshots = _stored(root, books, ("ts", "last_id"))
    ids, times = arrays.numbers(snapshots["last_id"]), arrays.times(snapshots["ts"])
    for item in breaks(rows):
        later = times[ids >= item.before_id]
        resumes = int(later.min()) if len(later) else None
        yield Break(item.within, item.after_id, item.before_id, item.missing, resumes)


def _stored(root: Path, dataset: Dataset, names: tuple[str, ...]) -> pa.Table:
    schema = pa.schema([dataset.spec.schema.field(name) for name in names])
    parts = [schema.empty_table()]
    with Trust(root, dataset) as trust:
        for leaf in columns.leaves_within(root, dataset, None, None):
            parts.append(trust.table(leaf, names).cast(schema))
    return pa.concat_tables(parts)
