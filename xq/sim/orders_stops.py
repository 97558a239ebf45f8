"""Spot orders that wait for a price: set aside, but in no book."""

from dataclasses import replace

from xq.sim.account import held, hold
from xq.sim.draft import Draft
from xq.sim.events import Cause
from xq.sim.feed import Feed
from xq.sim.instruments import Face
from xq.sim.records import Account, SimOrder
from xq.sim.refusal import Reason, Refusal
from xq.sim.triggers import is_met, rises


def wait_for_stop(draft: Draft, feed: Feed, order: SimOrder) -> SimOrder:
    """Let a spot order wait for its stop price, with what it may need set aside.

    One at the market's price sets aside what it would cost at its stop price.

    Raises
    ------
    Refusal
        If the price is there already, or there is not enough to set aside.
    """
    last = feed.last_price(order.symbol, draft.now_ms)
    if is_met(order.stop_price, last, above=rises(order.type, order.side)):
        raise Refusal(Reason.WOULD_TRIGGER)
    market = feed.instrument(order.symbol)
    asset, amount = held(market, order)
    if amount > draft.state.balance(order.owner, Face.SPOT, Account.FREE, asset):
        raise Refusal(Reason.NO_FUNDS)
    order = draft.put_order(replace(order, waiting=True), Cause.NEW)
    hold(draft, market, order)
    return order
