"""Mark prices and daily figures as streams, in the numbers that REST answers."""

from collections.abc import Iterator
from typing import Any

import orjson

from xq.sim.exact import text
from xq.sim.instruments import Face
from xq.sim.venue import SimVenue
from xq.sim.wire.market_data import day_ticker
from xq.sim.wire.params import Params
from xq.sim.wire.route import Caller
from xq.sim.wire.streams.names import Kind, Round, Stream


class Marks:
    """``<symbol>@markPrice`` and ``!markPrice@arr``: a price for each moment of a fixed grid."""

    def __init__(self, stream: Stream, venue: SimVenue) -> None:
        self.stream = stream
        self._venue = venue
        self._feed = venue.feeds[stream.face]

    def close(self) -> None:
        """Nothing to leave."""

    def events(self, since_ms: int, until_ms: int) -> Iterator[tuple[int, bytes] | None]:
        """One message for each moment in (since, until]."""
        every = self.stream.every_ms
        for ts in range(since_ms // every * every + every, until_ms + 1, every):
            if self.stream.symbol:
                yield ts, orjson.dumps(self._mark(self.stream.symbol, ts))
                continue
            rows = []
            for market in self._venue.markets(self.stream.face):
                rows.append(self._mark(market.id, ts))
                yield None
            yield ts, orjson.dumps(rows)

    def _mark(self, symbol: str, ts_ms: int) -> dict[str, Any]:
        coming = self._feed.funding_estimate(symbol, ts_ms)
        index = text(self._feed.index_price(symbol, ts_ms))
        mark = text(self._feed.mark_price(symbol, ts_ms))
        return {
            "e": "markPriceUpdate",
            "E": ts_ms,
            "s": symbol,
            "p": mark,
            "ap": mark,
            "i": index,
            "P": index,
            "r": text(coming.rate),
            "T": coming.ts,
            "st": 1,
        }


class Figures:
    """``<symbol>@ticker``, ``<symbol>@miniTicker`` and those of all markets."""

    def __init__(self, stream: Stream, venue: SimVenue) -> None:
        self.stream = stream
        self._venue = venue
        self._caller = Caller(venue, owner="")
        self._cell = venue.now_ms // stream.every_ms
        self._seen: dict[str, tuple[object, ...]] = {}
        self._round = Round([market.id for market in venue.markets(stream.face)])

    def close(self) -> None:
        """Nothing to leave."""

    def events(self, _since_ms: int, _until_ms: int) -> Iterator[tuple[int, bytes] | None]:
        """The figures now, of markets where something traded, once for each piece of time."""
        now = self._venue.now_ms
        if now // self.stream.every_ms == self._cell:
            return
        self._cell = now // self.stream.every_ms
        if self.stream.symbol:
            row = self._changed(self.stream.symbol)
            if row is not None:
                yield now, orjson.dumps(row)
            return
        rows = []
        for symbol in self._round.next():
            row = self._changed(symbol)
            if row is not None:
                rows.append(row)
            yield None
        if rows:
            yield now, orjson.dumps(rows)

    def _changed(self, symbol: str) -> dict[str, Any] | None:
        figures = day_ticker(self._caller, Params({"symbol": symbol}), self.stream.face)
        if not isinstance(figures, dict):
            raise TypeError("one market has one row")
        known = self._seen.get(symbol)
        state = (figures["count"], figures["volume"], figures["openTime"])
        if known is not None and known == state:
            return None
        self._seen[symbol] = state
        return self._row(figures)

    def _row(self, figures: dict[str, Any]) -> dict[str, Any]:
        now = figures["closeTime"]
        spot = self.stream.face is Face.SPOT
        symbol = figures["symbol"]
        ends = {
            "o": figures["openPrice"],
            "h": figures["highPrice"],
            "l": figures["lowPrice"],
            "v": figures["volume"],
            "q": figures["quoteVolume"],
        }
        if self.stream.kind is Kind.MINI_TICKER:
            row = {"e": "24hrMiniTicker", "E": now, "s": symbol, "c": figures["lastPrice"], **ends}
            return row if spot else row | {"ps": symbol, "st": 1}
        row = {
            "e": "24hrTicker",
            "E": now,
            "s": symbol,
            "p": figures["priceChange"],
            "P": figures["priceChangePercent"],
            "w": figures["weightedAvgPrice"],
            "c": figures["lastPrice"],
            "Q": figures["lastQty"],
            **ends,
            "O": figures["openTime"],
            "C": figures["closeTime"],
            "F": figures["firstId"],
            "L": figures["lastId"],
            "n": figures["count"],
        }
        if not spot:
            return row | {"ps": symbol, "st": 1}
        return row | {
            "x": figures["openPrice"],
            "b": figures["bidPrice"],
            "B": figures["bidQty"],
            "a": figures["askPrice"],
            "A": figures["askQty"],
        }
