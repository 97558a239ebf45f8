"""Trades between orders: a taker's plan is carried out, a resting order is filled by the tape."""

from dataclasses import dataclass, replace
from decimal import Decimal

from xq.frozen import quick
from xq.sim.account import close_order, execute
from xq.sim.algos import AlgoStatus
from xq.sim.book import units
from xq.sim.draft import Draft
from xq.sim.events import Cause
from xq.sim.exact import ZERO
from xq.sim.feed import Feed
from xq.sim.instruments import Face
from xq.sim.liquidity import FAR, NEAR, Outside, forget, look
from xq.sim.matching import Execution, Plan, Resting, Taker, plan
from xq.sim.records import PositionSide, SimFill, SimOrder
from xq.sim.state import Queue, State
from xq.types import OrderStatus, Side


@quick
@dataclass(frozen=True, slots=True)
class Meeting:
    """What a taker will do, and the outside liquidity it was planned with."""

    plan: Plan
    outside: Outside


def opposite(side: Side) -> Side:
    """The side of the orders that a taker meets."""
    return Side.SELL if side is Side.BUY else Side.BUY


def meet(draft: Draft, feed: Feed, face: Face, symbol: str, taker: Taker) -> Meeting:
    """Plan a taker's way, looking as deep into the book as it needs."""
    state = draft.state
    resting = Resting(
        book=state.book(face, symbol),
        order=state.open_orders.__getitem__,
        ahead=lambda number: state.queues[number].ahead,
        fillable=lambda order, already: fillable(state, order, already),
    )
    outside = look(feed, face, symbol, draft.now_ms)
    made = plan(taker, outside.left(state, opposite(taker.side)), resting)
    if _wants_more(taker, made, outside):
        outside = look(feed, face, symbol, draft.now_ms, FAR)
        made = plan(taker, outside.left(state, opposite(taker.side)), resting)
    return Meeting(made, outside)


def _wants_more(taker: Taker, made: Plan, outside: Outside) -> bool:
    """Whether the way may go on behind the last level that was looked at."""
    levels = outside.shown[opposite(taker.side)]
    if made.stopped or len(levels) < NEAR or not taker.accepts(levels[-1][0]):
        return False
    if taker.quote is None:
        return made.quantity < taker.quantity
    return bool(made.steps) and made.steps[-1].price == levels[-1][0]


def reducible(state: State, order: SimOrder) -> Decimal:
    """How much of its position an order could close."""
    return reducible_by(state, order.owner, order.symbol, order.position_side, order.side)


def reducible_by(
    state: State, owner: str, symbol: str, position_side: PositionSide, side: Side
) -> Decimal:
    """How much of a position orders of one side could close."""
    quantity = state.position(owner, symbol, position_side).quantity
    return abs(quantity) if quantity * side.sign < 0 else ZERO


def fillable(state: State, order: SimOrder, already: Decimal = ZERO) -> Decimal:
    """How much of an order may trade now, ``already`` being closed otherwise."""
    if not order.reduce_only:
        return order.remaining
    return min(order.remaining, reducible(state, order) - already)


def trimmed(state: State, order: SimOrder) -> SimOrder:
    """A reduce-only order cut to what there is to reduce; its filled part stays."""
    if not order.reduce_only:
        return order
    return replace(order, quantity=order.filled + max(fillable(state, order), ZERO))


def carry_out(
    draft: Draft, feed: Feed, order: SimOrder, meeting: Meeting, cause: Cause = Cause.TRADE
) -> tuple[SimOrder, list[SimFill]]:
    """Do what a plan says; returns the taker and its fills."""
    market = feed.instrument(order.symbol)
    fills: list[SimFill] = []
    taken: dict[Decimal, Decimal] = {}
    touched = {order.owner}
    for step in meeting.plan.steps:
        if not step.quantity:
            maker = draft.state.open_orders[step.maker]
            close_order(draft, market, maker, OrderStatus.EXPIRED)
            continue
        execution = Execution(step.price, step.quantity)
        order, fill = execute(draft, market, order, execution, maker=False, cause=cause)
        fills.append(fill)
        if step.maker:
            maker = trimmed(draft.state, draft.state.open_orders[step.maker])
            execute(draft, market, maker, execution, maker=True)
            touched.add(maker.owner)
        else:
            taken[step.price] = taken.get(step.price, ZERO) + step.quantity
    if taken:
        met = opposite(order.side)
        forget(draft, feed, meeting.outside, met)
        meeting.outside.take(draft, met, taken)
        _move_up(draft, order, met, taken)
    if fills and order.face is Face.FUTURES:
        for owner in sorted(touched):
            expire_idle_reductions(draft, feed, owner, order.symbol)
        order = draft.state.open_orders.get(order.id, draft.changes.orders[order.id])
    return order, fills


def _move_up(draft: Draft, order: SimOrder, side: Side, taken: dict[Decimal, Decimal]) -> None:
    """Outside quantity that a client took is ahead of nobody any more."""
    book = draft.state.book(order.face, order.symbol)
    if not book:
        return
    for price, quantity in taken.items():
        for number, _ in list(book.level(side is Side.BUY, units(price))):
            queue = draft.state.queues[number]
            if queue.ahead:
                ahead = max(queue.ahead - quantity, ZERO)
                draft.put("queues", number, Queue(number, queue.sequence, ahead))


def fill_resting(draft: Draft, feed: Feed, number: int, quantity: Decimal) -> None:
    """The tape reached a resting order: fill so much of it at its own price."""
    order = draft.state.open_orders.get(number)
    if order is None:  # an earlier fill of this moment left it nothing to reduce
        return
    market = feed.instrument(order.symbol)
    wanted = trimmed(draft.state, order)
    amount = min(quantity, wanted.remaining)
    if amount > 0:
        execute(draft, market, wanted, Execution(order.price, amount), maker=True)
    else:
        close_order(draft, market, order, OrderStatus.EXPIRED)
    if order.face is Face.FUTURES:
        expire_idle_reductions(draft, feed, order.owner, order.symbol)


def expire_idle_reductions(draft: Draft, feed: Feed, owner: str, symbol: str) -> None:
    """Expire reduce-only orders, and conditional ones tied to a position, that have none left."""
    state = draft.state
    for algo in state.algos_of(owner, symbol):
        if algo.with_position and algo.is_open:
            side = algo.position_side
            if not reducible_by(state, owner, symbol, side, algo.side):
                draft.end_algo(algo, AlgoStatus.EXPIRED, "no position")
    if not state.index.openings.reducing(owner, symbol):
        return
    for order in state.orders_of(owner, Face.FUTURES, symbol):
        if order.reduce_only and order.id in state.queues and not reducible(state, order):
            close_order(draft, feed.instrument(symbol), order, OrderStatus.EXPIRED)
