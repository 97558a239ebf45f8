"""Rows under examination: every column as an array, and what could not be read kept apart."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from xq.lake import arrays
from xq.lake.poison.cells import number_column, text_column, time_column, whole_column
from xq.lake.poison.levels import Book
from xq.lake.schema import kind_of
from xq.timeframe import Timeframe


def measured(kind: str) -> tuple[str, ...]:
    """The columns of a kind in which every row has a price, a quantity or a rate.

    Examples
    --------
    >>> measured("mark"), measured("funding"), measured("book_diff")
    (('open', 'high', 'low', 'close'), ('rate',), ())
    """
    return _required(kind, pa.types.is_floating)


def counted(kind: str) -> tuple[str, ...]:
    """The columns of a kind in which every row has an id.

    Examples
    --------
    >>> counted("trades"), counted("book_diff")
    (('id',), ('first_id', 'last_id'))
    """
    return _required(kind, pa.types.is_integer)


def _required(kind: str, test: Callable[[pa.DataType], bool]) -> tuple[str, ...]:
    return tuple(f.name for f in kind_of(kind).schema if test(f.type) and not f.nullable)


PRICES, FIELDS = measured("mark"), measured("ohlcv")
_SIDE = 4  # neighbours on each side that a row is compared with


@dataclass(frozen=True)
class Evidence:
    """Other sources a row can be held against; each None if there is none.

    Attributes
    ----------
    reference
        The same series from a source that is trusted.
    finer
        Shorter bars of the same symbol.
    mark, index, last
        Mark, index and traded prices in bars of the same length.
    twin
        The same base asset on the other market (spot beside perpetual), same bar length.
    trades
        The tape.
    siblings
        Other symbols of the venue in the same bar length, by symbol.
    snapshots
        Times and ids of the snapshots that changes of an order book are applied to.
    instruments
        The market's tick and lot, as they changed.
    """

    reference: "Sheet | None" = None
    finer: "Sheet | None" = None
    mark: "Sheet | None" = None
    index: "Sheet | None" = None
    last: "Sheet | None" = None
    twin: "Sheet | None" = None
    trades: "Sheet | None" = None
    snapshots: "Sheet | None" = None
    instruments: "Sheet | None" = None
    siblings: "Mapping[str, Sheet]" = field(default_factory=lambda: MappingProxyType({}))

    def has(self, name: str) -> bool:
        """Whether there is such a source."""
        return bool(getattr(self, name))


@dataclass(frozen=True)
class Sheet:
    """Rows of one dataset, read without trust.

    Attributes
    ----------
    raw
        The rows as found: any column, any type.
    kind
        One of `rule.EVERY`.
    bar
        Bar length; None for kinds without bars.
    now_ms
        The present; None looks for nothing in the future.
    """

    raw: pa.Table
    kind: str = "ohlcv"
    bar: Timeframe | None = None
    now_ms: int | None = None
    evidence: Evidence = field(default_factory=Evidence)

    def __len__(self) -> int:
        return int(self.raw.num_rows)

    def __bool__(self) -> bool:
        return True

    def has(self, *names: str) -> bool:
        """Whether it has these columns."""
        return all(name in self.raw.column_names for name in names)

    @cached_property
    def ts(self) -> np.ndarray:
        """(n,) int64 epoch ms; 0 where there is none."""
        return time_column(self.raw["ts"])[0]

    @cached_property
    def timeless(self) -> np.ndarray:
        """(n,) bool: where the time is no time."""
        return time_column(self.raw["ts"])[1]

    @cached_property
    def _numbers(self) -> dict[str, np.ndarray]:
        return {}

    def number(self, name: str) -> np.ndarray:
        """(n,) float64; NaN where there is none."""
        if name not in self._numbers:
            self._numbers[name] = number_column(self.raw[name])
        return self._numbers[name]

    def whole(self, name: str) -> np.ndarray:
        """(n,) int64; 0 where there is none."""
        return whole_column(self.raw[name])

    def moment(self, name: str) -> np.ndarray:
        """(n,) int64 epoch ms of a column of times; 0 where there is none."""
        return time_column(self.raw[name])[0]

    def text(self, name: str) -> list[str | None] | None:
        """The cells as text if the column is text, else None."""
        return text_column(self.raw[name])

    def absent(self, name: str) -> np.ndarray:
        """(n,) bool: where a column is null."""
        return arrays.flags(self.raw[name])

    @cached_property
    def book(self) -> Book:
        """Levels and ids of the kinds of order books."""
        return Book(self.raw)

    @cached_property
    def traded(self) -> np.ndarray:
        """(n,) bool: bars with volume; of kinds without volume, bars whose price moved."""
        if self.has("volume"):
            return np.asarray(self.volume > 0)
        return np.asarray(self.prices.max(axis=1) > self.prices.min(axis=1))

    @cached_property
    def prices(self) -> np.ndarray:
        """(n, 4) float64: open, high, low, close."""
        return np.column_stack([self.number(name) for name in PRICES])

    @cached_property
    def close(self) -> np.ndarray:
        """(n,) float64: the close, a trade's price, or at what open interest is valued."""
        if self.kind == "open_interest":
            return np.asarray(self.number("notional") / self.number("quantity"))
        return self.number("price" if self.kind == "trades" else "close")

    @cached_property
    def volume(self) -> np.ndarray:
        """(n,) float64; NaN for kinds without volume."""
        return self.number("volume") if self.has("volume") else np.full(len(self), np.nan)

    @cached_property
    def usual_close(self) -> np.ndarray:
        """(n,) float64: the median close of the rows around each, without itself."""
        return around(self.close)

    @cached_property
    def usual_volume(self) -> np.ndarray:
        """(n,) float64: the median volume of the rows around each, without itself."""
        return around(self.volume)

    @cached_property
    def follows(self) -> np.ndarray:
        """(n,) bool: whether the row before is the bar right before."""
        found = self.nothing()
        if self.bar is not None:
            found[1:] = self.bar.end(self.ts[:-1]) == self.ts[1:]
        return found

    def nothing(self) -> np.ndarray:
        """(n,) bool: no row."""
        return np.zeros(len(self), dtype=bool)

    def match(self, other: "Sheet") -> tuple[np.ndarray, np.ndarray]:
        """Where each row's time is in another sheet sorted by time: (rows there, whether)."""
        if not len(other):
            return np.zeros(len(self), np.int64), self.nothing()
        place = np.minimum(np.searchsorted(other.ts, self.ts), len(other) - 1)
        return place, other.ts[place] == self.ts


