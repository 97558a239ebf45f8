"""The futures face: ``/fapi/v1`` to ``v3``, and ``/futures/data``."""

from xq.sim.fair import Price
from xq.sim.instruments import Face
from xq.sim.wire import futures_prices as prices
from xq.sim.wire import market_data
from xq.sim.wire.futures_account import ACCOUNT_V1, ACCOUNT_V2, ACCOUNT_V3
from xq.sim.wire.futures_algos import ALGOS_V1
from xq.sim.wire.futures_figures import FIGURES_DATA, FIGURES_V1
from xq.sim.wire.futures_orders import ORDERS_V1
from xq.sim.wire.futures_standing import STANDING_V1
from xq.sim.wire.listing import futures_info
from xq.sim.wire.market_data import of_face
from xq.sim.wire.route import Routes, Security, routes

_FUTURES = Face.FUTURES


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
            **FIGURES_V1,
        },
    ),
    **routes(
        "/futures/data",
        Security.OPEN,
        {"GET /openInterestHist": prices.open_interest_history, **FIGURES_DATA},
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
            **ALGOS_V1,
            **ORDERS_V1,
            **ACCOUNT_V1,
            **STANDING_V1,
        },
    ),
    **routes("/fapi/v2", Security.SIGNED, ACCOUNT_V2),
    **routes("/fapi/v3", Security.SIGNED, ACCOUNT_V3),
}
