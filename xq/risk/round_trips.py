"""From fills to closed round trips, exactly: what a losing streak is counted on.

A round trip runs from flat to flat. A fill that turns a position around is split where it crosses
zero, its fee shared by quantity. Less than a lot is flat: what fees in the base asset leave over is
valued at the closing fill's price and carried into the next round trip.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from xq.errors import NoData, PoisonRows
from xq.risk.readings import is_number, rounded
from xq.types import Side, Symbol

_ZERO = Decimal(0)


class Execution(Protocol):
    """A fill, as `xq.types.Fill` and the journal have it."""

    @property
    def symbol(self) -> Symbol: ...  # noqa: D102
    @property
    def fill_id(self) -> str: ...  # noqa: D102
    @property
    def side(self) -> Side: ...  # noqa: D102
    @property
    def price(self) -> Decimal: ...  # noqa: D102
    @property
    def quantity(self) -> Decimal: ...  # noqa: D102
    @property
    def fee(self) -> Decimal: ...  # noqa: D102
    @property
    def fee_asset(self) -> str: ...  # noqa: D102
    @property
    def ts(self) -> int: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """One closed round trip; ``pnl`` is in quote asset, after fees, before funding."""

    symbol: Symbol
    closed_ms: int
    pnl: Decimal


@dataclass(frozen=True, slots=True)
class TripTerms:
    """What fills alone do not say.

    Attributes
    ----------
    lots
        Smallest step of quantity, base asset; a symbol without one is flat only at zero.
    fee_prices
        Quote asset per unit of a fee's asset, where that is neither base nor quote.
    openings
        Signed quantity and price of what was held before the first fill.
    """

    lots: Mapping[Symbol, Decimal] = field(default_factory=dict)
    fee_prices: Mapping[str, Decimal] = field(default_factory=dict)
    openings: Mapping[Symbol, tuple[Decimal, Decimal]] = field(default_factory=dict)


def round_trips(fills: Iterable[Execution], terms: TripTerms) -> tuple[RoundTrip, ...]:
    """Closed round trips of all symbols, oldest first; in whatever order the fills come.

    Raises
    ------
    PoisonRows
        For a fill that cannot be true.
    NoData
        For a fee in an asset without a price.

    Examples
    --------
    Bought two at 10, sold three at 12 (one of them short), bought that one back at 11:

    >>> from xq.types import Fill
    >>> btc, d = Symbol.parse("BTC/USDT:USDT"), Decimal
    >>> rows = [(Side.BUY, 10, 2), (Side.SELL, 12, 3), (Side.BUY, 11, 1)]
    >>> fills = [Fill(btc, str(n), "", side, d(price), d(size), d("0.3"), "USDT", n)
    ...          for n, (side, price, size) in enumerate(rows)]
    >>> [(trip.closed_ms, float(trip.pnl)) for trip in round_trips(fills, TripTerms())]
    [(1, 3.5), (2, 0.6)]
    """
    unique = {(fill.symbol, fill.fill_id): fill for fill in fills}
    by_symbol: dict[Symbol, list[Execution]] = {}
    for fill in sorted(unique.values(), key=_order):
        _refuse_impossible(fill)
        by_symbol.setdefault(fill.symbol, []).append(fill)
    found = (trip for s, own in by_symbol.items() for trip in _Ledger.of(s, terms).closed(own))
    return tuple(sorted(found, key=lambda trip: (trip.closed_ms, str(trip.symbol))))


def _order(fill: Execution) -> tuple[int, int, str]:
    """Time, then the venue's number: ``"9"`` before ``"10"``."""
    return fill.ts, len(fill.fill_id), fill.fill_id


def _refuse_impossible(fill: Execution) -> None:
    numbers = {"price": fill.price, "quantity": fill.quantity, "fee": fill.fee}
    for name, value in numbers.items():
        if not is_number(value) or (name != "fee" and value <= 0):
            raise PoisonRows(f"{name} of fill {fill.fill_id} is {value}", where=str(fill.symbol))


@dataclass(slots=True)
class _Ledger:
    """One symbol: what is held, and the money that its round trip has moved so far."""

    symbol: Symbol
    lot: Decimal
    prices: Mapping[str, Decimal]
    position: Decimal
    cash: Decimal

    @classmethod
    def of(cls, symbol: Symbol, terms: TripTerms) -> "_Ledger":
        quantity, price = terms.openings.get(symbol, (_ZERO, _ZERO))
        lot = terms.lots.get(symbol, _ZERO)
        return cls(symbol, lot, terms.fee_prices, quantity, -quantity * price)

    def closed(self, fills: Sequence[Execution]) -> list[RoundTrip]:
        trips: list[RoundTrip] = []
        for fill in fills:
            change, fee = self._change(fill)
            if self.position * change < 0 and not self._flat(self.position):
                part = min(abs(self.position), abs(change)).copy_sign(change)
                share = fee * part / change
                self._book(part, fill.price, share)
                change, fee = change - part, fee - share
                if self._flat(self.position):
                    trips.append(self._close(fill))
            self._book(change, fill.price, fee)
        return trips

    def _change(self, fill: Execution) -> tuple[Decimal, Decimal]:
        """What a fill does to the position, and its fee in quote asset."""
        change = fill.side.sign * fill.quantity
        if fill.fee_asset == self.symbol.quote or fill.fee == 0:
            return change, fill.fee
        if fill.fee_asset == self.symbol.base and not self.symbol.is_contract:
            return change - fill.fee, fill.fee * fill.price
        price = self.prices.get(fill.fee_asset)
        if price is None or not is_number(price):
            raise NoData(f"no price of {fill.fee_asset}, in which a fee of {fill.symbol} was paid")
        return change, fill.fee * price

    def _flat(self, position: Decimal) -> bool:
        return position == 0 or abs(position) < self.lot

    def _book(self, change: Decimal, price: Decimal, fee: Decimal) -> None:
        self.position += change
        self.cash -= change * price + fee

    def _close(self, fill: Execution) -> RoundTrip:
        left = self.position * fill.price
        trip = RoundTrip(self.symbol, fill.ts, rounded(self.cash + left))
        self.cash = -left
        return trip
