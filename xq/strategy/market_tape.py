"""Trades and changes of a book as one sequence of events, and as one piece of memory."""

from dataclasses import dataclass
from typing import Any

import numpy as np

TRADE, BOOK, FRESH = 0, 1, 2
"""A trade, a change of the book, a book that does not follow the one before it."""

_ITEM = 8
_OWN = 4  # columns of an event before its levels: kind, and price, quantity, bought of a trade


@dataclass(frozen=True, slots=True, eq=False)
class Tape:
    """Events of one market by the venue's clock; at one time trades come before the book.

    Attributes
    ----------
    symbol
        Unified.
    ts
        (E,) int64, epoch ms, not descending.
    values
        (E, 4 + 4 L) float64: kind, price, quantity and bought (1 or 0) of a trade, then bid prices,
        bid quantities, ask prices and ask quantities after it, best first.
    """

    symbol: str
    ts: np.ndarray
    values: np.ndarray

    def __len__(self) -> int:
        return len(self.ts)

    @property
    def levels(self) -> int:
        """Levels of the book, a side."""
        return int(self.values.shape[1] - _OWN) // 4

    @property
    def kind(self) -> np.ndarray:
        """(E,) `TRADE`, `BOOK` or `FRESH`."""
        return np.asarray(self.values[:, 0])

    @property
    def trades(self) -> np.ndarray:
        """(E, 3) price, quantity, bought; 0 where the event is no trade."""
        return np.asarray(self.values[:, 1:_OWN])

    @property
    def books(self) -> np.ndarray:
        """(E, 4 L) the book at each event."""
        return np.asarray(self.values[:, _OWN:])

    def prefix(self, stop: int) -> "Tape":
        """The first ``stop`` events."""
        return Tape(self.symbol, self.ts[:stop], self.values[:stop])

    @property
    def size(self) -> int:
        """Bytes in shared memory."""
        return _ITEM * len(self) * (1 + int(self.values.shape[1]))

    def write(self, memory: Any) -> None:
        """Copy into a writable buffer of at least `size` bytes: times, then values."""
        np.frombuffer(memory, np.int64, len(self))[:] = self.ts
        target = np.frombuffer(memory, np.float64, self.values.size, _ITEM * len(self))
        target.reshape(self.values.shape)[:] = self.values


def read(memory: Any, symbol: str, shape: tuple[int, int], first: int, stop: int) -> Tape:
    """Events ``first`` to ``stop`` of a tape in shared memory, copied: no other can be reached."""
    rows, width = shape
    begin = _ITEM * rows + _ITEM * first * width
    values = np.frombuffer(bytes(memory[begin : begin + _ITEM * (stop - first) * width]))
    ts = np.frombuffer(bytes(memory[_ITEM * first : _ITEM * stop]), np.int64)
    return Tape(symbol, ts, values.reshape(stop - first, width))


def merged(
    symbol: str,
    trades: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    books: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> Tape:
    """One tape of trades and books, from the first book on; trades at its time are before it.

    Parameters
    ----------
    trades
        Times, prices, quantities, whether the taker bought.
    books
        Times, (T, 4 L) levels, whether each row is fresh.
    """
    times, price, quantity, bought = trades
    book_times, levels, fresh = books
    late = times > book_times[0]
    times, price, quantity, bought = (line[late] for line in (times, price, quantity, bought))
    ts = np.concatenate([times, book_times])
    order = np.argsort(ts, kind="stable")  # trades are first in, so first at one time
    values = np.zeros((len(ts), _OWN + levels.shape[1]))
    count = len(times)
    values[:count, 1:_OWN] = np.column_stack([price, quantity, bought])
    values[count:, 0] = np.where(fresh, FRESH, BOOK)
    values[:count, _OWN:] = levels[np.searchsorted(book_times, times, side="left") - 1]
    values[count:, _OWN:] = levels
    return Tape(symbol, ts[order], values[order])
