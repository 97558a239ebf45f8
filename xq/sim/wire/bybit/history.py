"""What became of orders: open ones, closed ones, executions."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from xq.sim.exact import ZERO
from xq.sim.records import SimOrder
from xq.sim.refusal import Reason, Refusal
from xq.sim.wire.bybit.answers import Fault
from xq.sim.wire.bybit.archive import Slice, closed_orders, fee_of, fills, order_of, orders_of
from xq.sim.wire.bybit.asks import FACE, LINEAR, SETTLED_IN, Ask, number_of, page_of
from xq.sim.wire.bybit.ids import Sort, written
from xq.sim.wire.bybit.memory import Declined
from xq.sim.wire.bybit.order_params import named
from xq.sim.wire.bybit.rows import execution_row, order_row

_WEEK_MS = 7 * 86_400_000
_RECENT = 500
_NEEDED = ("symbol", "baseCoin", "settleCoin", "orderId", "orderLinkId")


def realtime(ask: Ask) -> dict[str, Any]:
    """Open orders, newest first; with ``openOnly=1`` closed ones; or one order by its id."""
    ask.only_linear()
    if not any(name in ask.params for name in _NEEDED):
        raise Fault(10001, "params error: symbol, settleCoin or baseCoin is required")
    symbols = _symbols(ask)
    if "orderId" in ask.params or "orderLinkId" in ask.params:
        found = _one(ask)
        rows = [row for row in found if symbols is None or row["symbol"] in symbols]
        return _listed(rows, "")
    if _wants_conditional_only(ask):
        return _listed([], "")
    if ask.params.text("openOnly") == "1":
        part = Slice(symbol=_symbol(ask), limit=_RECENT)
        closed = closed_orders(ask.venue.ledger, ask.owner, part)
        orders = [order for order in closed if symbols is None or order.symbol in symbols]
    else:
        resting = ask.venue.state.orders_of(ask.owner, FACE, _symbol(ask))
        orders = [order for order in resting if symbols is None or order.symbol in symbols][::-1]
    page, cursor = page_of(ask, orders, 20, 50)
    return _listed([_row(ask, order) for order in page], cursor)


def history(ask: Ask) -> dict[str, Any]:
    """Closed orders, newest first."""
    ask.only_linear()
    symbols = _symbols(ask)
    if "orderId" in ask.params or "orderLinkId" in ask.params:
        rows = [row for row in _one(ask) if row["orderStatus"] not in ("New", "PartiallyFilled")]
        return _listed(rows, "")
    if _wants_conditional_only(ask):
        return _listed([], "")
    part, limit = _slice(ask, 20, 50)
    orders = closed_orders(ask.venue.ledger, ask.owner, part)
    kept = [order for order in orders if symbols is None or order.symbol in symbols]
    rows = [_row(ask, order) for order in kept[:limit]]
    if part.below is None:
        rows = _with_declined(ask, rows, part)
    return _listed(rows, str(kept[limit - 1].id) if len(orders) > limit else "")


def executions(ask: Ask) -> dict[str, Any]:
    """Executions, newest first."""
    ask.only_linear()
    kind = ask.params.text("execType")
    part, limit = _slice(ask, 50, 100)
    number = None
    if "orderId" in ask.params or "orderLinkId" in ask.params:
        order = _plain_one(ask)
        if order is None:
            return _listed([], "")
        number = order.id
        part = replace(part, start_ms=ask.params.integer("startTime"))
    found = fills(ask.venue.ledger, ask.owner, part, number)
    orders = orders_of(ask.venue.ledger, [fill.order_id for fill in found[:limit]])
    rows = [execution_row(fill, orders[fill.order_id]) for fill in found[:limit]]
    rows = [row for row in rows if kind in (None, row["execType"])]
    return _listed(rows, str(found[limit - 1].id) if len(found) > limit else "")


def _slice(ask: Ask, usual: int, most: int) -> tuple[Slice, int]:
    """The part of a history asked for, one row longer than its page; a week where no time is."""
    start, end = ask.span()
    limit = ask.params.limit(usual, most, capped=True)
    cursor = ask.params.text("cursor")
    if start is None:
        start = (ask.now_ms if end is None else end) - _WEEK_MS
    if end is None and start is not None:
        end = start + _WEEK_MS if ask.params.integer("startTime") is not None else None
    if end is not None and end - start > _WEEK_MS:
        raise Fault(10001, "params error: the time range must not exceed 7 days")
    below = None if cursor is None else number_of(cursor)
    return Slice(_symbol(ask), start, end, below, limit + 1), limit


def _symbol(ask: Ask) -> str | None:
    symbol = ask.params.text("symbol")
    return None if symbol is None else ask.venue.market(FACE, symbol).id


def _symbols(ask: Ask) -> set[str] | None:
    """The symbols that may be told; None for all."""
    if ask.params.text("settleCoin") not in (None, SETTLED_IN):
        return set()
    if "symbol" not in ask.params and "baseCoin" not in ask.params:
        return None
    return {market.id for market in ask.markets()}


def _wants_conditional_only(ask: Ask) -> bool:
    return ask.params.text("orderFilter") in ("StopOrder", "tpslOrder")


def _one(ask: Ask) -> list[dict[str, Any]]:
    """The order that the request names, whatever became of it."""
    declined = _declined_one(ask)
    if declined is not None:
        return [declined_row(declined)]
    order = _plain_one(ask)
    return [] if order is None else [_row(ask, order)]


def _plain_one(ask: Ask) -> SimOrder | None:
    try:
        sort, number, link = named(ask.params, Reason.UNKNOWN_ORDER)
    except Refusal as refusal:
        if refusal.reason is not Reason.UNKNOWN_ORDER:
            raise
        return None
    if sort is not Sort.ORDER:
        return None
    state, owner = ask.venue.state, ask.owner
    if link is not None:
        number = state.index.named(owner, FACE, link)
    resting = state.open_orders.get(-1 if number is None else number)
    if resting is not None and (resting.owner, resting.face) == (owner, FACE):
        return resting
    return order_of(ask.venue.ledger, owner, order_id=number, client_id=link)


def _declined_one(ask: Ask) -> Declined | None:
    text, link = ask.params.text("orderId"), ask.params.text("orderLinkId")
    for item in ask.memory.declined(ask.owner):
        if text == written(Sort.DECLINED, item.order.id):
            return item
        if text is None and link == item.order.client_id:
            return item
    return None


def _row(ask: Ask, order: SimOrder) -> dict[str, Any]:
    fee = fee_of(ask.venue.ledger, order.id) if order.filled else ZERO
    return order_row(order, Decimal(fee))


def declined_row(item: Declined) -> dict[str, Any]:
    """An order that was not let in."""
    shown = {"orderId": written(Sort.DECLINED, item.order.id), "rejectReason": item.why}
    return order_row(item.order, ZERO) | shown | {"cancelType": "UNKNOWN"}


def _with_declined(ask: Ask, rows: list[dict[str, Any]], part: Slice) -> list[dict[str, Any]]:
    """The first page of closed orders, and those that were never let in, by time."""
    late = [
        declined_row(item)
        for item in ask.memory.declined(ask.owner)
        if part.symbol in (None, item.order.symbol)
        and (part.start_ms is None or item.order.created_ms >= part.start_ms)
        and (part.end_ms is None or item.order.created_ms <= part.end_ms)
    ]
    if len(rows) >= part.limit - 1:  # more follow: only what is as new as this page
        oldest = int(rows[-1]["createdTime"])
        late = [row for row in late if int(row["createdTime"]) >= oldest]
    return sorted(rows + late, key=lambda row: int(row["createdTime"]), reverse=True)


def _listed(rows: list[dict[str, Any]], cursor: str) -> dict[str, Any]:
    return {"category": LINEAR, "list": rows, "nextPageCursor": cursor}
