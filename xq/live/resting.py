"""What rests at the venue and may still change what is held. Pure."""

from collections.abc import Sequence
from decimal import Decimal

from xq.execution.records import JournalOrder
from xq.types import Side, Symbol


def may_still_fill(resting: Sequence[JournalOrder], symbol: Symbol, side: Side) -> Decimal:
    """What may still fill of orders that add to a side, base asset."""
    left = (
        order.quantity - order.filled
        for order in resting
        if (order.symbol, order.side) == (symbol, side) and not order.reduce_only
    )
    return sum(left, Decimal(0))
