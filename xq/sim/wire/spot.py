"""The spot face: ``/api/v3`` and the few ``/sapi/v1`` endpoints that clients ask at start."""

from typing import Any

from xq.sim.exact import text
from xq.sim.instruments import Face
from xq.sim.records import Account
from xq.sim.refusal import Reason, Refusal
from xq.sim.venue import SimVenue
from xq.sim.wire import market_data
from xq.sim.wire.listing import spot_info
from xq.sim.wire.market_data import of_face
from xq.sim.wire.order_params import spot_order, which_order
from xq.sim.wire.params import Params
from xq.sim.wire.route import Caller, Json, Routes, Security, routes
from xq.sim.wire.spot_more import SPOT_OPEN, SPOT_SIGNED, SYSTEM_OPEN, WALLET_SIGNED
from xq.sim.wire.spot_payloads import canceled_order, described_order, own_trade, placed_order
from xq.sim.wire.spot_replace import cancel_replace

_SPOT = Face.SPOT


def _account(caller: Caller, params: Params) -> Json:
    venue = caller.venue
    maker, taker = _fees(venue)
    return {
        "makerCommission": int(maker * 10_000),
        "takerCommission": int(taker * 10_000),
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {
            "maker": text(maker),
            "taker": text(taker),
            "buyer": text(maker * 0),
            "seller": text(maker * 0),
        },
        "canTrade": True,
        "canWithdraw": False,
        "canDeposit": False,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": venue.now_ms,
        "accountType": "SPOT",
        "balances": _balances(caller, hide_empty=params.flag("omitZeroBalances")),
        "permissions": ["SPOT"],
        "uid": 1,
    }


def _fees(venue: SimVenue) -> tuple[Any, Any]:
    rules = venue.markets(_SPOT)[0].instrument
    return rules.maker, rules.taker


def _balances(caller: Caller, *, hide_empty: bool) -> list[dict[str, str]]:
    venue = caller.venue
    rows = []
    for asset in _assets(venue):
        free = venue.state.balance(caller.owner, _SPOT, Account.FREE, asset)
        held = venue.state.balance(caller.owner, _SPOT, Account.HELD, asset)
        if free or held or not hide_empty:
            rows.append({"asset": asset, "free": text(free), "locked": text(held)})
    return rows


def _assets(venue: SimVenue) -> list[str]:
    markets = venue.markets(_SPOT)
    return list(dict.fromkeys([*(m.quote for m in markets), *(m.base for m in markets)]))


def _place(caller: Caller, params: Params) -> Json:
    venue = caller.venue
    shape = _response_type(params)
    placed = venue.place(caller.owner, _SPOT, spot_order(params))
    return placed_order(placed, shape)


def _response_type(params: Params) -> str:
    market_or_limit = params.text("type") in ("MARKET", "LIMIT")
    default = "FULL" if market_or_limit else "ACK"
    return params.one_of("newOrderRespType", ("ACK", "RESULT", "FULL"), default)


def _test(caller: Caller, params: Params) -> Json:
    venue = caller.venue
    venue.rehearse(caller.owner, _SPOT, spot_order(params))
    return {}


def _query(caller: Caller, params: Params) -> Json:
    venue = caller.venue
    order_id, client_id = which_order(params)
    symbol = params.required("symbol")
    return described_order(
        venue.order(caller.owner, _SPOT, symbol, order_id=order_id, client_id=client_id)
    )


def _cancel(caller: Caller, params: Params) -> Json:
    venue = caller.venue
    order_id, client_id = which_order(params)
    symbol = params.required("symbol")
    return canceled_order(
        venue.cancel(caller.owner, _SPOT, symbol, order_id=order_id, client_id=client_id)
    )


def _cancel_all(caller: Caller, params: Params) -> Json:
    venue = caller.venue
    canceled = venue.cancel_all(caller.owner, _SPOT, params.required("symbol"))
    if not canceled:
        raise Refusal(Reason.UNKNOWN_CANCEL)
    return [canceled_order(order) for order in canceled]


