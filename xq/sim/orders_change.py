"""Resting orders change or end: canceled, amended, expired by a date or a countdown."""

from dataclasses import replace
from decimal import Decimal

from xq.sim.account import close_order
from xq.sim.draft import Draft
from xq.sim.events import Cause
from xq.sim.feed import Feed
from xq.sim.filters import Standing, check, rules_of
from xq.sim.instruments import Face
from xq.sim.orders import Placed, enter, is_limit
from xq.sim.records import Kind, NewOrder, SimOrder
from xq.sim.refusal import Reason, Refusal
from xq.sim.state import Countdown
from xq.types import OrderStatus, TimeInForce


def cancel(draft: Draft, feed: Feed, order: SimOrder) -> SimOrder:
    """End one open order at its owner's wish."""
    canceled = close_order(draft, feed.instrument(order.symbol), order, OrderStatus.CANCELED)
    draft.flush(Kind.RELEASE)
    return canceled


def cancel_all(draft: Draft, feed: Feed, owner: str, face: Face, symbol: str) -> list[SimOrder]:
    """End every open order of an account in one symbol."""
    market = feed.instrument(symbol)
    canceled = [
        close_order(draft, market, order, OrderStatus.CANCELED)
        for order in draft.state.orders_of(owner, face, symbol)
    ]
    draft.flush(Kind.RELEASE)
    return canceled


def end_order(draft: Draft, feed: Feed, number: int) -> None:
    """A good-till-date order has reached its date."""
    order = draft.state.open_orders[number]
    close_order(draft, feed.instrument(order.symbol), order, OrderStatus.EXPIRED)
    draft.flush(Kind.RELEASE)


def end_countdown(draft: Draft, feed: Feed, owner: str, symbol: str) -> None:
    """A dead man's switch ran out."""
    draft.put("countdowns", (owner, symbol), None)
    cancel_all(draft, feed, owner, Face.FUTURES, symbol)


def set_countdown(draft: Draft, owner: str, symbol: str, after_ms: int) -> None:
    """Cancel everything after a while unless told again; 0 takes the switch away."""
    key = (owner, symbol)
    if after_ms:
        draft.put("countdowns", key, Countdown(owner, symbol, draft.now_ms + after_ms))
    elif key in draft.state.countdowns:
        draft.put("countdowns", key, None)


def amend(draft: Draft, feed: Feed, order: SimOrder, price: Decimal, quantity: Decimal) -> Placed:
    """Give a resting futures order another price or quantity.

    It keeps its place in the queue only if it gets smaller at the same price; at a price that
    meets others it trades.

    Raises
    ------
    Refusal
        If nothing would change, or the order could not be entered like that.
    """
    if not is_limit(order):
        raise Refusal(Reason.AMEND_LIMIT_ONLY)
    if (price, quantity) == (order.price, order.quantity):
        raise Refusal(Reason.NOTHING_TO_AMEND)
    market = feed.instrument(order.symbol)
    request = NewOrder(
        order.symbol,
        order.side,
        order.type,
        quantity=quantity,
        price=price,
        reduce_only=order.reduce_only,
    )
    check(request, rules_of(market), Standing(draft.mark(feed, order.symbol)))
    if quantity <= order.filled:
        return Placed(cancel(draft, feed, order), ())
    changed = replace(order, price=price, quantity=quantity)
    if price == order.price and quantity < order.quantity:
        return Placed(draft.put_order(changed, Cause.AMENDED), ())
    return _moved(draft, feed, changed)


def _moved(draft: Draft, feed: Feed, order: SimOrder) -> Placed:
    """Out of the book and in again, at the end of its new price's queue."""
    draft.leave(order)
    try:
        placed = enter(draft, feed, order, Cause.AMENDED)
    except Refusal as refusal:
        if refusal.reason is not Reason.POST_ONLY or order.time_in_force is not TimeInForce.GTX:
            raise
        closed = replace(order, status=OrderStatus.CANCELED)
        placed = Placed(draft.put_order(closed, Cause.CANCELED), ())
    draft.flush(Kind.TRADE if placed.fills else Kind.HOLD)
    return placed
