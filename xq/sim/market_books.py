"""A recorded order book at any moment: the newest snapshot and every change up to then."""

import heapq
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from xq.clock import iso
from xq.errors import DataGap, NoData
from xq.lake import arrays
from xq.lake.books import diffs, snapshots
from xq.lake.ranges import Range
from xq.lake.rebuild import Diff, OrderBook, Snapshot
from xq.sim.market_lake import Recordings
from xq.timeframe import HOUR_MS, MINUTE_MS

if TYPE_CHECKING:
    import polars as pl

_CHANGES = 1_000  # read at once, about
_LONGEST_MS = HOUR_MS
_MARKS = 16  # states kept to go on from when an earlier time is asked for
_LEVELS_A_ROW = 25  # what a change weighs beside a row of bars


@dataclass(frozen=True, slots=True)
class _Beginning:
    """A snapshot and the last moment before the first change that it does not hold."""

    ts: int
    snapshot_ts: int
    snapshot_id: int


@dataclass(slots=True)
class _State:
    """A book with every change up to ``ts``; without levels once a change was missing.

    Attributes
    ----------
    before
        Best bid and ask before that change.
    """

    beginning: _Beginning
    book: OrderBook
    ts: int
    before: tuple[Decimal, Decimal] | None = None

    def copy(self) -> "_State":
        held = self.book
        book = OrderBook(Snapshot(held.last_id, tuple(held.bids.items()), tuple(held.asks.items())))
        return replace(self, book=book)


