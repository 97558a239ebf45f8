"""What resting futures orders may add to positions, kept as sums: nobody has to add them up."""

from dataclasses import dataclass, field
from decimal import Decimal

from xq.sim.exact import ZERO
from xq.sim.instruments import Face
from xq.sim.records import PositionSide, SimOrder
from xq.types import Side

Opening = tuple[Decimal, Decimal]
NOTHING: Opening = (ZERO, ZERO)


@dataclass(slots=True)
class _Around:
    """The open orders around one position."""

    orders: int = 0
    reducing: int = 0
    buys: Decimal = ZERO
    sells: Decimal = ZERO


@dataclass(slots=True)
class Openings:
    """Notional that open orders would buy, and sell, by account, symbol and position side.

    Orders that only reduce count as orders, but open nothing.
    """

    _around: dict[tuple[str, str, PositionSide], _Around] = field(default_factory=dict)

    def of(self, owner: str, symbol: str, side: PositionSide) -> Opening | None:
        """What is bought and sold around a position; None where there is no order."""
        found = self._around.get((owner, symbol, side))
        return None if found is None else (found.buys, found.sells)

    def reducing(self, owner: str, symbol: str) -> bool:
        """Whether any of an account's orders in a symbol may only reduce."""
        around = (self._around.get((owner, symbol, side)) for side in PositionSide)
        return any(found is not None and found.reducing for found in around)

    def add(self, order: SimOrder) -> None:
        """An order became open."""
        if order.face is Face.FUTURES:
            key = order.owner, order.symbol, order.position_side
            around = self._around.get(key)
            if around is None:
                around = self._around[key] = _Around()
            around.orders += 1
            around.reducing += order.reduce_only
            buys, sells = opened_by(order)
            around.buys += buys
            around.sells += sells

    def remove(self, order: SimOrder) -> None:
        """An order as it was added is open no more."""
        if order.face is Face.FUTURES:
            key = order.owner, order.symbol, order.position_side
            around = self._around[key]
            around.orders -= 1
            around.reducing -= order.reduce_only
            if not around.orders:
                del self._around[key]
                return
            buys, sells = opened_by(order)
            around.buys -= buys
            around.sells -= sells


def opened_by(order: SimOrder, price: Decimal | None = None) -> Opening:
    """What one order would buy and sell, at its own price or another."""
    if order.reduce_only:
        return NOTHING
    notional = (order.price if price is None else price) * (order.quantity - order.filled)
    return (notional, ZERO) if order.side is Side.BUY else (ZERO, notional)
