"""A price was met: the conditional order sends its order, the waiting spot order begins to work."""

from dataclasses import replace
from decimal import Decimal

from xq.sim.account import release
from xq.sim.algos import AlgoOrder, AlgoStatus
from xq.sim.algos_enter import LIMITS
from xq.sim.draft import Draft
from xq.sim.events import Cause
from xq.sim.feed import Feed
from xq.sim.instruments import Face
from xq.sim.orders import admit, enter
from xq.sim.records import Kind, NewOrder
from xq.sim.refusal import Refusal
from xq.sim.trading import reducible_by
from xq.types import OrderStatus, OrderType

PROTECT = Decimal("0.05")  # how far last and mark price may be apart for a protected trigger


def fire(draft: Draft, feed: Feed, algo: AlgoOrder) -> None:
    """Send the order of a conditional order; what is refused now is rejected for good."""
    algo = draft.put_algo(replace(algo, status=AlgoStatus.TRIGGERING, triggered_ms=draft.now_ms))
    if algo.price_protect and _apart(draft, feed, algo.symbol):
        draft.put_algo(replace(algo, status=AlgoStatus.EXPIRED, note="price protection"))
    else:
        _send(draft, feed, algo)
    draft.flush(Kind.TRADE)


def _send(draft: Draft, feed: Feed, algo: AlgoOrder) -> None:
    quantity = algo.quantity
    if algo.close_position:
        quantity = reducible_by(draft.state, algo.owner, algo.symbol, algo.position_side, algo.side)
        if not quantity:
            draft.put_algo(replace(algo, status=AlgoStatus.EXPIRED, note="no position"))
            return
    one_way = algo.position_side.opens is None
    request = NewOrder(
        symbol=algo.symbol,
        side=algo.side,
        type=LIMITS.get(algo.type, OrderType.MARKET),
        client_id=algo.client_id,
        quantity=quantity,
        price=algo.price if algo.type in LIMITS else None,
        time_in_force=algo.time_in_force,
        reduce_only=one_way and (algo.reduce_only or algo.close_position),
        position_side=algo.position_side,
        self_trade=algo.self_trade,
        good_till_ms=algo.good_till_ms,
    )
    try:
        placed = admit(draft, algo.owner, Face.FUTURES, feed, request, algo.id)
    except Refusal as refusal:
        draft.put_algo(replace(algo, status=AlgoStatus.REJECTED, note=str(refusal.reason)))
        return
    algo = draft.put_algo(replace(algo, status=AlgoStatus.TRIGGERED, order_id=placed.order.id))
    if not placed.order.is_open:
        draft.put_algo(replace(algo, status=AlgoStatus.FINISHED))


def _apart(draft: Draft, feed: Feed, symbol: str) -> bool:
    last, mark = feed.last_price(symbol, draft.now_ms), feed.mark_price(symbol, draft.now_ms)
    return abs(last - mark) > mark * PROTECT


def work(draft: Draft, feed: Feed, number: int) -> None:
    """A waiting spot order's price was met: it enters as if it came now."""
    order = draft.state.open_orders[number]
    release(draft, feed.instrument(order.symbol), order)
    order = replace(order, waiting=False)
    try:
        enter(draft, feed, order)
    except Refusal:
        draft.put_order(replace(order, status=OrderStatus.EXPIRED), Cause.EXPIRED)
    draft.flush(Kind.TRADE)
