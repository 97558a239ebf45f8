"""Fills, and the round trips they make: one accounting for simulation and live.

A round trip runs from flat to flat. A fill that turns a position around is split where it crosses
zero: the first part ends one round trip, the rest begins the next, the fee shared by quantity.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

FLAT_TOLERANCE = 1e-9
"""A position smaller than this share of the last fill is rounding, not a position."""


class Reason(IntEnum):
    """Why a fill happened."""

    SIGNAL = 0
    STOP_LOSS = 1
    TAKE_PROFIT = 2
    TRAILING_STOP = 3
    TIME_STOP = 4
    LIQUIDATION = 5

    @property
    def label(self) -> str:
        """The word for people and files."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, eq=False)
class Fills:
    """Executions in time order, one array per column of the table.

    Attributes
    ----------
    row
        (F,) int64, index of the bar inside which it filled.
    symbol
        (F,) int64, column of the symbol.
    quantity
        (F,) float64, base asset, signed: bought is positive.
    price
        (F,) float64, quote per base, slippage included.
    fee
        (F,) float64, quote asset.
    slippage
        (F,) float64, quote asset, cost against the price aimed at.
    reason
        (F,) int8, see `Reason`.
    """

    row: np.ndarray
    symbol: np.ndarray
    quantity: np.ndarray
    price: np.ndarray
    fee: np.ndarray
    slippage: np.ndarray
    reason: np.ndarray

    def __len__(self) -> int:
        return len(self.row)

    @property
    def notional(self) -> np.ndarray:
        """(F,) quote asset, unsigned."""
        return np.asarray(np.abs(self.quantity * self.price))

    def take(self, index: np.ndarray) -> "Fills":
        """The fills at ``index``, in that order."""
        return Fills(**{name: getattr(self, name)[index] for name in self.__slots__})


@dataclass(frozen=True, slots=True, eq=False)
class RoundTrips:
    """Closed round trips in order of their end, then those still open, valued at the last close.

    Attributes
    ----------
    symbol
        (K,) int64, column of the symbol.
    direction
        (K,) int8, +1 long, -1 short.
    entry_row, exit_row
        (K,) int64, bars of the first and of the last fill; the last bar if still open.
    quantity
        (K,) float64, base asset entered in total, unsigned.
    entry_price, exit_price
        (K,) float64, averages over the fills in and out, slippage included.
    fee
        (K,) float64, quote asset.
    pnl
        (K,) float64, quote asset, after fees and slippage, before funding.
    reason
        (K,) int8, why the last fill happened.
    closed
        (K,) bool.
    """

    symbol: np.ndarray
    direction: np.ndarray
    entry_row: np.ndarray
    exit_row: np.ndarray
    quantity: np.ndarray
    entry_price: np.ndarray
    exit_price: np.ndarray
    fee: np.ndarray
    pnl: np.ndarray
    reason: np.ndarray
    closed: np.ndarray

    def __len__(self) -> int:
        return len(self.symbol)

    @property
    def returns(self) -> np.ndarray:
        """(K,) pnl as a fraction of the notional entered."""
        return np.asarray(self.pnl / (self.quantity * self.entry_price))

    @property
    def closed_pnl(self) -> np.ndarray:
        """Pnl of the closed ones."""
        return np.asarray(self.pnl[self.closed])


