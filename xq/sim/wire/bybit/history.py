"""What became of orders: open ones, closed ones, executions; always newest first."""

from collections.abc import Callable
from functools import partial
from typing import Any

from xq.sim.exact import ZERO
from xq.sim.records import SimOrder
from xq.sim.refusal import Reason, Refusal
from xq.sim.wire.bybit.algo_rows import algo_row, row_of
from xq.sim.wire.bybit.answers import Fault
from xq.sim.wire.bybit.archive import (
    Slice,
    closed_orders,
    fills,
    order_of,
    orders_of,
    unsent_algos,
)
from xq.sim.wire.bybit.asks import FACE, LINEAR, SETTLED_IN, Ask, page_of
from xq.sim.wire.bybit.cursors import Place, place_of
from xq.sim.wire.bybit.ids import Sort, written
from xq.sim.wire.bybit.memory import Declined
from xq.sim.wire.bybit.order_params import named
from xq.sim.wire.bybit.rows import execution_row, order_row
from xq.types import OrderStatus

_WEEK_MS = 7 * 86_400_000
_RECENT = 500
_NEEDED = ("symbol", "baseCoin", "settleCoin", "orderId", "orderLinkId")
_STATUSES = {
    "Filled": (OrderStatus.FILLED,),
    "Cancelled": (OrderStatus.CANCELED, OrderStatus.EXPIRED),
    "Rejected": (OrderStatus.REJECTED,),
}
_OPEN = ("New", "PartiallyFilled", "Untriggered")

Found = tuple[Place, Callable[[], dict[str, Any]]]


def realtime(ask: Ask) -> dict[str, Any]:
    """Open orders; with ``openOnly=1`` the newest closed ones; or one order by its id."""
    ask.only_linear()
    if not any(name in ask.params for name in _NEEDED):
        raise Fault(10001, "params error: symbol, settleCoin or baseCoin is required")
    if _nothing_here(ask):
        return _listed([], "")
    symbol = symbol_of(ask)
    if "orderId" in ask.params or "orderLinkId" in ask.params:
        return _listed([row for row in _one(ask) if symbol in (None, row["symbol"])], "")
    if ask.params.text("openOnly") == "1":
        found = _closed(ask, Slice(symbol, limit=_RECENT), None)
    else:
        found = _open(ask, symbol)
    page, cursor = page_of(ask, found, 20, 50)
    return _listed([make() for _, make in page], cursor)


def history(ask: Ask) -> dict[str, Any]:
    """Closed orders."""
    ask.only_linear()
    if _nothing_here(ask):
        return _listed([], "")
    if "orderId" in ask.params or "orderLinkId" in ask.params:
        return _listed([row for row in _one(ask) if row["orderStatus"] not in _OPEN], "")
    limit = ask.params.limit(20, 50, capped=True)
    place = place_of(ask.params.text("cursor"))
    start, end = _times(ask)
    found = _closed(ask, Slice(symbol_of(ask), start, end, limit=limit + 1), place)
    rows = [make() for _, make in found[:limit]]
    return _listed(rows, str(found[limit - 1][0]) if len(found) > limit else "")


def executions(ask: Ask) -> dict[str, Any]:
    """Executions."""
    ask.only_linear()
    if _nothing_here(ask):
        return _listed([], "")
    limit = ask.params.limit(50, 100, capped=True)
    place = place_of(ask.params.text("cursor"))
    before = None if place is None else place.before(Sort.FILL)
    number = None
    if "orderId" in ask.params or "orderLinkId" in ask.params:
        order = _sent(ask)
        if order is None:
            return _listed([], "")
        number, start, end = order.id, ask.params.integer("startTime"), None
    else:
        start, end = _times(ask)
    part = Slice(symbol_of(ask), start, end, before, limit + 1)
    found = fills(ask.venue.ledger, ask.owner, part, number)
    orders = orders_of(ask.venue.ledger, [fill.order_id for fill in found[:limit]])
    rows = [execution_row(fill, orders[fill.order_id]) for fill in found[:limit]]
    kind = ask.params.text("execType")
    last = found[limit - 1] if len(found) > limit else None
    cursor = "" if last is None else str(Place(last.ts, Sort.FILL, last.id))
    return _listed([row for row in rows if kind in (None, row["execType"])], cursor)


def _open(ask: Ask, symbol: str | None) -> list[Found]:
    state, venue = ask.venue.state, ask.venue
    wanted = ask.params.text("orderFilter")
    found: list[Found] = []
    if wanted in (None, "Order"):
        for order in state.orders_of(ask.owner, FACE, symbol):
            place = Place(order.created_ms, Sort.ORDER, order.id)
            found.append((place, partial(row_of, venue, order)))
    if wanted in (None, "StopOrder"):
        for algo in venue.open_algos(ask.owner, symbol):
            place = Place(algo.created_ms, Sort.CONDITIONAL, algo.id)
            found.append((place, partial(algo_row, algo)))
    return sorted(found, key=lambda item: item[0], reverse=True)