def before(values: np.ndarray) -> np.ndarray:
    """The value one row earlier; NaN for the first.

    Examples
    --------
    >>> before(np.array([1.0, 2.0]))
    array([nan,  1.])
    """
    return np.concatenate(([np.nan], values[:-1])) if len(values) else values


def around(values: np.ndarray, side: int = _SIDE) -> np.ndarray:
    """Median of the ``side`` values before and after each, without itself; NaN in short columns.

    Examples
    --------
    >>> around(np.array([1.0, 1.0, 9.0, 1.0, 1.0]), side=1)
    array([1., 5., 1., 5., 1.])
    """
    if len(values) < 2 * side + 1:
        return np.full(len(values), np.nan)
    filled = np.where(np.isfinite(values), values, _typical(values))
    padded = np.concatenate((filled[1 : side + 1][::-1], filled, filled[-side - 1 : -1][::-1]))
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * side + 1)
    others = np.delete(windows, side, axis=1)
    return np.asarray(np.median(others, axis=1))


def _typical(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else np.nan


def runs(mask: np.ndarray, length: int) -> np.ndarray:
    """Rows that lie in a stretch of at least ``length`` set ones.

    Examples
    --------
    >>> runs(np.array([True, True, False, True]), 2)
    array([ True,  True, False, False])
    """
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    long = np.zeros(len(mask), dtype=bool)
    for start, stop in edges.reshape(-1, 2):
        long[start:stop] = stop - start >= length
    return long
