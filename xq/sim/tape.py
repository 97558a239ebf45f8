"""Trades and bars in whole steps of price and quantity, so that every sum is exact.

Prices count units of ``10**-price_digits``, quantities units of ``10**-quantity_digits``. Turnover
is their product. Only `klines` turns them into floats, by one division each.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

import numpy as np

from xq.timeframe import MINUTE_MS, Timeframe

TIME, OPEN, HIGH, LOW, CLOSE, VOLUME, TURNOVER, TRADES, TAKER_VOLUME, TAKER_TURNOVER = range(10)
WIDTH = 10

KLINE_COLUMNS = (
    "open_time",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "close_time",
    "quote_volume",
    "trades",
    "taker_base",
    "taker_quote",
)


@dataclass(frozen=True, slots=True, eq=False)
class Tape:
    """Consecutive trades of one market, oldest first.

    Attributes
    ----------
    ts
        (n,) int64, epoch ms, not decreasing.
    price, quantity
        (n,) int64, in units.
    taker_sold
        (n,) bool: the buyer's order was the resting one.
    raw
        (n + 1,) int64: row i stands for the single executions ``raw[i] … raw[i + 1] - 1``.
    first_id
        Id of row 0; ids are consecutive.
    """

    ts: np.ndarray
    price: np.ndarray
    quantity: np.ndarray
    taker_sold: np.ndarray
    raw: np.ndarray
    first_id: int

    def __len__(self) -> int:
        return len(self.ts)

    def rows(self, start: int, stop: int) -> "Tape":
        """Rows ``start`` to ``stop`` as views."""
        return Tape(
            self.ts[start:stop],
            self.price[start:stop],
            self.quantity[start:stop],
            self.taker_sold[start:stop],
            self.raw[start : stop + 1],
            self.first_id + start,
        )

    def count_until(self, ts_ms: int) -> int:
        """Rows with ``ts <= ts_ms``."""
        return int(np.searchsorted(self.ts, ts_ms, side="right"))

    def then(self, later: "Tape") -> "Tape":
        """Append a later tape, renumbered to go on from this one's ids."""
        return Tape(
            np.concatenate((self.ts, later.ts)),
            np.concatenate((self.price, later.price)),
            np.concatenate((self.quantity, later.quantity)),
            np.concatenate((self.taker_sold, later.taker_sold)),
            np.concatenate((self.raw, later.raw[1:] - later.raw[0] + self.raw[-1])),
            self.first_id,
        )


class Digits(Protocol):
    """Decimal places of a market's units."""

    @property
    def price_digits(self) -> int:
        """Of a price."""

    @property
    def quantity_digits(self) -> int:
        """Of a quantity."""


def decimal_of(units: int, digits: int) -> Decimal:
    """A number of units of the last decimal place.

    Examples
    --------
    >>> decimal_of(12345, 2)
    Decimal('123.45')
    """
    return Decimal(units).scaleb(-digits)


def minute_bars(tape: Tape) -> np.ndarray:
    """Bars of the minutes in which something traded; see `traded_bars`."""
    return traded_bars(tape, MINUTE_MS)


def traded_bars(tape: Tape, step_ms: int) -> np.ndarray:
    """Bars in which something traded, int64 (m, 10), columns `TIME` to the last.

    Examples
    --------
    >>> one = np.array([1_000, 2_000]), np.array([5, 7]), np.array([1, 2])
    >>> traded_bars(Tape(*one, np.array([True, False]), np.arange(3), 1), 60_000).tolist()
    [[0, 5, 7, 5, 7, 3, 19, 2, 2, 14]]
    """
    if not len(tape):
        return np.empty((0, WIDTH), dtype=np.int64)
    slots = tape.ts // step_ms
    starts = np.flatnonzero(np.diff(slots, prepend=slots[0] - 1))
    ends = np.append(starts[1:], len(slots))
    turnover = tape.price * tape.quantity
    bought = ~tape.taker_sold
    bars = np.empty((len(starts), WIDTH), dtype=np.int64)
    bars[:, TIME] = slots[starts] * step_ms
    bars[:, OPEN] = tape.price[starts]
    bars[:, HIGH] = np.maximum.reduceat(tape.price, starts)
    bars[:, LOW] = np.minimum.reduceat(tape.price, starts)
    bars[:, CLOSE] = tape.price[ends - 1]
    bars[:, VOLUME] = np.add.reduceat(tape.quantity, starts)
    bars[:, TURNOVER] = np.add.reduceat(turnover, starts)
    bars[:, TRADES] = tape.raw[ends] - tape.raw[starts]
    bars[:, TAKER_VOLUME] = np.add.reduceat(tape.quantity * bought, starts)
    bars[:, TAKER_TURNOVER] = np.add.reduceat(turnover * bought, starts)
    return bars


