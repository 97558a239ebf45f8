"""Public endpoints, the same on both faces but for a few fields."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from xq.errors import UnknownName
from xq.sim.exact import ZERO, divided, text
from xq.sim.instruments import Face, SimInstrument
from xq.sim.market import SimTrade
from xq.sim.refusal import Reason, Refusal
from xq.sim.venue import SimVenue
from xq.sim.wire.params import Params
from xq.sim.wire.route import Caller, Handler, Json
from xq.sim.wire.slices import Slices, bars, each
from xq.timeframe import DAY_MS, HOUR_MS, MINUTE_MS, Timeframe

_HOUR = Timeframe("1h", HOUR_MS)
_FUTURES_DEPTHS = (5, 10, 20, 50, 100, 500, 1000)
_SPOT_DEPTH = 5000
_BARS = {Face.SPOT: 1000, Face.FUTURES: 1500}


def ping(_caller: Caller, _params: Params) -> Json:
    """Nothing, quickly."""
    return {}


def time(caller: Caller, _params: Params) -> Json:
    """Venue time."""
    venue = caller.venue
    return {"serverTime": venue.now_ms}


def of_face(function: Callable[[Caller, Params, Face], Json | Slices[Json]], face: Face) -> Handler:
    """A handler for one face."""

    def handler(caller: Caller, params: Params) -> Json | Slices[Json]:
        return function(caller, params, face)

    return handler


def klines(caller: Caller, params: Params, face: Face) -> Slices[Json]:
    """Bars, oldest first; from ``startTime`` on, or the newest."""
    venue = caller.venue
    symbol = venue.market(face, params.required("symbol")).id
    timeframe = interval(params, face)
    span = params.span()
    limit = params.limit(500, _BARS[face], capped=face is Face.SPOT)
    rows = yield from bars(venue.feeds[face], symbol, timeframe, span, limit, venue.now_ms)
    return [_kline(row) for row in rows.tolist()]


def interval(params: Params, face: Face) -> Timeframe:
    """The bar length asked for; Binance has bars of seconds on spot alone."""
    try:
        timeframe = Timeframe.parse(params.required("interval"))
    except UnknownName:
        raise Refusal(Reason.BAD_INTERVAL) from None
    if face is Face.FUTURES and timeframe.ms < MINUTE_MS:
        raise Refusal(Reason.BAD_INTERVAL)
    return timeframe


def _kline(row: list[float]) -> list[Any]:
    ts, *prices, volume, close_ms, quote, trades, taker_base, taker_quote = row
    return [
        int(ts),
        *(f"{price:.8f}" for price in prices),
        f"{volume:.8f}",
        int(close_ms),
        f"{quote:.8f}",
        int(trades),
        f"{taker_base:.8f}",
        f"{taker_quote:.8f}",
        "0",
    ]


def depth(caller: Caller, params: Params, face: Face) -> Json:
    """Outside liquidity and clients' resting orders."""
    venue = caller.venue
    symbol = venue.market(face, params.required("symbol")).id
    bids, asks = venue.depth(face, symbol, _depth_limit(params, face))
    book: dict[str, Any] = {"lastUpdateId": venue.now_ms}
    if face is Face.FUTURES:
        book |= {"E": venue.now_ms, "T": venue.now_ms}
    book["bids"] = [[text(price), text(quantity)] for price, quantity in bids]
    book["asks"] = [[text(price), text(quantity)] for price, quantity in asks]
    return book


def _depth_limit(params: Params, face: Face) -> int:
    if face is Face.SPOT:
        return params.limit(100, _SPOT_DEPTH, capped=True)
    limit = params.integer("limit")
    if limit is not None and limit not in _FUTURES_DEPTHS:
        raise Refusal(Reason.BAD_DEPTH_LIMIT, str(limit))
    return 500 if limit is None else limit


def trades(caller: Caller, params: Params, face: Face) -> Json:
    """The newest trades, or those from ``fromId`` on."""
    venue = caller.venue
    symbol = venue.market(face, params.required("symbol")).id
    found = venue.feeds[face].trades(
        symbol,
        from_id=params.integer("fromId"),
        limit=params.limit(500, 1000, capped=face is Face.SPOT),
        now_ms=venue.now_ms,
    )
    rows = []
    for trade in found:
        row = {
            "id": trade.id,
            "price": text(trade.price),
            "qty": text(trade.quantity),
            "quoteQty": text(trade.price * trade.quantity),
            "time": trade.ts,
            "isBuyerMaker": trade.buyer_is_maker,
        }
        rows.append(row | ({"isBestMatch": True} if face is Face.SPOT else {"isRPITrade": False}))
    return rows


def aggregate_trades(caller: Caller, params: Params, face: Face) -> Json:
    """Trades by id, by time, or the newest."""
    venue = caller.venue
    symbol = venue.market(face, params.required("symbol")).id
    start, end = params.span()
    found = venue.feeds[face].trades(
        symbol,
        from_id=params.integer("fromId"),
        start_ms=start,
        end_ms=end,
        limit=params.limit(500, 1000, capped=face is Face.SPOT),
        now_ms=venue.now_ms,
    )
    return [aggregate(trade, face) for trade in found]


