"""Everything the reference remembers, as lists."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from support.reference_venue.books import Books, balance
from support.reference_venue.numbers import ZERO
from support.reference_venue.records import (
    OPEN,
    Algo,
    Fill,
    Market,
    Order,
    Payment,
    Refused,
)

FIRST_LEVERAGE = 20


@dataclass(eq=False)
class State:
    """The venue's memory. ``now`` is venue time in epoch milliseconds."""

    markets: list[Market]
    owners: list[str]
    now: int
    history: list[Fill | Payment] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    algos: list[Algo] = field(default_factory=list)
    hedge: dict[str, bool] = field(default_factory=dict)
    leverages: dict[tuple[str, str], int] = field(default_factory=dict)
    isolated: dict[tuple[str, str], bool] = field(default_factory=dict)
    countdowns: dict[tuple[str, str], int] = field(default_factory=dict)
    taken: dict[tuple[str, str, str, Decimal], tuple[Decimal, Decimal]] = field(
        default_factory=dict
    )
    turns: int = 0
    _known: dict[str, tuple[int, Books]] = field(default_factory=dict)

    def market(self, face: str, symbol: str) -> Market:
        """One market; refused if there is none."""
        for item in self.markets:
            if (item.face, item.symbol) == (face, symbol):
                return item
        raise Refused("bad_symbol")

    def books(self, owner: str) -> Books:
        """An account's balances and positions, recomputed when anything was written since."""
        length, books = self._known.get(owner, (-1, Books()))
        if length != len(self.history):
            books = balance(self.history, owner)
            self._known[owner] = (len(self.history), books)
        return books

    def open_orders(
        self, face: str, symbol: str | None = None, owner: str | None = None
    ) -> list[Order]:
        """Resting orders, oldest first."""
        return [
            item
            for item in self.orders
            if item.status in OPEN
            and item.face == face
            and symbol in (None, item.symbol)
            and owner in (None, item.owner)
        ]

    def waiting(self, owner: str | None = None, symbol: str | None = None) -> list[Algo]:
        """Conditional orders that have not triggered, oldest first."""
        return [
            item
            for item in self.algos
            if item.status == "new"
            and owner in (None, item.owner)
            and symbol in (None, item.symbol)
        ]

    def fills(self) -> Iterator[Fill]:
        """Every execution, oldest first."""
        return (item for item in self.history if isinstance(item, Fill))

    def leverage(self, owner: str, symbol: str) -> int:
        """The chosen leverage, or twenty, or what the first bracket allows if that is less."""
        tiers = self.market("futures", symbol).tiers
        return self.leverages.get((owner, symbol), min(FIRST_LEVERAGE, tiers[0].leverage))

    def is_isolated(self, owner: str, symbol: str) -> bool:
        """Whether a symbol's positions have margin of their own."""
        return self.isolated.get((owner, symbol), False)

    def is_hedge(self, owner: str) -> bool:
        """Whether long and short are apart."""
        return self.hedge.get(owner, False)

    def held(self, owner: str) -> dict[str, Decimal]:
        """What resting spot orders keep from being used, by asset."""
        found: dict[str, Decimal] = {}
        for order in self.open_orders("spot", owner=owner):
            base = self.market("spot", order.symbol).base
            asset = "USDT" if order.side == "buy" else base
            amount = order.left * order.price if order.side == "buy" else order.left
            found[asset] = found.get(asset, ZERO) + amount
        return found

    def free(self, owner: str, asset: str) -> Decimal:
        """Spot balance that can be used."""
        return self.books(owner).spot.get(asset, ZERO) - self.held(owner).get(asset, ZERO)

    def reducible(self, order: Order) -> Decimal:
        """How much of the position an order on its side could close."""
        position = self.books(order.owner).position(order.symbol, order.position_side)
        return max(ZERO, -position.quantity * order.sign)
