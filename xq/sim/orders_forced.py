"""Orders that nobody asked for: the venue closes a position."""

from decimal import Decimal

from xq.sim.draft import Draft
from xq.sim.exact import ZERO
from xq.sim.instruments import Face
from xq.sim.records import SimOrder, SimPosition
from xq.types import OrderStatus, OrderType, Side, TimeInForce


def forced_order(draft: Draft, position: SimPosition, quantity: Decimal, name: str) -> SimOrder:
    """The order that closes so much of a position, whoever holds it."""
    number = draft.next_order_id()
    return SimOrder(
        id=number,
        owner=position.owner,
        face=Face.FUTURES,
        symbol=position.symbol,
        client_id=f"{name}-{draft.now_ms}-{number}",
        side=Side.SELL if position.quantity > 0 else Side.BUY,
        type=OrderType.MARKET,
        time_in_force=TimeInForce.IOC,
        price=ZERO,
        quantity=quantity,
        quote_quantity=ZERO,
        reduce_only=True,
        status=OrderStatus.NEW,
        filled=ZERO,
        filled_quote=ZERO,
        created_ms=draft.now_ms,
        updated_ms=draft.now_ms,
        position_side=position.side,
    )
