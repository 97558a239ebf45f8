"""What an algorithm wants next, and the orders that they share."""

from dataclasses import replace
from decimal import Decimal
from enum import Enum

from xq.execution.algos.children import Child
from xq.execution.algos.plan import Plan
from xq.execution.algos.view import MarketView
from xq.types import OrderType, Side, TimeInForce


class Wish(Enum):
    """Anything but a new child, which is a `Child` of the quantity wanted."""

    HOLD = "hold"
    WITHDRAW = "withdraw"  # cancel what rests


Wanted = Child | Wish


def crossing(plan: Plan, quantity: Decimal) -> Child:
    """Take from the book: a market order, or up to the parent's limit price."""
    taken = Child(plan.side, OrderType.MARKET, quantity, reduce_only=plan.reduce_only)
    if plan.limit_price is None:
        return taken
    return replace(
        taken, type=OrderType.LIMIT, price=plan.limit_price, time_in_force=TimeInForce.IOC
    )


def resting(plan: Plan, quantity: Decimal, price: Decimal) -> Child:
    """Wait in the book."""
    return Child(
        plan.side,
        OrderType.LIMIT,
        quantity,
        price=price,
        time_in_force=TimeInForce.GTC,
        reduce_only=plan.reduce_only,
    )


def touch(plan: Plan, view: MarketView) -> Decimal:
    """Best price of one's own side, not beyond the limit."""
    best, limit = view.bid, plan.limit_price
    if plan.side is Side.SELL:
        return view.ask if limit is None else max(view.ask, limit)
    return best if limit is None else min(best, limit)


def is_reachable(plan: Plan, view: MarketView) -> bool:
    """Whether the other side of the book stands within the limit price."""
    if plan.limit_price is None:
        return True
    other = view.ask if plan.side is Side.BUY else view.bid
    return (other - plan.limit_price) * plan.side.sign <= 0
