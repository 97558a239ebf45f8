"""Orders that nobody asked for: the venue closes a position."""

from decimal import Decimal

from xq.sim.draft import Draft
from xq.sim.instruments import Face
from xq.sim.orders import order_of
from xq.sim.records import NewOrder, SimOrder, SimPosition
from xq.types import OrderType, Side, TimeInForce


def forced_order(draft: Draft, position: SimPosition, quantity: Decimal, name: str) -> SimOrder:
    """The order that closes so much of a position, whoever holds it."""
    number = draft.next_order_id()
    request = NewOrder(
        symbol=position.symbol,
        side=Side.SELL if position.quantity > 0 else Side.BUY,
        type=OrderType.MARKET,
        client_id=f"{name}-{draft.now_ms}-{number}",
        quantity=quantity,
        time_in_force=TimeInForce.IOC,
        reduce_only=True,
        position_side=position.side,
    )
    return order_of(request, position.owner, Face.FUTURES, number, draft.now_ms)
