"""Entering, changing and ending orders; answers name them and say nothing of what came of them."""

from dataclasses import replace
from typing import Any

from xq.sim.algos import AlgoOrder
from xq.sim.orders import order_of
from xq.sim.records import NewOrder, SimOrder
from xq.sim.refusal import Reason, Refusal
from xq.sim.wire.bybit import conditional
from xq.sim.wire.bybit.answers import Fault, fault
from xq.sim.wire.bybit.asks import FACE, SETTLED_IN, Ask, Handler, as_params
from xq.sim.wire.bybit.ids import Sort, written
from xq.sim.wire.bybit.memory import Declined
from xq.sim.wire.bybit.order_params import named, new_order
from xq.sim.wire.bybit.rows import link_id, order_id
from xq.types import OrderStatus

_BATCH = 20
# What Bybit acknowledges first and cancels then.
_LATE = {
    Reason.POST_ONLY: "EC_PostOnlyWillTakeLiquidity",
    Reason.FILL_OR_KILL: "EC_CancelForNoFullFill",
}


def create(ask: Ask) -> dict[str, Any]:
    """Enter an order."""
    ask.only_linear()
    ask.market()
    if "triggerPrice" in ask.params:
        return conditional.create(ask)
    link = ask.params.text("orderLinkId")
    if link is not None and ask.venue.state.index.algo_named(ask.owner, link) is not None:
        raise Refusal(Reason.DUPLICATE_CLIENT_ID)
    request = new_order(ask.venue, ask.owner, ask.params)
    try:
        return ids(ask.venue.place(ask.owner, FACE, request).order)
    except Refusal as refusal:
        why = _LATE.get(refusal.reason)
        if why is None:
            raise
        return _declined(ask, request, why)


def ids(order: SimOrder) -> dict[str, Any]:
    """All that an acknowledgement says."""
    return {"orderId": order_id(order), "orderLinkId": link_id(order)}


def _declined(ask: Ask, request: NewOrder, why: str) -> dict[str, Any]:
    """Acknowledge an order that the book did not let in; whoever looks sees it cancelled."""
    number = ask.memory.next_number()
    order = order_of(request, ask.owner, FACE, number, ask.now_ms)
    order = replace(order, status=OrderStatus.CANCELED)
    ask.memory.decline(Declined(order, why))
    return {"orderId": written(Sort.DECLINED, number), "orderLinkId": link_id(order)}


def amend(ask: Ask) -> dict[str, Any]:
    """Give a resting order another price or quantity."""
    ask.only_linear()
    market = ask.market()
    order = _open_order(ask, Reason.UNKNOWN_ORDER)
    if isinstance(order, AlgoOrder):
        raise Fault(10001, "params error: this venue amends no order that waits for its trigger")
    if "qty" not in ask.params and "price" not in ask.params:
        raise Fault(10001, "params error: nothing to amend, expected qty or price")
    changed = ask.venue.amend(
        ask.owner,
        market.id,
        order_id=order.id,
        price=ask.params.number("price") if "price" in ask.params else order.price,
        quantity=ask.params.number("qty") if "qty" in ask.params else order.quantity,
    )
    return ids(changed.order)


def cancel(ask: Ask) -> dict[str, Any]:
    """End one order."""
    ask.only_linear()
    symbol = ask.market().id
    order = _open_order(ask, Reason.UNKNOWN_CANCEL)
    if isinstance(order, AlgoOrder):
        return conditional.cancel(ask, order)
    return ids(ask.venue.cancel(ask.owner, FACE, symbol, order_id=order.id))


def _open_order(ask: Ask, refused_as: Reason) -> SimOrder | AlgoOrder:
    """The order of the symbol that the request names, resting or waiting."""
    sort, found, link = named(ask.params, refused_as)
    state, symbol = ask.venue.state, ask.params.required("symbol")
    if link is not None or sort is Sort.CONDITIONAL:
        algo = conditional.waiting(ask, symbol, algo_id=found, link=link)
        if algo is not None:
            return algo
    if link is not None:
        found = state.index.named(ask.owner, FACE, link)
    elif sort is Sort.CONDITIONAL and found in state.algos:
        found = state.algos[found].order_id
    elif sort is not Sort.ORDER:
        raise Refusal(refused_as)
    order = state.open_orders.get(-1 if found is None else found)
    if order is None or (order.owner, order.face, order.symbol) != (ask.owner, FACE, symbol):
        raise Refusal(refused_as)
    return order


def cancel_all(ask: Ask) -> dict[str, Any]:
    """End every order of a symbol, a coin, or of all that settles in USDT."""
    ask.only_linear()
    named_some = any(name in ask.params for name in ("symbol", "baseCoin", "settleCoin"))
    if not named_some:
        raise Fault(10001, "params error: symbol, baseCoin or settleCoin is required")
    if ask.params.text("settleCoin") not in (None, SETTLED_IN):
        return {"list": [], "success": "1"}
    ended: list[dict[str, Any]] = []
    chosen = ask.params.text("orderFilter")
    state = ask.venue.state
    busy = {item.symbol for item in state.orders_of(ask.owner, FACE)}
    busy |= {item.symbol for item in state.algos_of(ask.owner)}
    for market in ask.markets():
        if market.id not in busy:
            continue
        if chosen in (None, "Order"):
            canceled = ask.venue.cancel_all(ask.owner, FACE, market.id)
            ended += [ids(order) for order in canceled]
        if chosen != "Order":
            ended += conditional.cancel_all(ask, market.id)
    return {"list": ended, "success": "1"}


def create_batch(ask: Ask) -> dict[str, Any]:
    """Each of up to twenty orders by itself."""
    return _each(ask, create)


def amend_batch(ask: Ask) -> dict[str, Any]:
    """Each of up to twenty changes by itself."""
    return _each(ask, amend)


def cancel_batch(ask: Ask) -> dict[str, Any]:
    """Each of up to twenty cancellations by itself."""
    return _each(ask, cancel)


def _each(ask: Ask, handler: Handler) -> dict[str, Any]:
    ask.only_linear()
    wanted = ask.body.get("request")
    if not isinstance(wanted, list) or not 0 < len(wanted) <= _BATCH:
        raise Fault(10001, f"params error: request must be a list of 1 to {_BATCH} orders")
    if not all(isinstance(item, dict) for item in wanted):
        raise Fault(10001, "params error: request must be a list of orders")
    rows: list[dict[str, Any]] = []
    verdicts: list[dict[str, Any]] = []
    for item in wanted:
        row, verdict = _one(ask, handler, item)
        rows.append(row)
        verdicts.append(verdict)
    ask.extra["list"] = verdicts
    return {"list": rows}


def _one(ask: Ask, handler: Handler, item: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    body = {"category": ask.params.required("category"), **item}
    single = replace(ask, body=body, params=as_params(body), extra={})
    about = {"category": str(body["category"]), "symbol": str(item.get("symbol", ""))}
    try:
        done = handler(single)
    except Refusal as refusal:
        problem = fault(refusal)
    except Fault as found:
        problem = found
    else:
        stamp = {"createAt": str(ask.now_ms)} if handler is create else {}
        return about | done | stamp, {"code": 0, "msg": "OK"}
    nothing = {"orderId": "", "orderLinkId": str(item.get("orderLinkId", ""))}
    return about | nothing, {"code": problem.code, "msg": problem.text}