def round_trips(fills: Fills, last_price: np.ndarray, last_row: int) -> RoundTrips:
    """Group fills from flat to flat, symbol by symbol.

    Parameters
    ----------
    fills
        In time order.
    last_price
        (N,) prices at which open positions are valued.
    last_row
        Index of the bar of those prices.

    Examples
    --------
    Bought two at 10, sold three at 12 (one of them short), bought that one back at 11:

    >>> q = np.array([2.0, -3.0, 1.0]); z = np.zeros(3); i = np.zeros(3, dtype=np.int64)
    >>> fills = Fills(np.arange(3), i, q, np.array([10.0, 12.0, 11.0]), z, z, i)
    >>> trips = round_trips(fills, np.array([11.0]), 2)
    >>> trips.direction.tolist(), trips.pnl.tolist(), trips.closed.tolist()
    ([1, -1], [4.0, 1.0], [True, True])
    """
    parts = [
        _of_symbol(fills.take(np.flatnonzero(fills.symbol == j)), float(last_price[j]), last_row)
        for j in np.unique(fills.symbol)
    ]
    joined = {
        name: np.concatenate([getattr(part, name) for part in parts])
        if parts
        else np.empty(0, dtype=dtype)
        for name, dtype in _DTYPES.items()
    }
    order = np.lexsort((joined["entry_row"], joined["exit_row"], ~joined["closed"]))
    return RoundTrips(**{name: array[order] for name, array in joined.items()})


_DTYPES = dict.fromkeys(("quantity", "entry_price", "exit_price", "fee", "pnl"), np.float64) | {
    "symbol": np.int64,
    "direction": np.int8,
    "entry_row": np.int64,
    "exit_row": np.int64,
    "reason": np.int8,
    "closed": np.bool_,
}


def positions_after(quantity: np.ndarray) -> np.ndarray:
    """Position after each fill of one symbol, base asset; rounding dust counts as flat.

    Examples
    --------
    >>> positions_after(np.array([0.1, 0.2, -0.3])).tolist()
    [0.1, 0.30000000000000004, 0.0]
    """
    after = np.cumsum(quantity)
    after[np.abs(after) <= FLAT_TOLERANCE * np.abs(quantity)] = 0.0
    return after


def _of_symbol(fills: Fills, last_price: float, last_row: int) -> RoundTrips:
    quantity, fee, source = _split_at_zero(fills)
    after = positions_after(quantity)
    ends = np.flatnonzero(after == 0.0)
    starts = np.concatenate(([0], ends + 1))
    is_open = starts[-1] < len(quantity)
    if not is_open:
        starts = starts[:-1]
    price = fills.price[source]
    direction = np.sign(quantity[starts]).astype(np.int8)
    trip = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(quantity))))
    entering = np.sign(quantity) == direction[trip]
    size = np.abs(quantity)
    entered = np.add.reduceat(np.where(entering, size, 0.0), starts)
    left = np.add.reduceat(np.where(entering, 0.0, size), starts)
    paid = np.add.reduceat(np.where(entering, size * price, 0.0), starts)
    got = np.add.reduceat(np.where(entering, 0.0, size * price), starts)
    fees = np.add.reduceat(fee, starts)
    stop = np.append(starts[1:], len(quantity)) - 1
    closed = np.ones(len(starts), dtype=np.bool_)
    exit_row = fills.row[source[stop]]
    if is_open:
        closed[-1] = False
        exit_row[-1] = last_row
        got[-1] += (entered[-1] - left[-1]) * last_price
    return RoundTrips(
        symbol=np.full(len(starts), fills.symbol[0]),
        direction=direction,
        entry_row=fills.row[source[starts]],
        exit_row=exit_row,
        quantity=entered,
        entry_price=paid / entered,
        exit_price=got / entered,
        fee=fees,
        pnl=direction * (got - paid) - fees,
        reason=fills.reason[source[stop]].astype(np.int8),
        closed=closed,
    )


def _split_at_zero(fills: Fills) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Quantity, fee and index of origin of every fill, those crossing zero in two."""
    after = positions_after(fills.quantity)
    before = np.concatenate(([0.0], after[:-1]))
    crossing = before * after < 0.0
    if not crossing.any():
        return fills.quantity, fills.fee, np.arange(len(fills))
    source = np.repeat(np.arange(len(fills)), 1 + crossing)
    quantity = fills.quantity[source]
    fee = fills.fee[source]
    closing = (np.arange(len(fills)) + np.cumsum(crossing) - crossing)[crossing]
    quantity[closing] = -before[crossing]
    quantity[closing + 1] = after[crossing]
    share = quantity / fills.quantity[source]
    return quantity, fee * share, source
