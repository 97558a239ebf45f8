"""The futures face: ``/fapi/v1`` to ``v3``, and ``/futures/data``."""

from typing import Any

from xq.sim.fair import Price
from xq.sim.instruments import Face
from xq.sim.wire import futures_prices as prices
from xq.sim.wire import market_data
from xq.sim.wire.futures_account import ACCOUNT_V1, ACCOUNT_V2, ACCOUNT_V3
from xq.sim.wire.futures_payloads import described_order, own_trade, placed_order
from xq.sim.wire.listing import futures_info
from xq.sim.wire.market_data import of_face
from xq.sim.wire.order_params import futures_order, which_order
from xq.sim.wire.params import Params
from xq.sim.wire.route import Caller, Json, Routes, Security, routes

_FUTURES = Face.FUTURES


def _place(caller: Caller, params: Params) -> Json:
    venue = caller.venue
    shape = params.one_of("newOrderRespType", ("ACK", "RESULT"), "ACK")
    order = venue.place(caller.owner, _FUTURES, futures_order(params)).order
    return placed_order(order) if shape == "RESULT" else _acknowledged(placed_order(order))


def _acknowledged(row: dict[str, Any]) -> dict[str, Any]:
    """ACK says that the order arrived, not what became of it."""
    nothing = dict.fromkeys(("avgPrice", "executedQty", "cumQty", "cumQuote"), "0.00000000")
    return row | nothing | {"status": "NEW"}


def _test(caller: Caller, params: Params) -> Json:
    venue = caller.venue
    venue.rehearse(caller.owner, _FUTURES, futures_order(params))
    return {}


def _query(caller: Caller, params: Params) -> Json:
    venue = caller.venue
    order_id, client_id = which_order(params)
    symbol = params.required("symbol")
    return described_order(
        venue.order(caller.owner, _FUTURES, symbol, order_id=order_id, client_id=client_id)
    )


def _cancel(caller: Caller, params: Params) -> Json:
    venue = caller.venue
    order_id, client_id = which_order(params)
    symbol = params.required("symbol")
    return placed_order(
        venue.cancel(caller.owner, _FUTURES, symbol, order_id=order_id, client_id=client_id)
    )


def _cancel_all(caller: Caller, params: Params) -> Json:
    venue = caller.venue
    venue.cancel_all(caller.owner, _FUTURES, params.required("symbol"))
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


def _open_orders(caller: Caller, params: Params) -> Json:
    venue = caller.venue
    symbol = params.text("symbol")
    if symbol is not None:
        venue.market(_FUTURES, symbol)
    return [
        described_order(order) for order in venue.state.orders_of(caller.owner, _FUTURES, symbol)
    ]


def _no_conditional_orders(caller: Caller, params: Params) -> Json:
    """The book of conditional orders; it takes none, so it is empty."""
    venue = caller.venue
    symbol = params.text("symbol")
    if symbol is not None:
        venue.market(_FUTURES, symbol)
    return []


def _all_orders(caller: Caller, params: Params) -> Json:
    venue = caller.venue
    symbol = venue.market(_FUTURES, params.required("symbol")).id
    page = params.page("orderId", limit=params.limit(500, 1000, capped=True))
    return [
        described_order(order)
        for order in venue.ledger.orders(caller.owner, _FUTURES, symbol, page)
    ]


def _user_trades(caller: Caller, params: Params) -> Json:
    venue = caller.venue
    symbol = venue.market(_FUTURES, params.required("symbol")).id
    page = params.page("fromId", limit=params.limit(500, 1000, capped=True))
    order_id = params.integer("orderId")
    fills = venue.ledger.fills(caller.owner, _FUTURES, symbol, page, order_id=order_id)
    return [own_trade(fill) for fill in fills]


FUTURES_ROUTES: Routes = {
    **routes(
        "/fapi/v1",
        Security.OPEN,
        {
            "GET /ping": market_data.ping,
            "GET /time": market_data.time,
            "GET /exchangeInfo": futures_info,
            "GET /klines": of_face(market_data.klines, _FUTURES),
            "GET /depth": of_face(market_data.depth, _FUTURES),
            "GET /trades": of_face(market_data.trades, _FUTURES),
            "GET /aggTrades": of_face(market_data.aggregate_trades, _FUTURES),
            "GET /ticker/24hr": of_face(market_data.day_ticker, _FUTURES),
            "GET /ticker/bookTicker": of_face(market_data.book_ticker, _FUTURES),
            "GET /ticker/price": of_face(market_data.price_ticker, _FUTURES),
            "GET /premiumIndex": prices.premium_index,
            "GET /fundingRate": prices.funding_rates,
            "GET /markPriceKlines": prices.price_klines(Price.MARK),
            "GET /indexPriceKlines": prices.price_klines(Price.INDEX),
            "GET /openInterest": prices.open_interest,
        },
    ),
    **routes(
        "/futures/data", Security.OPEN, {"GET /openInterestHist": prices.open_interest_history}
    ),
    **routes(
        "/fapi/v2",
        Security.OPEN,
        {"GET /ticker/price": of_face(market_data.price_ticker, _FUTURES)},
    ),
    **routes(
        "/fapi/v1",
        Security.KEY,
        {"GET /historicalTrades": of_face(market_data.trades, _FUTURES)},
    ),
    **routes(
        "/fapi/v1",
        Security.SIGNED,
        {
            "POST /order": _place,
            "POST /order/test": _test,
            "GET /order": _query,
            "DELETE /order": _cancel,
            "DELETE /allOpenOrders": _cancel_all,
            "GET /openOrders": _open_orders,
            "GET /allOrders": _all_orders,
            "GET /userTrades": _user_trades,
            "GET /openAlgoOrders": _no_conditional_orders,
            **ACCOUNT_V1,
        },
    ),
    **routes("/fapi/v2", Security.SIGNED, ACCOUNT_V2),
    **routes("/fapi/v3", Security.SIGNED, ACCOUNT_V3),
}
