"""Stored order books: a snapshot and the changes after it, carried to a moment."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa

from xq.clock import iso
from xq.errors import NoData
from xq.lake import arrays
from xq.lake.layout import Dataset
from xq.lake.rebuild import Diff, Level, OrderBook, Snapshot
from xq.timeframe import DAY_MS, MINUTE_MS

if TYPE_CHECKING:
    from xq.lake.reader import Lake

_SKEW_MS = MINUTE_MS  # between the clock of a recorder and that of the venue
_LOOK_BACK_MS = 7 * DAY_MS


def snapshots(rows: pa.Table) -> Iterator[Snapshot]:
    """Rows of ``book_snapshot`` one by one."""
    times = arrays.times(rows["ts"]).tolist()
    sides = zip(_side(rows, "bid"), _side(rows, "ask"), strict=True)
    for ts, last_id, (bids, asks) in zip(times, rows["last_id"].to_pylist(), sides, strict=True):
        yield Snapshot(last_id, bids, asks, ts)


def diffs(rows: pa.Table) -> Iterator[Diff]:
    """Rows of ``book_diff`` one by one, in the order of their ids."""
    rows = rows.sort_by([("last_id", "ascending")])
    times = arrays.times(rows["ts"]).tolist()
    ids = zip(*(rows[name].to_pylist() for name in ("first_id", "last_id", "previous_id")),
              strict=True)  # fmt: skip
    sides = zip(_side(rows, "bid"), _side(rows, "ask"), strict=True)
    for ts, (first, last, before), (bids, asks) in zip(times, ids, sides, strict=True):
        yield Diff(first, last, bids, asks, before, ts)


def book_at(lake: "Lake", exchange: str, symbol: str, at_ms: int) -> OrderBook:
    """The book of a market at a venue time: the newest snapshot and every change up to then.

    Raises
    ------
    NoData
        If no snapshot of the week before is stored.
    DataGap
        If a change between the snapshot and that moment is missing.
    CorruptFile
        If a file cannot be read.
    """
    books = Dataset("book_snapshot", exchange, symbol)
    found = lake.table(books, at_ms - _LOOK_BACK_MS, at_ms + 1)
    if not found.num_rows:
        raise NoData(
            f"no snapshot of the book of {symbol} in the week before {iso(at_ms)}",
            where=str(books),
            hint="xq data import --kind book_snapshot RECORDING",
        )
    [snapshot] = snapshots(found.slice(found.num_rows - 1))
    changes = Dataset("book_diff", exchange, symbol)
    rows = lake.table(changes, snapshot.ts - _SKEW_MS, at_ms + 1)
    book = OrderBook(snapshot)
    for diff in diffs(rows):
        book.apply(diff)
    return book


def _side(rows: pa.Table, side: str) -> Iterator[tuple[Level, ...]]:
    columns = (rows[f"{side}_{part}"] for part in ("prices", "quantities"))
    for prices, quantities in zip(*columns, strict=True):
        yield tuple(zip(prices.as_py(), quantities.as_py(), strict=True))
