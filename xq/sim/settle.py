"""Time passes: everything that happened since the last request, in the order it happened."""

from collections.abc import Mapping

from xq.sim.account import close_order, execute
from xq.sim.contracts import (
    expire_idle_reductions,
    first_bankruptcy,
    liquidate,
    next_funding,
    pay_funding,
    trimmed,
)
from xq.sim.draft import Draft
from xq.sim.feed import Feed
from xq.sim.instruments import Face
from xq.sim.matching import Execution, first_through
from xq.sim.records import Kind, SimOrder
from xq.types import OrderStatus

_Fills = tuple[int, tuple[SimOrder, ...]]


def settle(draft: Draft, feeds: Mapping[Face, Feed], until_ms: int) -> None:
    """Bring the books to ``until_ms``: resting fills, funding, liquidation.

    The result does not depend on how often it is called on the way.
    """
    while draft.now_ms < until_ms:
        state = draft.state
        if not state.open_orders and not state.positions:
            draft.advance(until_ms)
            return
        funding_ms = next_funding(draft.now_ms)
        horizon = min(until_ms, funding_ms)
        if _next_event(draft, feeds, horizon):
            continue
        draft.advance(horizon)
        if horizon == funding_ms:
            pay_funding(draft, feeds[Face.FUTURES])


def _next_event(draft: Draft, feeds: Mapping[Face, Feed], horizon: int) -> bool:
    """Book the first fill or liquidation up to ``horizon``; whether there was one."""
    fills = _first_fills(draft, feeds, horizon)
    limit = fills[0] if fills else horizon
    futures = feeds[Face.FUTURES]
    ruin = first_bankruptcy(draft.state, futures, draft.now_ms, limit)
    if ruin is not None and not (fills and fills[0] <= ruin[0]):
        draft.advance(ruin[0])
        liquidate(draft, futures, ruin[1])
        return True
    if fills is None:
        return False
    draft.advance(fills[0])
    for order in fills[1]:
        _fill_resting(draft, feeds[order.face], order)
    draft.flush(Kind.TRADE)
    return True


def _first_fills(draft: Draft, feeds: Mapping[Face, Feed], horizon: int) -> _Fills | None:
    found = []
    for face, symbol in draft.state.index.markets():
        orders = draft.state.resting(face, symbol)
        fills = first_through(feeds[face], orders, draft.now_ms, horizon)
        if fills is not None:
            found.append(fills)
    return min(found, key=lambda item: item[0], default=None)


def _fill_resting(draft: Draft, feed: Feed, resting: SimOrder) -> None:
    order = draft.state.open_orders.get(resting.id)
    if order is None:  # an earlier fill of this moment left it nothing to reduce
        return
    market = feed.instrument(order.symbol)
    wanted = trimmed(draft, order) if order.reduce_only else order
    if wanted.remaining > 0:
        execution = Execution(order.price, wanted.remaining)
        order, _ = execute(draft, market, wanted, execution, maker=True)
    else:
        close_order(draft, market, order, OrderStatus.EXPIRED)
    if order.face is Face.FUTURES:
        expire_idle_reductions(draft, feed, order.owner, order.symbol)
