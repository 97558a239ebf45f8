"""Orders that rest at the venue or left of late: what may still change what is held. Pure."""

from collections.abc import Sequence
from decimal import Decimal

from xq.execution.orders import OrderState
from xq.execution.records import JournalOrder
from xq.risk.limits import Intent
from xq.types import Side, Symbol


def may_still_fill(resting: Sequence[JournalOrder], symbol: Symbol, side: Side) -> Decimal:
    """What may still fill of orders that add to a side, base asset."""
    left = (
        order.quantity - order.filled
        for order in resting
        if (order.symbol, order.side) == (symbol, side) and not order.reduce_only
    )
    return sum(left, Decimal(0))


def intents(recent: Sequence[JournalOrder]) -> tuple[Intent, ...]:
    """Orders that may have reached the venue and added exposure there."""
    nothing_left = (OrderState.NOT_SENT, OrderState.REJECTED)
    return tuple(
        Intent(o.symbol, o.side, o.quantity, o.venue_ms, _asker(o))
        for o in recent
        if o.state not in nothing_left and not o.reduce_only
    )


def _asker(order: JournalOrder) -> str | None:
    return None if order.decision_id is None else f"{order.decision_id}:{order.leg}"