def resample(bars: np.ndarray, timeframe: Timeframe) -> np.ndarray:
    """Finer bars gathered into coarser ones, int64 (m, 10); weeks open on Monday."""
    if not len(bars):
        return bars
    slots = timeframe.number(bars[:, TIME])
    starts = np.flatnonzero(np.diff(slots, prepend=slots[0] - 1))
    if len(starts) == len(bars):
        return bars
    ends = np.append(starts[1:], len(bars))
    coarse = np.empty((len(starts), WIDTH), dtype=np.int64)
    coarse[:, TIME] = timeframe.open_of(slots[starts])
    coarse[:, OPEN] = bars[starts, OPEN]
    coarse[:, HIGH] = np.maximum.reduceat(bars[:, HIGH], starts)
    coarse[:, LOW] = np.minimum.reduceat(bars[:, LOW], starts)
    coarse[:, CLOSE] = bars[ends - 1, CLOSE]
    coarse[:, VOLUME:] = np.add.reduceat(bars[:, VOLUME:], starts, axis=0)
    return coarse


def without_holes(bars: np.ndarray, opens: np.ndarray, before: int) -> np.ndarray:
    """One bar for each open, flat at the price before where nothing traded, int64 (n, 10).

    Examples
    --------
    >>> second = np.array([[1000, 5, 7, 4, 6, 3, 19, 2, 2, 14]])
    >>> without_holes(second, np.array([0, 1000, 2000]), 9)[:, :6].tolist()
    [[0, 9, 9, 9, 9, 0], [1000, 5, 7, 4, 6, 3], [2000, 6, 6, 6, 6, 0]]
    """
    place = np.searchsorted(bars[:, TIME], opens, side="right")
    closes = np.concatenate(([before], bars[:, CLOSE]))
    filled = np.zeros((len(opens), WIDTH), dtype=np.int64)
    filled[:, TIME] = opens
    filled[:, OPEN : CLOSE + 1] = closes[place][:, None]
    filled[np.searchsorted(opens, bars[:, TIME])] = bars
    return filled


def flat_bar(open_ms: int, price: int) -> np.ndarray:
    """A bar in which nothing has traded yet, int64 (1, 10)."""
    bar = np.zeros((1, WIDTH), dtype=np.int64)
    bar[0, TIME] = open_ms
    bar[0, OPEN : CLOSE + 1] = price
    return bar


def klines(
    bars: np.ndarray, timeframe: Timeframe, price_digits: int, quantity_digits: int
) -> np.ndarray:
    """Bars as Binance's kline columns, float64 (n, 11); see `KLINE_COLUMNS`."""
    price, quantity = 10.0**price_digits, 10.0**quantity_digits
    table = np.empty((len(bars), len(KLINE_COLUMNS)))
    table[:, 0] = bars[:, TIME]
    table[:, 1:5] = bars[:, OPEN : CLOSE + 1] / price
    table[:, 5] = bars[:, VOLUME] / quantity
    table[:, 6] = timeframe.end(bars[:, TIME]) - 1
    table[:, 7] = bars[:, TURNOVER] / (price * quantity)
    table[:, 8] = bars[:, TRADES]
    table[:, 9] = bars[:, TAKER_VOLUME] / quantity
    table[:, 10] = bars[:, TAKER_TURNOVER] / (price * quantity)
    return table
