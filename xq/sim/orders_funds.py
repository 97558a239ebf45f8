"""Whether an account can pay for an order: funds on spot, margin on futures."""

from decimal import Decimal

from xq.sim.brackets import max_notional
from xq.sim.draft import Draft
from xq.sim.exact import ZERO, divided
from xq.sim.feed import Feed
from xq.sim.instruments import Face, SimInstrument
from xq.sim.margin import (
    exposed,
    exposure,
    leverage_of,
    order_margin,
    valued,
)
from xq.sim.matching import Plan
from xq.sim.openings import NOTHING, opened_by
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
    opening = state.index.openings.of(owner, symbol, order.position_side)
    if opening is None:
        opening = NOTHING
    known = exposure(position, opening)
    before = state.open_orders.get(order.id)
    old = NOTHING if before is None else opened_by(before)
    sums = zip(opening, old, opened_by(order, price), strict=True)
    buys, sells = (present - gone + come for present, gone, come in sums)
    reached = exposure(position, (buys, sells))
    growth = order_margin(reached, position, leverage) - order_margin(known, position, leverage)
    if growth <= 0:
        return
    loss = max(ZERO, (price - mark) * order.side.sign) * order.remaining
    fee = price * order.remaining * market.instrument.taker
    if growth + loss + fee > valued(state, owner, now).available:
        raise Refusal(Reason.NO_MARGIN)
    if reached > max_notional(symbol, leverage):
        raise Refusal(Reason.POSITION_LIMIT)


def _mean_price(plan: Plan) -> Decimal:
    return divided(plan.quote, plan.quantity) if plan.quantity else ZERO
