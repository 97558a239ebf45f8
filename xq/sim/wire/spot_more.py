"""Spot endpoints that clients ask beside the usual ones."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from xq.sim.exact import divided, text
from xq.sim.instruments import Face
from xq.sim.refusal import Reason, Refusal
from xq.sim.wire import market_data
from xq.sim.wire.errors import wire_error
from xq.sim.wire.market_data import of_face
from xq.sim.wire.order_params import spot_order
from xq.sim.wire.params import Params
from xq.sim.wire.route import Caller, Handler, Json
from xq.sim.wire.spot_payloads import canceled_order, placed_order
from xq.timeframe import MINUTE_MS, Timeframe

_SPOT = Face.SPOT
_MINUTE = Timeframe("1m", MINUTE_MS)
_AVERAGED = 5  # minutes
_NONE = "0.00000000"


def _status(_caller: Caller, _params: Params) -> Json:
    return {"status": 0, "msg": "normal"}


def _none_of_them(_caller: Caller, _params: Params) -> Json:
    """Money comes with the account, stays there, and is never lent."""
    return []


def _no_rows(_caller: Caller, _params: Params) -> Json:
    return {"total": 0, "rows": []}


def _average_price(caller: Caller, params: Params) -> Json:
    """Mean price of the last five minutes' trades, weighted by their quantity."""
    venue = caller.venue
    symbol = venue.market(_SPOT, params.required("symbol")).id
    feed, now = venue.feeds[_SPOT], venue.now_ms
    since = now - _AVERAGED * MINUTE_MS
    rows = feed.bars(symbol, _MINUTE, since, None, _AVERAGED + 1, now)
    turnover, volume = (Decimal(f"{rows[:, column].sum():.8f}") for column in (7, 5))
    price = divided(turnover, volume) if volume else feed.last_price(symbol, now)
    return {"mins": _AVERAGED, "price": text(price), "closeTime": now}


def _commission(caller: Caller, params: Params) -> Json:
    market = caller.venue.market(_SPOT, params.required("symbol"))
    rates = {
        "maker": text(market.instrument.maker),
        "taker": text(market.instrument.taker),
        "buyer": _NONE,
        "seller": _NONE,
    }
    nothing = dict.fromkeys(rates, _NONE)
    return {
        "symbol": market.id,
        "standardCommission": rates,
        "specialCommission": nothing,
        "taxCommission": nothing,
        "discount": {
            "enabledForAccount": False,
            "enabledForSymbol": False,
            "discountAsset": "BNB",
            "discount": _NONE,
        },
    }


def _replace(caller: Caller, params: Params) -> Json:
    """Cancel one order and place another; a cancel that worked stays, whatever follows."""
    params.required("cancelReplaceMode")
    stop = params.one_of("cancelReplaceMode", ("STOP_ON_FAILURE", "ALLOW_FAILURE"), "")
    canceled = _attempt(lambda: _cancel(caller, params))
    skipped = isinstance(canceled, Refusal) and stop == "STOP_ON_FAILURE"
    placed = None if skipped else _attempt(lambda: _place(caller, params))
    answer = {
        "cancelResult": _result(canceled),
        "newOrderResult": _result(placed),
        "cancelResponse": _shown(canceled),
        "newOrderResponse": _shown(placed),
    }
    failed = [isinstance(half, Refusal) or half is None for half in (canceled, placed)]
    if any(failed):
        reason = Reason.REPLACE_FAILED if all(failed) else Reason.REPLACE_HALF
        raise Refusal(reason, data=answer)
    return answer


def _attempt(act: Callable[[], dict[str, Any]]) -> dict[str, Any] | Refusal:
    try:
        return act()
    except Refusal as refusal:
        return refusal


def _cancel(caller: Caller, params: Params) -> dict[str, Any]:
    order_id = params.integer("cancelOrderId")
    client_id = params.text("cancelOrigClientOrderId")
    if order_id is None and client_id is None:
        raise Refusal(Reason.ORDER_ID_MISSING)
    symbol = params.required("symbol")
    return canceled_order(
        caller.venue.cancel(caller.owner, _SPOT, symbol, order_id=order_id, client_id=client_id)
    )


def _place(caller: Caller, params: Params) -> dict[str, Any]:
    shape = params.one_of("newOrderRespType", ("ACK", "RESULT", "FULL"), "FULL")
    return placed_order(caller.venue.place(caller.owner, _SPOT, spot_order(params)), shape)


def _result(half: dict[str, Any] | Refusal | None) -> str:
    if half is None:
        return "NOT_ATTEMPTED"
    return "FAILURE" if isinstance(half, Refusal) else "SUCCESS"


def _shown(half: dict[str, Any] | Refusal | None) -> dict[str, Any] | None:
    return wire_error(half, _SPOT).payload if isinstance(half, Refusal) else half


SPOT_OPEN: dict[str, Handler] = {
    "GET /uiKlines": of_face(market_data.klines, _SPOT),
    "GET /avgPrice": _average_price,
}
SPOT_SIGNED: dict[str, Handler] = {
    "GET /account/commission": _commission,
    "POST /order/cancelReplace": _replace,
}
SYSTEM_OPEN: dict[str, Handler] = {"GET /system/status": _status}
WALLET_SIGNED: dict[str, Handler] = {
    "GET /capital/deposit/hisrec": _none_of_them,
    "GET /capital/withdraw/history": _none_of_them,
    "GET /asset/transfer": _no_rows,
    "GET /margin/interestHistory": _no_rows,
}
