"""Signed endpoints about plain futures orders: place, query, amend, cancel, one or several."""

from typing import Any

from xq.sim.instruments import Face
from xq.sim.ledger import Page
from xq.sim.records import SimOrder
from xq.sim.refusal import Reason, Refusal
from xq.sim.wire.errors import wire_error
from xq.sim.wire.futures_payloads import described_order, own_trade, placed_order
from xq.sim.wire.order_params import futures_order, which_order
from xq.sim.wire.params import Params
from xq.sim.wire.route import Caller, Handler, Json

_FUTURES = Face.FUTURES
_BATCH = 5
_CANCEL_BATCH = 10
_SHAPES = ("ACK", "RESULT")


def _place(caller: Caller, params: Params) -> Json:
    shape = params.one_of("newOrderRespType", _SHAPES, "ACK")
    order = caller.venue.place(caller.owner, _FUTURES, futures_order(params)).order
    return placed_order(order) if shape == "RESULT" else _acknowledged(placed_order(order))


def _acknowledged(row: dict[str, Any]) -> dict[str, Any]:
    """ACK says that the order arrived, not what became of it."""
    nothing = dict.fromkeys(("avgPrice", "executedQty", "cumQty", "cumQuote"), "0.00000000")
    return row | nothing | {"status": "NEW"}


def _test(caller: Caller, params: Params) -> Json:
    caller.venue.rehearse(caller.owner, _FUTURES, futures_order(params))
    return {}


def _query(caller: Caller, params: Params) -> Json:
    order_id, client_id = which_order(params)
    symbol = params.required("symbol")
    order = caller.venue.order(
        caller.owner, _FUTURES, symbol, order_id=order_id, client_id=client_id
    )
    return described_order(order)


def _open_order(caller: Caller, params: Params) -> Json:
    order_id, client_id = which_order(params)
    symbol = params.required("symbol")
    order = caller.venue.order(
        caller.owner, _FUTURES, symbol, order_id=order_id, client_id=client_id
    )
    if not order.is_open:
        raise Refusal(Reason.UNKNOWN_ORDER)
    return described_order(order)


def _amend(caller: Caller, params: Params) -> Json:
    order_id, client_id = which_order(params)
    symbol = params.required("symbol")
    params.required("side")
    placed = caller.venue.amend(
        caller.owner,
        symbol,
        order_id=order_id,
        client_id=client_id,
        price=params.number("price"),
        quantity=params.number("quantity"),
    )
    return placed_order(placed.order)


def _cancel(caller: Caller, params: Params) -> Json:
    order_id, client_id = which_order(params)
    return placed_order(_canceled(caller, params.required("symbol"), order_id, client_id))


def _canceled(caller: Caller, symbol: str, order_id: int | None, client_id: str | None) -> SimOrder:
    return caller.venue.cancel(
        caller.owner, _FUTURES, symbol, order_id=order_id, client_id=client_id
    )


def _cancel_all(caller: Caller, params: Params) -> Json:
    caller.venue.cancel_all(caller.owner, _FUTURES, params.required("symbol"))
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


def _several(one: Handler) -> Handler:
    """Each of up to five orders by itself: a row, or the error that it alone would get."""

    def handler(caller: Caller, params: Params) -> Json:
        rows = params.listed("batchOrders")
        if not 0 < len(rows) <= _BATCH:
            raise Refusal(Reason.TOO_MANY_AT_ONCE, str(len(rows)))
        answers: list[Any] = []
        for row in rows:
            try:
                answers.append(one(caller, _as_params(row)))
            except Refusal as refusal:
                answers.append(wire_error(refusal, _FUTURES).payload)
        return answers

    return handler


