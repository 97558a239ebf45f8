"""Trades as streams: every print on the tape, in order."""

from collections.abc import Callable, Iterator
from typing import Any

import orjson

from xq.sim.exact import text
from xq.sim.feed import Feed
from xq.sim.instruments import Face
from xq.sim.market import SimTrade
from xq.sim.venue import SimVenue
from xq.sim.wire.market_data import aggregate
from xq.sim.wire.streams.names import Kind, Stream

_PAGE = 1000


class Prints:
    """``<symbol>@trade`` and ``<symbol>@aggTrade``."""

    def __init__(self, stream: Stream, venue: SimVenue) -> None:
        self.stream = stream
        self._feed = venue.feeds[stream.face]
        self._payload = _SHAPES[stream.face, stream.kind]

    def close(self) -> None:
        """Nothing to leave."""

    def events(self, since_ms: int, until_ms: int) -> Iterator[tuple[int, bytes]]:
        """The trades in (since, until]."""
        symbol, payload, dumps = self.stream.symbol, self._payload, orjson.dumps
        for trade in trades_between(self._feed, symbol, since_ms, until_ms):
            yield trade.ts, dumps(payload(symbol, trade))


def trades_between(feed: Feed, symbol: str, since_ms: int, until_ms: int) -> Iterator[SimTrade]:
    """Every trade in (since, until], oldest first."""
    rows = feed.trades(symbol, start_ms=since_ms + 1, end_ms=until_ms, limit=_PAGE, now_ms=until_ms)
    while rows:
        yield from rows
        if len(rows) < _PAGE:
            return
        rows = feed.trades(
            symbol, from_id=rows[-1].id + 1, end_ms=until_ms, limit=_PAGE, now_ms=until_ms
        )


def _futures_trade(symbol: str, trade: SimTrade) -> dict[str, Any]:
    return {
        "e": "trade",
        "E": trade.ts,
        "T": trade.ts,
        "s": symbol,
        "t": trade.id,
        "p": text(trade.price),
        "q": text(trade.quantity),
        "X": "MARKET",
        "m": trade.buyer_is_maker,
    }


def _spot_trade(symbol: str, trade: SimTrade) -> dict[str, Any]:
    return {
        "e": "trade",
        "E": trade.ts,
        "s": symbol,
        "t": trade.id,
        "p": text(trade.price),
        "q": text(trade.quantity),
        "T": trade.ts,
        "m": trade.buyer_is_maker,
        "M": True,
    }


def _futures_aggregate(symbol: str, trade: SimTrade) -> dict[str, Any]:
    return _aggregate(symbol, trade, Face.FUTURES) | {"st": 1}


def _spot_aggregate(symbol: str, trade: SimTrade) -> dict[str, Any]:
    return _aggregate(symbol, trade, Face.SPOT)


def _aggregate(symbol: str, trade: SimTrade, face: Face) -> dict[str, Any]:
    return {"e": "aggTrade", "E": trade.ts, "s": symbol} | aggregate(trade, face)


_SHAPES: dict[tuple[Face, Kind], Callable[[str, SimTrade], dict[str, Any]]] = {
    (Face.FUTURES, Kind.TRADE): _futures_trade,
    (Face.SPOT, Kind.TRADE): _spot_trade,
    (Face.FUTURES, Kind.AGG_TRADE): _futures_aggregate,
    (Face.SPOT, Kind.AGG_TRADE): _spot_aggregate,
}
