"""A new order enters: filters, funds or margin, the taker's walk, and what is left to rest."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from xq.sim.account import execute, hold
from xq.sim.contracts import DEPTH, expire_idle_reductions, marks, trimmed
from xq.sim.draft import Draft
from xq.sim.events import Cause
from xq.sim.exact import ZERO, divided
from xq.sim.feed import Feed
from xq.sim.filters import check, rules_of
from xq.sim.instruments import Face, SimInstrument
from xq.sim.margin import (
    evaluate,
    exposed,
    exposure,
    leverage_of,
    max_notional,
    order_margin,
)
from xq.sim.matching import (
    Execution,
    Level,
    opposite,
    total_quantity,
    total_quote,
    walk,
    walk_quote,
    would_take,
)
from xq.sim.records import Account, Kind, NewOrder, SimFill, SimOrder
from xq.sim.refusal import Reason, Refusal
from xq.types import OrderStatus, OrderType, Side, TimeInForce

_RESTING = (TimeInForce.GTC, TimeInForce.GTX)


@dataclass(frozen=True, slots=True)
class Placed:
    """An accepted order and what it did at once."""

    order: SimOrder
    fills: tuple[SimFill, ...]


def place(draft: Draft, owner: str, face: Face, feed: Feed, request: NewOrder) -> Placed:
    """Enter an order at the draft's time.

    Raises
    ------
    Refusal
        If a filter, the funds, the margin or the order's own conditions say no.
    """
    market = feed.instrument(request.symbol)
    index = draft.state.index
    if request.client_id and index.named(owner, face, request.client_id) is not None:
        raise Refusal(Reason.DUPLICATE_CLIENT_ID)
    same_market = index.count(owner, face, request.symbol)
    last = feed.last_price(request.symbol, draft.now_ms)
    check(request, rules_of(market), last, same_market)
    levels = opposite(request.side, feed.book(request.symbol, draft.now_ms, DEPTH))
    order = _new_order(draft, owner, face, request)
    if request.reduce_only:
        order = _reducing(draft, order)
    executions = _matched(order, market, levels)
    if order.quote_quantity:
        order = replace(order, quantity=total_quantity(executions))
    if face is Face.SPOT:
        _require_funds(draft, market, order, executions)
    elif not order.reduce_only:
        _require_margin(draft, feed, market, order, executions)
    return _entered(draft, feed, order, executions)


def _new_order(draft: Draft, owner: str, face: Face, request: NewOrder) -> SimOrder:
    number = draft.next_order_id()
    return SimOrder(
        id=number,
        owner=owner,
        face=face,
        symbol=request.symbol,
        client_id=f"sim-{number}" if request.client_id is None else request.client_id,
        side=request.side,
        type=request.type,
        time_in_force=request.time_in_force,
        price=ZERO if request.price is None else request.price,
        quantity=ZERO if request.quantity is None else request.quantity,
        quote_quantity=ZERO if request.quote_quantity is None else request.quote_quantity,
        reduce_only=request.reduce_only,
        status=OrderStatus.NEW,
        filled=ZERO,
        filled_quote=ZERO,
        created_ms=draft.now_ms,
        updated_ms=draft.now_ms,
    )


def _reducing(draft: Draft, order: SimOrder) -> SimOrder:
    cut = trimmed(draft, order)
    if cut.quantity <= 0:
        raise Refusal(Reason.REDUCE_ONLY)
    return cut


def _matched(
    order: SimOrder, market: SimInstrument, levels: Sequence[Level]
) -> tuple[Execution, ...]:
    if order.quote_quantity:
        return walk_quote(levels, order.quote_quantity, market.instrument.lot)
    if order.type is OrderType.MARKET:
        return walk(levels, order.side, order.quantity)
    if order.time_in_force is TimeInForce.GTX:
        if would_take(order.side, order.price, levels):
            raise Refusal(Reason.POST_ONLY)
        return ()
    executions = walk(levels, order.side, order.quantity, order.price)
    if order.time_in_force is TimeInForce.FOK and total_quantity(executions) < order.quantity:
        if order.face is Face.FUTURES:
            raise Refusal(Reason.FILL_OR_KILL)
        return ()
    return executions


def _require_funds(
    draft: Draft, market: SimInstrument, order: SimOrder, executions: tuple[Execution, ...]
) -> None:
    if order.side is Side.SELL:
        asset, needed = market.base, order.quantity
    elif order.type is OrderType.MARKET:
        asset, needed = market.quote, total_quote(executions)
    else:
        asset, needed = market.quote, order.price * order.quantity
    if needed > draft.state.balance(order.owner, Face.SPOT, Account.FREE, asset):
        raise Refusal(Reason.NO_FUNDS)


def _require_margin(
    draft: Draft,
    feed: Feed,
    market: SimInstrument,
    order: SimOrder,
    executions: tuple[Execution, ...],
) -> None:
    """The growth of initial margin, the loss at the open and the fee must fit what is free."""
    price = order.price if order.type is OrderType.LIMIT else _mean_price(executions)
    state, owner, symbol = draft.state, order.owner, order.symbol
    now = marks(feed, {*exposed(state, owner), symbol}, draft.now_ms)
    mark, leverage = now[symbol], leverage_of(state, owner, symbol)
    position = state.position(owner, symbol).quantity * mark
    resting = state.orders_of(owner, Face.FUTURES, symbol)
    known = exposure(position, resting)
    reached = exposure(position, [*resting, replace(order, price=price)])
    growth = order_margin(reached, position, leverage) - order_margin(known, position, leverage)
    if growth <= 0:
        return
    before = evaluate(state, owner, now)
    loss = max(ZERO, (price - mark) * order.side.sign) * order.quantity
    fee = price * order.quantity * market.instrument.taker
    if growth + loss + fee > before.available:
        raise Refusal(Reason.NO_MARGIN)
    if reached > max_notional(symbol, leverage):
        raise Refusal(Reason.POSITION_LIMIT)


def _mean_price(executions: tuple[Execution, ...]) -> Decimal:
    quantity = total_quantity(executions)
    return divided(total_quote(executions), quantity) if quantity else ZERO


def _entered(
    draft: Draft, feed: Feed, order: SimOrder, executions: tuple[Execution, ...]
) -> Placed:
    market = feed.instrument(order.symbol)
    order = draft.put_order(order, Cause.NEW)
    fills = []
    for execution in executions:
        order, fill = execute(draft, market, order, execution, maker=False)
        fills.append(fill)
    if order.is_open and order.type is OrderType.LIMIT and order.time_in_force in _RESTING:
        hold(draft, market, order)
    elif order.is_open:
        order = draft.put_order(replace(order, status=OrderStatus.EXPIRED), Cause.EXPIRED)
    if order.face is Face.FUTURES and fills:
        expire_idle_reductions(draft, feed, order.owner, order.symbol)
        order = draft.state.open_orders.get(order.id, draft.changes.orders[order.id])
    draft.flush(Kind.TRADE if fills else Kind.HOLD)
    return Placed(order, tuple(fills))