def _as_params(row: object) -> Params:
    """One order of a batch; its values may be JSON numbers and booleans."""
    if not isinstance(row, dict):
        raise Refusal(Reason.INVALID_DATA, "batchOrders")
    values: dict[str, str] = {}
    for name, value in row.items():
        if not isinstance(value, str | int | float):
            raise Refusal(Reason.INVALID_DATA, name)
        values[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return Params(values)


def _cancel_several(caller: Caller, params: Params) -> Json:
    symbol = caller.venue.market(_FUTURES, params.required("symbol")).id
    answers: list[Any] = []
    for order_id, client_id in _named(params):
        try:
            answers.append(placed_order(_canceled(caller, symbol, order_id, client_id)))
        except Refusal as refusal:
            answers.append(wire_error(refusal, _FUTURES).payload)
    return answers


def _named(params: Params) -> list[tuple[int | None, str | None]]:
    for name in ("orderIdList", "orderidlist"):
        if name in params:
            numbers = params.listed(name)
            if not all(isinstance(number, int) for number in numbers):
                raise Refusal(Reason.INVALID_DATA, name)
            return _few([(number, None) for number in numbers])
    for name in ("origClientOrderIdList", "origclientorderidlist"):
        if name in params:
            return _few([(None, str(item)) for item in params.listed(name)])
    raise Refusal(Reason.ORDER_ID_MISSING)


def _few(named: list[tuple[int | None, str | None]]) -> list[tuple[int | None, str | None]]:
    if not 0 < len(named) <= _CANCEL_BATCH:
        raise Refusal(Reason.TOO_MANY_AT_ONCE, str(len(named)))
    return named


def _countdown(caller: Caller, params: Params) -> Json:
    symbol = params.required("symbol")
    params.required("countdownTime")
    after_ms = params.integer("countdownTime") or 0
    caller.venue.countdown_cancel(caller.owner, symbol, after_ms)
    return {"symbol": symbol, "countdownTime": str(after_ms)}


def _open_orders(caller: Caller, params: Params) -> Json:
    symbol = params.text("symbol")
    if symbol is not None:
        caller.venue.market(_FUTURES, symbol)
    orders = caller.venue.state.orders_of(caller.owner, _FUTURES, symbol)
    return [described_order(order) for order in orders]


def _all_orders(caller: Caller, params: Params) -> Json:
    symbol = caller.venue.market(_FUTURES, params.required("symbol")).id
    page = params.page("orderId", limit=params.limit(500, 1000, capped=True))
    orders = caller.venue.ledger.orders(caller.owner, _FUTURES, symbol, page)
    return [described_order(order) for order in orders]


def _force_orders(caller: Caller, params: Params) -> Json:
    symbol = params.text("symbol")
    if symbol is not None:
        caller.venue.market(_FUTURES, symbol)
    wanted = params.one_of("autoCloseType", ("LIQUIDATION", "ADL", ""), "")
    start, end = params.span()
    page = Page(start_ms=start, end_ms=end, limit=params.limit(50, 100, capped=True))
    rows = caller.venue.ledger.forced(caller.owner, symbol, page)
    starts = {"LIQUIDATION": "autoclose", "ADL": "adl"}.get(wanted, "")
    return [described_order(order) for order in rows if order.client_id.startswith(starts)]


def _user_trades(caller: Caller, params: Params) -> Json:
    symbol = caller.venue.market(_FUTURES, params.required("symbol")).id
    page = params.page("fromId", limit=params.limit(500, 1000, capped=True))
    order_id = params.integer("orderId")
    fills = caller.venue.ledger.fills(caller.owner, _FUTURES, symbol, page, order_id=order_id)
    return [own_trade(fill) for fill in fills]


ORDERS_V1: dict[str, Handler] = {
    "POST /order": _place,
    "POST /order/test": _test,
    "GET /order": _query,
    "PUT /order": _amend,
    "DELETE /order": _cancel,
    "GET /openOrder": _open_order,
    "POST /batchOrders": _several(_place),
    "PUT /batchOrders": _several(_amend),
    "DELETE /batchOrders": _cancel_several,
    "DELETE /allOpenOrders": _cancel_all,
    "POST /countdownCancelAll": _countdown,
    "GET /openOrders": _open_orders,
    "GET /allOrders": _all_orders,
    "GET /userTrades": _user_trades,
    "GET /forceOrders": _force_orders,
}
