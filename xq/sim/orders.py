"""A new order enters: filters, funds or margin, the taker's way, and what is left to rest."""

from dataclasses import dataclass, replace

from xq.frozen import quick
from xq.sim.account import hold
from xq.sim.draft import Draft
from xq.sim.events import Cause
from xq.sim.exact import ZERO
from xq.sim.feed import Feed
from xq.sim.filters import LAST_MS, MIN_LIFE_MS, Standing, check, rules_of
from xq.sim.instruments import Face, SimInstrument
from xq.sim.matching import Taker
from xq.sim.orders_funds import require_funds, require_margin
from xq.sim.orders_stops import wait_for_stop
from xq.sim.records import Kind, NewOrder, PositionSide, SimFill, SimOrder
from xq.sim.refusal import Reason, Refusal
from xq.sim.trading import Meeting, carry_out, fillable, meet
from xq.types import OrderStatus, OrderType, TimeInForce

RESTING = (TimeInForce.GTC, TimeInForce.GTX, TimeInForce.GTD)


@quick
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
    placed = admit(draft, owner, face, feed, request)
    draft.flush(Kind.TRADE if placed.fills else Kind.HOLD)
    return placed


def admit(
    draft: Draft, owner: str, face: Face, feed: Feed, request: NewOrder, algo_id: int = 0
) -> Placed:
    """`place` for one of several things that happen together.

    Parameters
    ----------
    algo_id
        The conditional order that sends it.
    """
    market = feed.instrument(request.symbol)
    index = draft.state.index
    if request.client_id and index.named(owner, face, request.client_id) is not None:
        raise Refusal(Reason.DUPLICATE_CLIENT_ID)
    if face is Face.FUTURES:
        request = sided(draft, owner, request)
    check(request, rules_of(market), _standing(draft, owner, face, feed, request))
    if request.time_in_force is TimeInForce.GTD:
        require_life(draft, request.good_till_ms)
    order = order_of(request, owner, face, draft.next_order_id(), draft.now_ms, algo_id)
    if order.stop_price:
        return Placed(wait_for_stop(draft, feed, order), ())
    if order.reduce_only:
        order = _reducing(draft, order)
    return enter(draft, feed, order)


def sided(draft: Draft, owner: str, request: NewOrder) -> NewOrder:
    """A futures order as its account's position mode means it.

    In hedge mode an order names a side, and one against it only reduces.
    """
    hedged = draft.state.is_hedged(owner)
    if hedged == (request.position_side is PositionSide.BOTH):
        raise Refusal(Reason.POSITION_SIDE)
    if not hedged:
        return request
    if request.reduce_only:
        raise Refusal(Reason.UNWANTED_PARAMETER, "reduceOnly")
    return replace(request, reduce_only=request.side is not request.position_side.opens)


def _standing(draft: Draft, owner: str, face: Face, feed: Feed, request: NewOrder) -> Standing:
    symbol, index = request.symbol, draft.state.index
    spot = face is Face.SPOT
    return Standing(
        feed.last_price(symbol, draft.now_ms) if spot else draft.mark(feed, symbol),
        index.count(owner, face, symbol),
        index.count_waiting(owner, symbol) if spot else 0,
    )


def require_life(draft: Draft, good_till_ms: int) -> None:
    """Refuse an end that is too near, or after the year 9999."""
    if not draft.now_ms + MIN_LIFE_MS <= good_till_ms < LAST_MS:
        raise Refusal(Reason.BAD_GOOD_TILL)


def order_of(
    request: NewOrder, owner: str, face: Face, number: int, now_ms: int, algo_id: int = 0
) -> SimOrder:
    """The order of a request, not yet in any book."""
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
        created_ms=now_ms,
        updated_ms=now_ms,
        position_side=request.position_side,
        self_trade=request.self_trade,
        good_till_ms=request.good_till_ms,
        stop_price=ZERO if request.stop_price is None else request.stop_price,
        algo_id=algo_id,
    )


def _reducing(draft: Draft, order: SimOrder) -> SimOrder:
    quantity = fillable(draft.state, order)
    if quantity <= 0:
        raise Refusal(Reason.REDUCE_ONLY)
    return replace(order, quantity=quantity)


def enter(draft: Draft, feed: Feed, order: SimOrder, cause: Cause | None = Cause.NEW) -> Placed:
    """Let an order of its owner's match and rest, if its owner can pay for it.

    Parameters
    ----------
    cause
        Why it enters; None if it is in the books already.
    """
    market = feed.instrument(order.symbol)
    meeting = meet(draft, feed, order.face, order.symbol, taker_of(order, market))
    if order.quote_quantity:
        order = replace(order, quantity=meeting.plan.quantity)
    matched = _conditions(order, meeting)
    if order.face is Face.SPOT:
        require_funds(draft, market, order, matched.plan)
    elif not order.reduce_only:
        require_margin(draft, feed, market, order, matched.plan)
    if cause is not None and (draft.heard or matched.plan.quantity != order.remaining):
        order = draft.put_order(order, cause)  # else it is in no book, and its end is all there is
    order, fills = carry_out(draft, feed, order, matched)
    if order.is_open and _rests(order) and not matched.plan.stopped:
        hold(draft, market, order)
        draft.rest(order, matched.outside.at(draft.state, order.side, order.price))
    elif order.is_open:
        order = draft.put_order(replace(order, status=OrderStatus.EXPIRED), Cause.EXPIRED)
    return Placed(order, tuple(fills))


def taker_of(order: SimOrder, market: SimInstrument) -> Taker:
    """The order as one who walks the book."""
    return Taker(
        owner=order.owner,
        side=order.side,
        quantity=order.remaining,
        limit=order.price if is_limit(order) else None,
        quote=order.quote_quantity if order.quote_quantity else None,
        lot=market.instrument.lot,
        self_trade=order.self_trade,
        position_side=order.position_side,
    )


def is_limit(order: SimOrder | NewOrder) -> bool:
    """Whether the order has a worst price of its own."""
    return order.type in (OrderType.LIMIT, OrderType.STOP, OrderType.TAKE_PROFIT)


def _rests(order: SimOrder) -> bool:
    return is_limit(order) and order.time_in_force in RESTING


def _conditions(order: SimOrder, meeting: Meeting) -> Meeting:
    """What the order's time in force leaves of its way; refused where it may not enter at all."""
    if order.time_in_force is TimeInForce.GTX and (meeting.plan.steps or meeting.plan.stopped):
        raise Refusal(Reason.POST_ONLY)
    if order.time_in_force is TimeInForce.FOK and meeting.plan.quantity < order.remaining:
        if order.face is Face.FUTURES:
            raise Refusal(Reason.FILL_OR_KILL)
        return replace(meeting, plan=replace(meeting.plan, steps=()))
    return meeting
