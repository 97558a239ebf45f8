"""Spot endpoints that clients ask beside the usual ones."""

from decimal import Decimal

from xq.sim.exact import divided, text
from xq.sim.instruments import Face
from xq.sim.wire import market_data
from xq.sim.wire.market_data import of_face
from xq.sim.wire.params import Params
from xq.sim.wire.route import Caller, Handler, Json
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


SPOT_OPEN: dict[str, Handler] = {
    "GET /uiKlines": of_face(market_data.klines, _SPOT),
    "GET /avgPrice": _average_price,
}
SPOT_SIGNED: dict[str, Handler] = {
    "GET /account/commission": _commission,
}
SYSTEM_OPEN: dict[str, Handler] = {"GET /system/status": _status}
WALLET_SIGNED: dict[str, Handler] = {
    "GET /capital/deposit/hisrec": _none_of_them,
    "GET /capital/withdraw/history": _none_of_them,
    "GET /asset/transfer": _no_rows,
    "GET /margin/interestHistory": _no_rows,
}