def _closed(ask: Ask, part: Slice, place: Place | None) -> list[Found]:
    """Closed orders of every sort, up to the slice's limit."""
    venue, ledger = ask.venue, ask.venue.ledger
    wanted, status = ask.params.text("orderFilter"), ask.params.text("orderStatus")
    found: list[Found] = []
    if wanted in (None, "Order"):
        statuses = _STATUSES.get(status, ()) if status is not None else None
        cut = part.older_than(place, Sort.ORDER)
        for order in closed_orders(ledger, ask.owner, cut, statuses):
            at = Place(order.created_ms, Sort.ORDER, order.id)
            found.append((at, partial(row_of, venue, order)))
    if wanted in (None, "StopOrder") and status in (None, "Deactivated", "Rejected"):
        cut = part.older_than(place, Sort.CONDITIONAL)
        for algo in unsent_algos(ledger, ask.owner, cut):
            if status in (None, algo_row(algo)["orderStatus"]):
                at = Place(algo.created_ms, Sort.CONDITIONAL, algo.id)
                found.append((at, partial(algo_row, algo)))
    if wanted in (None, "Order") and status in (None, "Cancelled"):
        found += _declined(ask, part, place)
    return sorted(found, key=lambda item: item[0], reverse=True)[: part.limit]


def _declined(ask: Ask, part: Slice, place: Place | None) -> list[Found]:
    found: list[Found] = []
    for item in ask.memory.declined(ask.owner):
        order = item.order
        at = Place(order.created_ms, Sort.DECLINED, order.id)
        late = part.start_ms is not None and order.created_ms < part.start_ms
        early = part.end_ms is not None and order.created_ms > part.end_ms
        seen = place is not None and at >= place
        if part.symbol in (None, order.symbol) and not (late or early or seen):
            found.append((at, partial(declined_row, item)))
    return found


def _times(ask: Ask) -> tuple[int, int | None]:
    """A week at most; the last one where no time is named."""
    start, end = ask.span()
    if start is None:
        return (ask.now_ms if end is None else end) - _WEEK_MS, end
    if end is None:
        return start, start + _WEEK_MS
    if end - start > _WEEK_MS:
        raise Fault(10001, "params error: the time range must not exceed 7 days")
    return start, end


def symbol_of(ask: Ask) -> str | None:
    """The one symbol asked for; None for all."""
    if "symbol" not in ask.params and "baseCoin" not in ask.params:
        return None
    return next((market.id for market in ask.markets()), "")


def _nothing_here(ask: Ask) -> bool:
    return ask.params.text("settleCoin") not in (None, SETTLED_IN)


def _one(ask: Ask) -> list[dict[str, Any]]:
    """The order that the request names, whatever became of it."""
    for item in ask.memory.declined(ask.owner):
        if _is_named(ask, item):
            return [declined_row(item)]
    order = _sent(ask)
    if order is not None:
        return [row_of(ask.venue, order)]
    sort, number, link = _named(ask)
    if sort is not Sort.CONDITIONAL and link is None:
        return []
    try:
        return [algo_row(ask.venue.algo(ask.owner, algo_id=number, client_id=link))]
    except Refusal:
        return []


def _named(ask: Ask) -> tuple[Sort, int | None, str | None]:
    """What the request names; of ids of nobody's the number of no order."""
    try:
        return named(ask.params, Reason.UNKNOWN_ORDER)
    except Refusal as refusal:
        if refusal.reason is not Reason.UNKNOWN_ORDER:
            raise
        return Sort.ORDER, 0, None


def _sent(ask: Ask) -> SimOrder | None:
    """The order in the books, or in the archive, that the request names."""
    sort, number, link = _named(ask)
    ledger, owner = ask.venue.ledger, ask.owner
    if link is not None:
        resting = ask.venue.state.index.named(owner, FACE, link)
        return order_of(ledger, owner, order_id=resting, client_id=link)
    if sort is Sort.CONDITIONAL:
        algo = ledger.algo(owner, algo_id=number)
        number = 0 if algo is None else algo.order_id
    elif sort is not Sort.ORDER:
        return None
    return order_of(ledger, owner, order_id=number)


def _is_named(ask: Ask, item: Declined) -> bool:
    text, link = ask.params.text("orderId"), ask.params.text("orderLinkId")
    if text is not None:
        return text == written(Sort.DECLINED, item.order.id)
    return link == item.order.client_id


def declined_row(item: Declined) -> dict[str, Any]:
    """An order that was not let in."""
    shown = {"orderId": written(Sort.DECLINED, item.order.id), "rejectReason": item.why}
    return order_row(item.order, ZERO) | shown | {"cancelType": "UNKNOWN"}


def _listed(rows: list[dict[str, Any]], cursor: str) -> dict[str, Any]:
    return {"category": LINEAR, "list": rows, "nextPageCursor": cursor}
