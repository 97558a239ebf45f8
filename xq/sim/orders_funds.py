"""Whether an account can pay for an order: funds on spot, margin on futures."""

from dataclasses import replace
from decimal import Decimal

from xq.sim.brackets import max_notional
from xq.sim.draft import Draft
from xq.sim.exact import ZERO, divided
from xq.sim.feed import Feed
from xq.sim.instruments import Face, SimInstrument
from xq.sim.margin import (
    evaluate,
    exposed,
    exposure,
    leverage_of,
    open_notional,
    order_margin,
)
from xq.sim.matching import Plan
from xq.sim.records import Account, SimOrder
from xq.sim.refusal import Reason, Refusal
from xq.types import OrderType, Side

_UNPRICED = (OrderType.MARKET, OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET)


def require_funds(draft: Draft, market: SimInstrument, order: SimOrder, plan: Plan) -> None:
    """Refuse a spot order that costs more than there is.

    Raises
    ------
    Refusal
        If it does.
    """
    if order.side is Side.SELL:
        asset, needed = market.base, order.remaining
    elif order.type in _UNPRICED:
        asset, needed = market.quote, plan.quote
    else:
        asset, needed = market.quote, order.price * order.remaining
    if order.side is Side.BUY and market.fee_in_quote:
        needed += needed * market.instrument.taker
    if needed > draft.state.balance(order.owner, Face.SPOT, Account.FREE, asset):
        raise Refusal(Reason.NO_FUNDS)


def require_margin(
    draft: Draft, feed: Feed, market: SimInstrument, order: SimOrder, plan: Plan
) -> None:
    """The growth of initial margin, the loss at the open and the fee must fit what is free.

    Raises
    ------
    Refusal
        If they do not, or the brackets forbid so large a position.
    """
    price = order.price if order.price else _mean_price(plan)
    state, owner, symbol = draft.state, order.owner, order.symbol
    now = {name: draft.mark(feed, name) for name in {*exposed(state, owner), symbol}}
    mark, leverage = now[symbol], leverage_of(state, owner, symbol)
    position = state.position(owner, symbol, order.position_side).quantity * mark
    resting = [
        other
        for other in state.orders_of(owner, Face.FUTURES, symbol)
        if other.position_side is order.position_side
    ]
    opening = open_notional(resting)
    known = exposure(position, opening)
    old = open_notional(other for other in resting if other.id == order.id)
    new = open_notional((order if order.price else replace(order, price=price),))
    sums = zip(opening, old, new, strict=True)
    buys, sells = (before - changed + now_ for before, changed, now_ in sums)
    reached = exposure(position, (buys, sells))
    growth = order_margin(reached, position, leverage) - order_margin(known, position, leverage)
    if growth <= 0:
        return
    loss = max(ZERO, (price - mark) * order.side.sign) * order.remaining
    fee = price * order.remaining * market.instrument.taker
    if growth + loss + fee > evaluate(state, owner, now).available:
        raise Refusal(Reason.NO_MARGIN)
    if reached > max_notional(symbol, leverage):
        raise Refusal(Reason.POSITION_LIMIT)


def _mean_price(plan: Plan) -> Decimal:
    return divided(plan.quote, plan.quantity) if plan.quantity else ZERO
