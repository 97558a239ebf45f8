"""Public prices: books, trades, daily figures, funding, open interest."""

from decimal import Decimal
from typing import Any

from xq.sim.contracts import FUNDING_MS
from xq.sim.exact import exact
from xq.sim.instruments import SimInstrument
from xq.sim.interest import STEP_MS
from xq.sim.market import Levels, SimTrade
from xq.sim.refusal import Reason, Refusal
from xq.sim.venue import SimVenue
from xq.sim.wire.bybit.answers import Fault, plain
from xq.sim.wire.bybit.asks import FACE, LINEAR, Ask, page_of
from xq.sim.wire.bybit.ids import Sort, written
from xq.sim.wire.futures_prices import INTEREST_KEPT_MS
from xq.sim.wire.market_data import day_ticker
from xq.sim.wire.params import Params
from xq.sim.wire.route import Caller
from xq.sim.wire.slices import Slices, each
from xq.timeframe import HOUR_MS, Timeframe

TICK_MS = 20  # update ids advance at most this often

_HOUR = Timeframe("1h", HOUR_MS)
_PERIODS = {"5min": "5m", "15min": "15m", "30min": "30m", "1h": "1h", "4h": "4h", "1d": "1d"}


def time(ask: Ask) -> dict[str, Any]:
    """Venue time."""
    return {"timeSecond": str(ask.now_ms // 1000), "timeNano": str(ask.now_ms * 1_000_000)}


def sequence(now_ms: int) -> int:
    """Bybit's cross sequence: later looks at a book have larger ones, whoever looks.

    Examples
    --------
    >>> sequence(1_704_067_200_000)
    17040672000000
    """
    return now_ms * 10


def update_id(now_ms: int) -> int:
    """The id that a book's stream would have reached at most."""
    return now_ms // TICK_MS


def levels(side: Levels) -> list[list[str]]:
    """One side of a book."""
    return [[plain(price), plain(quantity)] for price, quantity in side]


def orderbook(ask: Ask) -> dict[str, Any]:
    """The best levels of both sides."""
    ask.only_linear()
    market = ask.market()
    bids, asks = ask.venue.depth(FACE, market.id, ask.params.limit(25, 1000, capped=True))
    now = ask.now_ms
    return {
        "s": market.id,
        "b": levels(bids),
        "a": levels(asks),
        "ts": now,
        "u": update_id(now),
        "seq": sequence(now),
        "cts": now,
    }


def recent_trades(ask: Ask) -> dict[str, Any]:
    """The newest trades, newest first."""
    ask.only_linear()
    market = ask.market()
    limit = ask.params.limit(500, 1000, capped=True)
    found = ask.feed.trades(market.id, limit=limit, now_ms=ask.now_ms)
    rows = [_trade(market.id, trade) for trade in reversed(found)]
    return {"category": LINEAR, "list": rows}


def _trade(symbol: str, trade: SimTrade) -> dict[str, Any]:
    return {
        "execId": written(Sort.PRINT, trade.id),
        "symbol": symbol,
        "price": plain(trade.price),
        "size": plain(trade.quantity),
        "side": taker_side(trade),
        "time": str(trade.ts),
        "isBlockTrade": False,
        "isRPITrade": False,
        "seq": str(sequence(trade.ts)),
    }


def taker_side(trade: SimTrade) -> str:
    """Who came last."""
    return "Sell" if trade.buyer_is_maker else "Buy"


def tickers(ask: Ask) -> Slices[dict[str, Any]]:
    """Daily figures, prices and funding of one symbol, or of all."""
    ask.only_linear()
    rows = yield from each(ask.markets(), lambda market: ticker(ask.venue, market))
    return {"category": LINEAR, "list": rows}


@exact
def ticker(venue: SimVenue, market: SimInstrument) -> dict[str, Any]:
    """Everything that Bybit tells of a market at a glance."""
    feed, now = venue.feeds[FACE], venue.now_ms
    day = day_ticker(Caller(venue, ""), Params({"symbol": market.id}), FACE)
    if not isinstance(day, dict):
        raise TypeError("one market has one row")
    figures = {name: plain(Decimal(day[name])) for name in _DAY}
    bids, asks = venue.depth(FACE, market.id, 1)
    coming = feed.funding_estimate(market.id, now)
    mark, held = feed.mark_price(market.id, now), feed.open_interest(market.id, now)
    hour = feed.bars(market.id, _HOUR, None, None, 1, now).tolist()
    change = Decimal(day["priceChangePercent"]).scaleb(-2)
    best = {"bid1Price": "", "bid1Size": "", "ask1Price": "", "ask1Size": ""}
    for name, side in (("bid1", bids), ("ask1", asks)):
        if side:
            best |= {f"{name}Price": plain(side[0][0]), f"{name}Size": plain(side[0][1])}
    return {
        "symbol": market.id,
        **{wanted: figures[name] for name, wanted in _DAY.items()},
        "price24hPcnt": plain(change),
        "prevPrice1h": f"{hour[0][1]:.{market.price_digits}f}" if hour else figures["lastPrice"],
        "indexPrice": plain(feed.index_price(market.id, now)),
        "markPrice": plain(mark),
        "openInterest": plain(held),
        "openInterestValue": plain(held * mark),
        "fundingRate": plain(coming.rate),
        "nextFundingTime": str(coming.ts),
        "fundingIntervalHour": str(FUNDING_MS // HOUR_MS),
        "predictedDeliveryPrice": "",
        "basisRate": "",
        "basis": "",
        "deliveryFeeRate": "",
        "deliveryTime": "0",
        "preOpenPrice": "",
        "preQty": "",
        "curPreListingPhase": "",
        **best,
    }


_DAY = {
    "lastPrice": "lastPrice",
    "openPrice": "prevPrice24h",
    "highPrice": "highPrice24h",
    "lowPrice": "lowPrice24h",
    "volume": "volume24h",
    "quoteVolume": "turnover24h",
}


def funding_history(ask: Ask) -> dict[str, Any]:
    """Past settlements, newest first."""
    ask.only_linear()
    market = ask.market()
    start, end = ask.span()
    if start is not None and end is None:
        raise Fault(10001, "params error: endTime is required with startTime")
    limit = ask.params.limit(200, 200, capped=True)
    last = ask.now_ms if end is None else min(end, ask.now_ms)
    first = max(last - limit * FUNDING_MS + 1, 0 if start is None else start)
    rows = [
        {
            "symbol": market.id,
            "fundingRate": plain(settled.rate),
            "fundingRateTimestamp": str(settled.ts),
        }
        for settled in ask.feed.funding(market.id, first, last, limit)
    ]
    return {"category": LINEAR, "list": rows[::-1]}


def open_interest(ask: Ask) -> dict[str, Any]:
    """Contracts held at regular times of the last thirty days, newest first."""
    ask.only_linear()
    market = ask.market()
    word = ask.params.required("intervalTime")
    if word not in _PERIODS:
        raise Refusal(Reason.INVALID_DATA, "intervalTime")
    period = Timeframe.parse(_PERIODS[word])
    start, end = ask.span()
    oldest = max(ask.now_ms - INTEREST_KEPT_MS, market.listed_ms + STEP_MS)
    first = period.ceil(oldest if start is None else max(start, oldest))
    last = period.floor(ask.now_ms if end is None else min(end, ask.now_ms))
    page, cursor = page_of(ask, list(range(last, first - 1, -period.ms)), 50, 200)
    rows = [
        {"openInterest": plain(ask.feed.open_interest(market.id, ts)), "timestamp": str(ts)}
        for ts in page
    ]
    return {"symbol": market.id, "category": LINEAR, "list": rows, "nextPageCursor": cursor}
