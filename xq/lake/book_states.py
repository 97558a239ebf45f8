"""The best levels of a stored order book after every change, as arrays."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from xq.errors import DataGap, NoData
from xq.lake import arrays
from xq.lake.layout import Dataset
from xq.lake.rebuild import Diff, OrderBook, Snapshot

if TYPE_CHECKING:
    from xq.lake.reader import Lake

Levels = tuple[np.ndarray, np.ndarray]
"""Prices and quantities of one side of one change, in any order."""


@dataclass(frozen=True, slots=True, eq=False)
class BookStates:
    """A book after each change, in the order of the venue's ids.

    Attributes
    ----------
    ts
        (T,) int64, when the venue changed its book: its matching time, else that of the message.
    bid_price, bid_quantity, ask_price, ask_quantity
        (T, L) best first; NaN where a side has no such level, and in all levels of a row at which
        the record broke off.
    fresh
        (T,) bool: the row does not follow the row before it.
    """

    ts: np.ndarray
    bid_price: np.ndarray
    bid_quantity: np.ndarray
    ask_price: np.ndarray
    ask_quantity: np.ndarray
    fresh: np.ndarray

    def __len__(self) -> int:
        return len(self.ts)


class _Side:
    """Quantities by price, the prices sorted; ``sign`` makes the best the first."""

    def __init__(self, sign: float) -> None:
        self._sign = sign
        self._keys: list[float] = []
        self._sizes: dict[float, float] = {}

    def put(self, prices: list[float], quantities: list[float]) -> None:
        for price, quantity in zip(prices, quantities, strict=True):
            key = self._sign * price
            if quantity:
                if key not in self._sizes:
                    self._keys.insert(bisect_left(self._keys, key), key)
                self._sizes[key] = quantity
            elif self._sizes.pop(key, None) is not None:
                del self._keys[bisect_left(self._keys, key)]

    def best(self, count: int) -> tuple[list[float], list[float]]:
        keys = self._keys[:count]
        lacking = [np.nan] * (count - len(keys))
        sizes = [self._sizes[key] for key in keys]
        return [self._sign * key for key in keys] + lacking, sizes + lacking


def book_states(
    lake: "Lake",
    exchange: str,
    symbol: str,
    start_ms: int | None = None,
    end_ms: int | None = None,
    *,
    levels: int = 10,
) -> BookStates:
    """The best levels after every stored change whose message is of ``[start_ms, end_ms)``.

    It begins with the first change that follows a snapshot. Where a change is missing the book is
    unknown until the next snapshot: one row without levels says so.

    Raises
    ------
    NoData
        If no change in the range follows a stored snapshot.
    CorruptFile
        If a file cannot be read.
    """
    snapshots = Dataset("book_snapshot", exchange, symbol)
    begin = None if start_ms is None else lake.table(snapshots, None, start_ms + 1)["ts"]
    first = start_ms if not begin else int(arrays.times(begin)[-1])
    books = _messages(lake.table(snapshots, first, end_ms))
    changes = lake.table(Dataset("book_diff", exchange, symbol), _earlier(first), end_ms)
    changes = changes.sort_by([("last_id", "ascending")])
    walk = _Walk(list(books), levels)
    for change in _messages(changes):
        walk.take(change)
    if not walk.rows:
        raise NoData(
            f"no change of the book of {symbol} follows a stored snapshot",
            where=str(Dataset("book_diff", exchange, symbol)),
            hint="xq data import RECORDING, of snapshots and changes",
        )
    return walk.states(start_ms)


@dataclass(frozen=True, slots=True)
class _Message:
    """One row: ids as the rules of `OrderBook` take them, levels as plain numbers."""

    ids: Diff
    matched: int
    bids: tuple[list[float], list[float]]
    asks: tuple[list[float], list[float]]


class _Walk:
    """Changes one after another; the rules of ids are those of `OrderBook`, without its levels."""

    def __init__(self, snapshots: list[_Message], levels: int) -> None:
        self._waiting = sorted(snapshots, key=lambda item: item.ids.last_id, reverse=True)
        self._levels = levels
        self._chain: OrderBook | None = None
        self._bids, self._asks = _Side(-1.0), _Side(1.0)
        self._broken = True
        self.rows: list[tuple[int, bool, list[float]]] = []

    def take(self, change: _Message) -> None:
        passed = None
        while self._waiting and self._waiting[-1].ids.last_id <= change.ids.last_id:
            passed = self._waiting.pop()
        if self._chain is None and passed is not None:
            self._begin(passed)  # an unbroken record needs no second beginning
        if self._chain is None:
            return
        try:
            applied = self._chain.apply(change.ids)
        except DataGap:
            self._chain = None
            if not self._broken:
                self.rows.append((change.matched, True, [np.nan] * (4 * self._levels)))
            self._broken = True
            return
        if applied:
            self._bids.put(*change.bids)
            self._asks.put(*change.asks)
            levels = [*self._bids.best(self._levels), *self._asks.best(self._levels)]
            self.rows.append((change.matched, self._broken, [v for part in levels for v in part]))
            self._broken = False

    def _begin(self, snapshot: _Message) -> None:
        self._chain = OrderBook(Snapshot(snapshot.ids.last_id, (), ()))
        self._bids, self._asks = _Side(-1.0), _Side(1.0)
        self._bids.put(*snapshot.bids)
        self._asks.put(*snapshot.asks)

    def states(self, start_ms: int | None) -> BookStates:
        ts = np.maximum.accumulate(np.array([row[0] for row in self.rows], dtype=np.int64))
        fresh = np.array([row[1] for row in self.rows])
        blocks = np.hsplit(np.array([row[2] for row in self.rows]), 4)
        keep = slice(0 if start_ms is None else int(np.searchsorted(ts, start_ms)), None)
        fresh = fresh[keep]
        fresh[:1] = True
        one, two, three, four = (np.ascontiguousarray(block[keep]) for block in blocks)
        return BookStates(ts[keep], one, two, three, four, fresh)


def _messages(rows: pa.Table) -> Iterator[_Message]:
    last = rows["last_id"].to_pylist()
    changes = "first_id" in rows.column_names  # a snapshot has no predecessor
    first = rows["first_id"].to_pylist() if changes else last
    before = rows["previous_id"].to_pylist() if changes else [None] * len(last)
    said = arrays.times(rows["ts"])
    matched = np.where(arrays.flags(rows["matched"]), said, arrays.times(rows["matched"]))
    sides = zip(*(_lists(rows[f"{side}_{part}"]) for side in ("bid", "ask")
                  for part in ("prices", "quantities")), strict=True)  # fmt: skip
    ids = zip(first, last, before, strict=True)
    for at, (low, high, previous), (a, b, c, d) in zip(matched.tolist(), ids, sides, strict=True):
        yield _Message(Diff(low, high, (), (), previous, at), at, (a, b), (c, d))


def _lists(column: pa.ChunkedArray) -> Iterator[list[float]]:
    """Lists of exact decimals as lists of plain numbers."""
    for chunk in column.chunks:
        offsets = chunk.offsets.to_pylist()
        # Arrow's own way from decimals to numbers is off by a rounding; by their text it is not.
        values = chunk.values.cast(pa.string()).cast(pa.float64()).to_pylist()
        for low, high in pairwise(offsets):
            yield values[low:high]


def _earlier(first: int | None) -> int | None:
    return None if first is None else first - 60_000  # clocks of recorder and venue differ
