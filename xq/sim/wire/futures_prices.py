"""Prices of perpetuals that are not traded, their funding, and how many contracts are held."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from xq.sim.contracts import FUNDING_MS
from xq.sim.exact import text
from xq.sim.fair import Price
from xq.sim.instruments import Face, SimInstrument
from xq.sim.interest import STEP_MS
from xq.sim.refusal import Reason, Refusal
from xq.sim.venue import SimVenue
from xq.sim.wire.market_data import interval
from xq.sim.wire.params import Params
from xq.sim.wire.route import Caller, Handler, Json
from xq.sim.wire.slices import Slices, each, is_far, price_bars
from xq.timeframe import DAY_MS, Timeframe

INTEREST_KEPT_MS = 30 * DAY_MS  # Binance keeps a month of open interest

_FUTURES = Face.FUTURES
_MOST_BARS = 1500
_SETTLED_AT_ONCE = 60  # settlements of one market
PERIODS = ("5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d")


def premium_index(caller: Caller, params: Params) -> Json | Slices[Json]:
    """Mark and index price now, and the funding to come."""
    venue = caller.venue
    symbol = params.text("symbol")
    if symbol is not None:
        return _premium(venue, venue.market(_FUTURES, symbol))
    return each(venue.markets(_FUTURES), lambda market: _premium(venue, market))


def _premium(venue: SimVenue, market: SimInstrument) -> dict[str, Any]:
    feed, now = venue.feeds[_FUTURES], venue.now_ms
    coming = feed.funding_estimate(market.id, now)
    index = text(feed.index_price(market.id, now))
    return {
        "symbol": market.id,
        "markPrice": text(feed.mark_price(market.id, now)),
        "indexPrice": index,
        "estimatedSettlePrice": index,
        "lastFundingRate": text(coming.rate),
        "interestRate": "0.00010000",
        "nextFundingTime": coming.ts,
        "time": now,
    }


def funding_rates(caller: Caller, params: Params) -> Slices[Json]:
    """Past settlements, oldest first."""
    venue = caller.venue
    symbol = params.text("symbol")
    markets = venue.markets(_FUTURES) if symbol is None else (venue.market(_FUTURES, symbol),)
    start, end = params.span()
    limit = params.limit(100, 1000, capped=True)
    last = venue.now_ms if end is None else min(end, venue.now_ms)
    reach = (limit // len(markets) + 1) * FUNDING_MS
    if start is None:
        return (yield from _settled(venue, markets, last - reach + 1, last))[-limit:]
    first = max(start, min(market.listed_ms for market in markets))
    rows: list[dict[str, Any]] = []
    while first <= last and len(rows) < limit:
        rows = yield from _settled(venue, markets, first, min(first + reach, last))
        if first + reach >= last:
            break
        reach *= 2
    return rows[:limit]


def _settled(
    venue: SimVenue, markets: Sequence[SimInstrument], first: int, last: int
) -> Slices[list[dict[str, Any]]]:
    """Every settlement of some markets, oldest first."""
    feed = venue.feeds[_FUTURES]
    most = (last - first) // FUNDING_MS + 1 if is_far(feed) else _SETTLED_AT_ONCE
    rows = []
    for begin in range(first, last + 1, most * FUNDING_MS):
        end = min(begin + most * FUNDING_MS - 1, last)
        for market in markets:
            for settled in feed.funding(market.id, begin, end, most):
                rows.append(
                    {
                        "symbol": market.id,
                        "fundingRate": text(settled.rate),
                        "fundingTime": settled.ts,
                        "markPrice": text(settled.mark),
                    }
                )
            yield
    rows.sort(key=itemgetter("fundingTime", "symbol"))
    return rows


def price_klines(price: Price) -> Handler:
    """Bars of the mark price by ``symbol``, or of the index price by ``pair``."""
    name = "pair" if price is Price.INDEX else "symbol"

    def handler(caller: Caller, params: Params) -> Slices[Json]:
        venue = caller.venue
        symbol = venue.market(_FUTURES, params.required(name)).id
        timeframe = interval(params, _FUTURES)
        limit = params.limit(500, _MOST_BARS, capped=False)
        feed, now = venue.feeds[_FUTURES], venue.now_ms
        span = params.span()
        rows = yield from price_bars(feed, price, symbol, timeframe, span, limit, now)
        return [_kline(row, now) for row in rows.tolist()]

    return handler


def _kline(row: list[float], now_ms: int) -> list[Any]:
    """As Binance has it: no volume, and for trades how many seconds of the bar were looked at."""
    ts, close_ms = int(row[0]), int(row[6])
    seconds = (min(close_ms, now_ms) - ts) // 1000 + 1
    prices = (f"{price:.8f}" for price in row[1:5])
    return [ts, *prices, "0", close_ms, "0", seconds, "0", "0", "0"]


def open_interest(caller: Caller, params: Params) -> Json:
    """Contracts held now."""
    venue = caller.venue
    symbol = venue.market(_FUTURES, params.required("symbol")).id
    held = venue.feeds[_FUTURES].open_interest(symbol, venue.now_ms)
    return {"openInterest": text(held), "symbol": symbol, "time": venue.now_ms}


def open_interest_history(caller: Caller, params: Params) -> Slices[Json]:
    """Contracts held at regular times of the last thirty days, and their value at the mark."""
    venue = caller.venue
    market = venue.market(_FUTURES, params.required("symbol"))
    period = period_of(params)
    limit = params.limit(30, 500, capped=False)
    start, end = params.span()
    oldest = venue.now_ms - INTEREST_KEPT_MS
    if start is not None and start < oldest:
        raise Refusal(Reason.INVALID_DATA, "startTime")
    last = period.floor(venue.now_ms if end is None else min(end, venue.now_ms))
    first = max(last - (limit - 1) * period.ms, oldest) if start is None else start
    first = max(period.ceil(first), period.ceil(market.listed_ms + STEP_MS))
    times = range(first, min(last, first + (limit - 1) * period.ms) + 1, period.ms)
    return (yield from each(times, lambda ts: _interest(venue, market.id, ts)))


def _interest(venue: SimVenue, symbol: str, ts_ms: int) -> dict[str, Any]:
    feed = venue.feeds[_FUTURES]
    held = feed.open_interest(symbol, ts_ms)
    return {
        "symbol": symbol,
        "sumOpenInterest": text(held),
        "sumOpenInterestValue": text(held * feed.mark_price(symbol, ts_ms)),
        "timestamp": ts_ms,
    }


def period_of(params: Params) -> Timeframe:
    """The ``period`` asked for, one of `PERIODS`."""
    name = params.required("period")
    if name not in PERIODS:
        raise Refusal(Reason.INVALID_DATA, "period")
    return Timeframe.parse(name)