def _open_orders(caller: Caller, params: Params) -> Json:
    venue = caller.venue
    symbol = params.text("symbol")
    if symbol is not None:
        venue.market(_SPOT, symbol)
    return [described_order(order) for order in venue.state.orders_of(caller.owner, _SPOT, symbol)]


def _all_orders(caller: Caller, params: Params) -> Json:
    venue = caller.venue
    symbol = venue.market(_SPOT, params.required("symbol")).id
    page = params.page("orderId", limit=params.limit(500, 1000, capped=True))
    return [
        described_order(order) for order in venue.ledger.orders(caller.owner, _SPOT, symbol, page)
    ]


def _my_trades(caller: Caller, params: Params) -> Json:
    venue = caller.venue
    symbol = venue.market(_SPOT, params.required("symbol")).id
    page = params.page("fromId", limit=params.limit(500, 1000, capped=True))
    order_id = params.integer("orderId")
    fills = venue.ledger.fills(caller.owner, _SPOT, symbol, page, order_id=order_id)
    return [own_trade(fill) for fill in fills]


def _coins(caller: Caller, _params: Params) -> Json:
    venue = caller.venue
    rows = []
    for asset in _assets(venue):
        free = venue.state.balance(caller.owner, _SPOT, Account.FREE, asset)
        held = venue.state.balance(caller.owner, _SPOT, Account.HELD, asset)
        row = {
            "coin": asset,
            "name": asset,
            "free": text(free),
            "locked": text(held),
            "depositAllEnable": False,
            "withdrawAllEnable": False,
            "trading": True,
            "isLegalMoney": False,
            "networkList": [],
        }
        rows.append(row | dict.fromkeys(("freeze", "ipoable", "ipoing", "storage"), "0"))
    return rows


def _trade_fee(caller: Caller, params: Params) -> Json:
    venue = caller.venue
    symbol = params.text("symbol")
    markets = venue.markets(_SPOT) if symbol is None else (venue.market(_SPOT, symbol),)
    return [
        {
            "symbol": market.id,
            "makerCommission": f"{market.instrument.maker:f}",
            "takerCommission": f"{market.instrument.taker:f}",
        }
        for market in markets
    ]


def _no_margin(_caller: Caller, _params: Params) -> Json:
    return []


SPOT_ROUTES: Routes = {
    **routes(
        "/api/v3",
        Security.OPEN,
        {
            "GET /ping": market_data.ping,
            "GET /time": market_data.time,
            "GET /exchangeInfo": spot_info,
            "GET /klines": of_face(market_data.klines, _SPOT),
            "GET /depth": of_face(market_data.depth, _SPOT),
            "GET /trades": of_face(market_data.trades, _SPOT),
            "GET /aggTrades": of_face(market_data.aggregate_trades, _SPOT),
            "GET /ticker/24hr": of_face(market_data.day_ticker, _SPOT),
            "GET /ticker/bookTicker": of_face(market_data.book_ticker, _SPOT),
            "GET /ticker/price": of_face(market_data.price_ticker, _SPOT),
            **SPOT_OPEN,
        },
    ),
    **routes(
        "/api/v3", Security.KEY, {"GET /historicalTrades": of_face(market_data.trades, _SPOT)}
    ),
    **routes(
        "/api/v3",
        Security.SIGNED,
        {
            "GET /account": _account,
            "POST /order": _place,
            "POST /order/test": _test,
            "POST /order/cancelReplace": cancel_replace,
            "GET /order": _query,
            "DELETE /order": _cancel,
            "GET /openOrders": _open_orders,
            "DELETE /openOrders": _cancel_all,
            "GET /allOrders": _all_orders,
            "GET /myTrades": _my_trades,
            **SPOT_SIGNED,
        },
    ),
    **routes("/sapi/v1", Security.OPEN, SYSTEM_OPEN),
    **routes(
        "/sapi/v1",
        Security.SIGNED,
        {
            "GET /capital/config/getall": _coins,
            "GET /asset/tradeFee": _trade_fee,
            "GET /margin/allPairs": _no_margin,
            "GET /margin/isolated/allPairs": _no_margin,
            **WALLET_SIGNED,
        },
    ),
}