def aggregate(trade: SimTrade, face: Face) -> dict[str, Any]:
    """A trade as an answer and as the better part of a message."""
    row = {
        "a": trade.id,
        "p": text(trade.price),
        "q": text(trade.quantity),
        "f": trade.first_execution,
        "l": trade.last_execution,
        "T": trade.ts,
        "m": trade.buyer_is_maker,
    }
    return row | ({"M": True} if face is Face.SPOT else {"nq": row["q"]})


def day_ticker(caller: Caller, params: Params, face: Face) -> Json | Slices[Json]:
    """Turnover and change over the last 24 hourly bars, the open one included."""
    venue = caller.venue
    return _each(venue, params, face, lambda market: _day(venue, face, market))


def _day(venue: SimVenue, face: Face, market: SimInstrument) -> dict[str, Any]:
    feed, now = venue.feeds[face], venue.now_ms
    rows = feed.bars(market.id, _HOUR, now - DAY_MS + 1, None, 24, now).tolist()
    last = feed.last_price(market.id, now)
    opened = Decimal(f"{rows[0][1]:.8f}") if rows else last
    volume = Decimal(f"{sum(row[5] for row in rows):.8f}")
    turnover = Decimal(f"{sum(row[7] for row in rows):.8f}")
    count = int(sum(row[8] for row in rows))
    newest = feed.trades(market.id, limit=1, now_ms=now)
    last_id = newest[-1].last_execution if newest else -1
    ticker = {
        "symbol": market.id,
        "priceChange": text(last - opened),
        "priceChangePercent": f"{divided((last - opened) * 100, opened):.3f}",
        "weightedAvgPrice": text(divided(turnover, volume) if volume else last),
        "lastPrice": text(last),
        "lastQty": text(newest[-1].quantity if newest else ZERO),
        "openPrice": text(opened),
        "highPrice": f"{max((row[2] for row in rows), default=float(last)):.8f}",
        "lowPrice": f"{min((row[3] for row in rows), default=float(last)):.8f}",
        "volume": text(volume),
        "quoteVolume": text(turnover),
        "openTime": int(rows[0][0]) if rows else now,
        "closeTime": now,
        "firstId": max(last_id - count + 1, 0) if newest else -1,
        "lastId": last_id,
        "count": count,
    }
    if face is Face.FUTURES:
        return ticker
    return ticker | _best(venue, face, market) | {"prevClosePrice": text(opened)}


def book_ticker(caller: Caller, params: Params, face: Face) -> Json | Slices[Json]:
    """Best bid and ask."""
    venue = caller.venue

    def quote(market: SimInstrument) -> dict[str, Any]:
        best = {"symbol": market.id, **_best(venue, face, market)}
        return best | _stamp(venue, face)

    return _each(venue, params, face, quote)


def price_ticker(caller: Caller, params: Params, face: Face) -> Json | Slices[Json]:
    """Last price."""
    venue = caller.venue

    def quote(market: SimInstrument) -> dict[str, Any]:
        price = text(venue.feeds[face].last_price(market.id, venue.now_ms))
        return {"symbol": market.id, "price": price} | _stamp(venue, face)

    return _each(venue, params, face, quote)


def _best(venue: SimVenue, face: Face, market: SimInstrument) -> dict[str, Any]:
    bids, asks = venue.depth(face, market.id, 1)
    bid, ask = (side[0] if side else (ZERO, ZERO) for side in (bids, asks))
    return {
        "bidPrice": text(bid[0]),
        "bidQty": text(bid[1]),
        "askPrice": text(ask[0]),
        "askQty": text(ask[1]),
    }


def _stamp(venue: SimVenue, face: Face) -> dict[str, Any]:
    return {"time": venue.now_ms} if face is Face.FUTURES else {}


def _each(
    venue: SimVenue, params: Params, face: Face, answer: Callable[[SimInstrument], dict[str, Any]]
) -> Json | Slices[Json]:
    """One market's answer, or a list of all, as ``symbol`` and spot's ``symbols`` ask."""
    symbol = params.text("symbol")
    if symbol is not None:
        return answer(venue.market(face, symbol))
    return each(named(venue, params, face), answer)


def named(venue: SimVenue, params: Params, face: Face) -> tuple[SimInstrument, ...]:
    """The markets that ``symbols=["A","B"]`` names, or all."""
    listed = params.text("symbols") if face is Face.SPOT else None
    if listed is None:
        return venue.markets(face)
    if not (listed.startswith("[") and listed.endswith("]")):
        raise Refusal(Reason.MALFORMED_PARAMETER, "symbols")
    names = [name.strip().strip('"') for name in listed[1:-1].split(",")]
    return tuple(venue.market(face, name) for name in names)