class Books:
    """The recorded books of one symbol.

    The same moment gives the same book, whatever was asked before. A change is known at the venue's
    time of it; a snapshot at the moment before the first change that it does not hold, for its own
    time may be of another clock. After a missing change there is no book until the next snapshot.

    Attributes
    ----------
    span
        From the first snapshot to the last change.
    """

    def __init__(self, recordings: Recordings, symbol: str) -> None:
        self._recordings = recordings
        self._symbol = symbol
        self._beginnings = self._find()
        self._starts = [beginning.ts for beginning in self._beginnings]
        recorded = recordings.span("book_diff", symbol)
        last_ms = 0 if recorded is None else recorded.end_ms
        self.span = Range(self._starts[0] if self._starts else last_ms, last_ms)
        self._window_ms = MINUTE_MS
        if self._count:
            minutes = _CHANGES * (self.span.end_ms - self.span.start_ms) / self._count / MINUTE_MS
            self._window_ms = min(max(int(minutes), 1) * MINUTE_MS, _LONGEST_MS)
        self._marks: OrderedDict[int, _State] = OrderedDict()
        self._now: _State | None = None

    def at(self, now_ms: int) -> OrderBook:
        """The book at a moment; not to be changed.

        Raises
        ------
        NoData
            Before the first snapshot.
        """
        return self._at(now_ms).book

    def quote(self, now_ms: int) -> tuple[Decimal, Decimal] | None:
        """Best bid and ask; after a missing change those before it, None if a side was empty."""
        state = self._at(now_ms)
        return _quote(state.book) or state.before

    def _at(self, now_ms: int) -> _State:
        number = bisect_right(self._starts, now_ms) - 1
        if number < 0:
            raise NoData(
                f"no book of {self._symbol} is recorded at {iso(now_ms)}: "
                f"it begins at {iso(self.span.start_ms)}",
                hint=f"--from {iso(self.span.start_ms)}",
            )
        state = self._nearest(self._beginnings[number], now_ms)
        for diff in self.changes(state.ts, now_ms):
            window = diff.ts // self._window_ms
            if window != state.ts // self._window_ms:
                self._mark(state)
            _apply(state, diff)
            state.ts = diff.ts
        self._now = state
        return state

    def changes(self, start_ms: int, end_ms: int) -> Iterator[Diff]:
        """The changes in (start, end], in the order of their ids."""
        first = max(start_ms + 1, self.span.start_ms)
        last = min(end_ms, self.span.end_ms)
        for window in range(first // self._window_ms, last // self._window_ms + 1):
            for diff in self._window(window):
                if start_ms < diff.ts <= end_ms:
                    yield diff

    def snapshot(self) -> Snapshot:
        """The first snapshot, as recorded."""
        return self._read_snapshot(self._beginnings[0])

    def _nearest(self, beginning: _Beginning, now_ms: int) -> _State:
        """The latest state known at or before a moment; of the same snapshot."""
        known = [state for state in self._marks.values() if state.beginning == beginning]
        if self._now is not None and self._now.beginning == beginning:
            known.append(self._now)
        known = [state for state in known if state.ts <= now_ms]
        if not known:
            return _State(beginning, OrderBook(self._read_snapshot(beginning)), beginning.ts)
        best = max(known, key=lambda state: state.ts)
        return best if best is self._now else best.copy()

    def _mark(self, state: _State) -> None:
        """Keep a state to go on from."""
        self._marks[state.ts] = state.copy()
        self._marks.move_to_end(state.ts)
        if len(self._marks) > _MARKS:
            self._marks.popitem(last=False)

    def _window(self, number: int) -> list[Diff]:
        def read() -> list[Diff]:
            start, end = number * self._window_ms, (number + 1) * self._window_ms
            return list(diffs(_collected(self._rows("book_diff", start, end))))

        key = ("changes", self._symbol, number)
        return self._recordings.kept.get(key, read, lambda rows: len(rows) * _LEVELS_A_ROW)

    def _read_snapshot(self, beginning: _Beginning) -> Snapshot:
        at = beginning.snapshot_ts
        rows = _collected(self._rows("book_snapshot", at, at + 1))
        found = (item for item in snapshots(rows) if item.last_id == beginning.snapshot_id)
        return replace(next(found), ts=beginning.ts)

    def _rows(self, kind: str, start_ms: int, end_ms: int) -> "pl.LazyFrame":
        import polars as pl

        recordings = self._recordings
        rows = recordings.lake.scan(kind, exchange=recordings.exchange, symbol=self._symbol)
        ts = pl.col("ts").cast(pl.Int64)
        return rows.filter((ts >= start_ms) & (ts < end_ms))

    def _find(self) -> list[_Beginning]:
        """Where a book can be begun, in order."""
        taken = [_ids(self._rows(kind, 0, 2**62)) for kind in ("book_snapshot", "book_diff")]
        (times, ids), (change_times, change_ids) = taken
        self._count = len(change_ids)
        order = np.argsort(change_ids, kind="stable")
        found = []
        for ts, last_id in zip(times.tolist(), ids.tolist(), strict=True):
            row = int(np.searchsorted(change_ids[order], last_id))
            if row < len(order):
                found.append(_Beginning(int(change_times[order][row]) - 1, ts, last_id))
        return sorted(found, key=lambda item: (item.ts, item.snapshot_id))


def best(book: OrderBook, limit: int) -> tuple[list[tuple[Decimal, Decimal]], ...]:
    """The best levels of both sides, best first."""
    if limit >= max(len(book.bids), len(book.asks)):
        return sorted(book.bids.items(), reverse=True), sorted(book.asks.items())
    return heapq.nlargest(limit, book.bids.items()), heapq.nsmallest(limit, book.asks.items())


def _quote(book: OrderBook) -> tuple[Decimal, Decimal] | None:
    return (max(book.bids), min(book.asks)) if book.bids and book.asks else None


def _apply(state: _State, diff: Diff) -> None:
    book = state.book
    try:
        book.apply(diff)
    except DataGap:
        state.before = _quote(book) or state.before
        book.bids.clear()
        book.asks.clear()


def _ids(rows: "pl.LazyFrame") -> tuple[np.ndarray, np.ndarray]:
    table = rows.select("ts", "last_id").collect().to_arrow()
    return arrays.times(table["ts"]), arrays.numbers(table["last_id"])


def _collected(rows: "pl.LazyFrame") -> pa.Table:
    return rows.collect().to_arrow()
