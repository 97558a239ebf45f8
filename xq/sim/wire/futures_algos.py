"""Signed endpoints about conditional futures orders: ``/fapi/v1/algoOrder`` and its siblings."""

from decimal import Decimal
from enum import Enum
from typing import Any

from xq.sim.algos import AlgoOrder, NewAlgo, Working
from xq.sim.exact import text
from xq.sim.instruments import Face
from xq.sim.refusal import Reason, Refusal
from xq.sim.wire.order_params import good_till, position_side, self_trade
from xq.sim.wire.params import Params
from xq.sim.wire.route import Caller, Handler, Json
from xq.types import OrderType, Side, TimeInForce

_FUTURES = Face.FUTURES


class _Type(Enum):
    STOP = "STOP"
    STOP_MARKET = "STOP_MARKET"
    TAKE_PROFIT = "TAKE_PROFIT"
    TAKE_PROFIT_MARKET = "TAKE_PROFIT_MARKET"
    TRAILING_STOP_MARKET = "TRAILING_STOP_MARKET"


class _InForce(Enum):
    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTX = "GTX"
    GTD = "GTD"
    GTE_GTC = "GTE_GTC"


def new_algo(params: Params) -> NewAlgo:
    """What a client asks for."""
    params.one_of("algoType", ("CONDITIONAL",), "CONDITIONAL")
    if params.one_of("priceMatch", ("NONE",), "NONE") != "NONE":
        raise Refusal(Reason.INVALID_DATA, "priceMatch")
    kind = OrderType[params.word("type", _Type, Reason.BAD_ORDER_TYPE).value]
    in_force = _InForce.GTC
    if "timeInForce" in params:
        in_force = params.word("timeInForce", _InForce, Reason.BAD_TIME_IN_FORCE)
    with_position = in_force is _InForce.GTE_GTC
    chosen = TimeInForce.GTC if with_position else TimeInForce[in_force.value]
    working = Working.CONTRACT_PRICE
    if "workingType" in params:
        working = params.word("workingType", Working, Reason.INVALID_DATA)
    return NewAlgo(
        symbol=params.required("symbol"),
        side=params.word("side", Side, Reason.BAD_SIDE),
        type=kind,
        client_id=params.client_id("clientAlgoId"),
        quantity=params.decimal("quantity"),
        price=params.decimal("price"),
        trigger_price=params.decimal("triggerPrice"),
        activate_price=params.decimal("activatePrice"),
        callback_rate=params.decimal("callbackRate"),
        time_in_force=chosen,
        working=working,
        reduce_only=params.flag("reduceOnly"),
        close_position=params.flag("closePosition"),
        price_protect=params.flag("priceProtect"),
        position_side=position_side(params),
        self_trade=self_trade(params),
        good_till_ms=good_till(params, chosen),
        with_position=with_position,
    )


def algo_row(algo: AlgoOrder) -> dict[str, Any]:
    """The answer to a new conditional order."""
    return {
        "algoId": algo.id,
        "clientAlgoId": algo.client_id,
        "algoType": "CONDITIONAL",
        "orderType": algo.type.name,
        "symbol": algo.symbol,
        "side": algo.side.name,
        "positionSide": algo.position_side.name,
        "timeInForce": "GTE_GTC" if algo.with_position else algo.time_in_force.name,
        "quantity": text(algo.quantity),
        "algoStatus": algo.status.name,
        "triggerPrice": text(algo.trigger_price),
        "price": text(algo.price),
        "icebergQuantity": None,
        "selfTradePreventionMode": algo.self_trade.name,
        "workingType": algo.working.name,
        "priceMatch": "NONE",
        "closePosition": algo.close_position,
        "priceProtect": algo.price_protect,
        "reduceOnly": algo.reduce_only,
        "activatePrice": _or_nothing(algo.activate_price),
        "callbackRate": f"{algo.callback_rate:f}" if algo.callback_rate else "",
        "createTime": algo.created_ms,
        "updateTime": algo.updated_ms,
        "triggerTime": algo.triggered_ms,
        "goodTillDate": algo.good_till_ms,
    }


def _or_nothing(price: Decimal) -> str:
    return text(price) if price else ""


def _described(caller: Caller, algo: AlgoOrder) -> dict[str, Any]:
    """One as queries show it: with the order that it sent, if it did."""
    average = Decimal(0)
    kind = ""
    if algo.order_id:
        order = caller.venue.order(caller.owner, _FUTURES, algo.symbol, order_id=algo.order_id)
        average, kind = order.average_price, order.type.name
    return algo_row(algo) | {
        "actualOrderId": str(algo.order_id) if algo.order_id else "",
        "actualPrice": text(average),
        "actualType": kind,
        "tpTriggerPrice": "0.00000000",
        "tpPrice": "0.00000000",
        "slTriggerPrice": "0.00000000",
        "slPrice": "0.00000000",
        "tpOrderType": "",
    }


def _place(caller: Caller, params: Params) -> Json:
    return algo_row(caller.venue.place_algo(caller.owner, new_algo(params)))


def _which(params: Params) -> tuple[int | None, str | None]:
    algo_id, client_id = params.integer("algoId"), params.text("clientAlgoId")
    if algo_id is None and client_id is None:
        raise Refusal(Reason.MISSING_PARAMETER, "algoId")
    return algo_id, client_id


def _query(caller: Caller, params: Params) -> Json:
    algo_id, client_id = _which(params)
    return _described(caller, caller.venue.algo(caller.owner, algo_id=algo_id, client_id=client_id))


def _cancel(caller: Caller, params: Params) -> Json:
    algo_id, client_id = _which(params)
    algo = caller.venue.cancel_algo(caller.owner, algo_id=algo_id, client_id=client_id)
    found = {"algoId": algo.id, "clientAlgoId": algo.client_id}
    return found | {"code": "200", "msg": "success"}


def _cancel_all(caller: Caller, params: Params) -> Json:
    caller.venue.cancel_all_algos(caller.owner, params.required("symbol"))
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


def _open(caller: Caller, params: Params) -> Json:
    symbol = params.text("symbol")
    if symbol is not None:
        caller.venue.market(_FUTURES, symbol)
    found = caller.venue.open_algos(caller.owner, symbol)
    wanted = params.integer("algoId")
    return [_described(caller, algo) for algo in found if wanted in (None, algo.id)]


def _all(caller: Caller, params: Params) -> Json:
    symbol = caller.venue.market(_FUTURES, params.required("symbol")).id
    page = params.page("algoId", limit=params.limit(500, 1000, capped=True))
    found = caller.venue.ledger.algos(caller.owner, symbol, page)
    return [_described(caller, algo) for algo in found]


ALGOS_V1: dict[str, Handler] = {
    "POST /algoOrder": _place,
    "GET /algoOrder": _query,
    "DELETE /algoOrder": _cancel,
    "DELETE /algoOpenOrders": _cancel_all,
    "GET /openAlgoOrders": _open,
    "GET /allAlgoOrders": _all,
}
