"""Figures of perpetuals that follow from others: premium, basis, takers, funding rules."""

from decimal import Decimal
from typing import Any

from xq.sim.basis import CAP
from xq.sim.contracts import FUNDING_MS
from xq.sim.exact import divided, text
from xq.sim.fair import Price
from xq.sim.instruments import Face, SimInstrument
from xq.sim.refusal import Reason, Refusal
from xq.sim.wire import market_data
from xq.sim.wire.futures_prices import period_of
from xq.sim.wire.params import Params
from xq.sim.wire.route import Caller, Handler, Json
from xq.sim.wire.slices import Slices, bars, each, price_bars
from xq.timeframe import HOUR_MS

_FUTURES = Face.FUTURES
_MOST_BARS = 1500
_KLINE_CLOSE = 6  # columns of bars on the wire
_PERPETUAL = "PERPETUAL"


def premium_klines(caller: Caller, params: Params) -> Slices[Json]:
    """Bars of how far the mark stands from the index, as a share of it, at each bar's edges."""
    venue = caller.venue
    symbol = venue.market(_FUTURES, params.required("symbol")).id
    timeframe = market_data.interval(params, _FUTURES)
    limit, span = params.limit(500, _MOST_BARS, capped=False), params.span()
    feed = venue.feeds[_FUTURES]
    now = venue.now_ms
    marks = yield from price_bars(feed, Price.MARK, symbol, timeframe, span, limit, now)
    indices = yield from price_bars(feed, Price.INDEX, symbol, timeframe, span, limit, now)
    rows = zip(marks.tolist(), indices.tolist(), strict=True)
    return [_premium(mark, index) for mark, index in rows]


def _premium(mark: list[float], index: list[float]) -> list[Any]:
    opened, closed = (mark[at] / index[at] - 1 for at in (1, 4))
    edges = (opened, max(opened, closed), min(opened, closed), closed)
    shown = (f"{share:.8f}" for share in edges)
    return [int(mark[0]), *shown, "0", int(mark[_KLINE_CLOSE]), "0", 12, "0", "0", "0"]


def continuous_klines(caller: Caller, params: Params) -> Slices[Json]:
    """Bars of a pair's perpetual; there are no contracts with a delivery date."""
    _perpetual(params)
    market = caller.venue.market(_FUTURES, params.required("pair"))
    return market_data.klines(caller, params.having(symbol=market.id), _FUTURES)


def funding_info(caller: Caller, _params: Params) -> Json:
    """How often funding is settled, and its bounds."""
    return [
        {
            "symbol": market.id,
            "adjustedFundingRateCap": f"{CAP:.8f}",
            "adjustedFundingRateFloor": f"{-CAP:.8f}",
            "fundingIntervalHours": FUNDING_MS // HOUR_MS,
            "disclaimer": False,
        }
        for market in caller.venue.markets(_FUTURES)
    ]


def composite_indices(_caller: Caller, params: Params) -> Json:
    """Baskets that are traded like a coin; there are none."""
    if params.text("symbol") is not None:
        raise Refusal(Reason.BAD_SYMBOL)
    return []


def constituents(caller: Caller, params: Params) -> Json:
    """What the index is made of: the coin on this venue's own spot face."""
    venue = caller.venue
    market = venue.market(_FUTURES, params.required("symbol"))
    price = text(venue.feeds[_FUTURES].index_price(market.id, venue.now_ms))
    row = {"exchange": "xq sim", "symbol": market.id, "price": price, "weight": "1.00000000"}
    return {"symbol": market.id, "time": venue.now_ms, "constituents": [row]}


def basis(caller: Caller, params: Params) -> Slices[Json]:
    """Future less index at regular times."""
    _perpetual(params)
    market = caller.venue.market(_FUTURES, params.required("pair"))
    rows = yield from _bars(caller, params, market)
    return (yield from each(rows, lambda row: _basis(caller, market, row)))


def _basis(caller: Caller, market: SimInstrument, row: list[float]) -> dict[str, Any]:
    opened_ms = int(row[0])
    future = Decimal(f"{row[1]:.8f}")
    index = caller.venue.feeds[_FUTURES].index_price(market.id, opened_ms)
    return {
        "indexPrice": text(index),
        "contractType": _PERPETUAL,
        "basisRate": f"{divided(future - index, index):.4f}",
        "futuresPrice": text(future),
        "annualizedBasisRate": "",
        "basis": text(future - index),
        "pair": market.id,
        "timestamp": opened_ms,
    }


def taker_volumes(caller: Caller, params: Params) -> Slices[Json]:
    """What takers bought and sold in each period."""
    market = caller.venue.market(_FUTURES, params.required("symbol"))
    rows = yield from _bars(caller, params, market)
    return [_takers(row) for row in rows]


def _takers(row: list[float]) -> dict[str, Any]:
    bought = Decimal(f"{row[9]:.8f}")
    sold = Decimal(f"{row[5]:.8f}") - bought
    return {
        "buySellRatio": f"{divided(bought, sold) if sold else Decimal(0):.4f}",
        "buyVol": text(bought),
        "sellVol": text(sold),
        "timestamp": int(row[0]),
    }


def _bars(caller: Caller, params: Params, market: SimInstrument) -> Slices[list[list[float]]]:
    venue = caller.venue
    period = period_of(params)
    span, now = params.span(), venue.now_ms
    limit = params.limit(30, 500, capped=False)
    rows = yield from bars(venue.feeds[_FUTURES], market.id, period, span, limit, now)
    return [row for row in rows.tolist() if row[_KLINE_CLOSE] < now]


def _perpetual(params: Params) -> None:
    if params.required("contractType") != _PERPETUAL:
        raise Refusal(Reason.INVALID_DATA, "contractType")


FIGURES_V1: dict[str, Handler] = {
    "GET /premiumIndexKlines": premium_klines,
    "GET /continuousKlines": continuous_klines,
    "GET /rpiDepth": market_data.of_face(market_data.depth, _FUTURES),
    "GET /fundingInfo": funding_info,
    "GET /indexInfo": composite_indices,
    "GET /constituents": constituents,
}
FIGURES_DATA: dict[str, Handler] = {
    "GET /basis": basis,
    "GET /takerlongshortRatio": taker_volumes,
}
