"""Topics of Bybit's public streams: what ``orderbook.50.BTCUSDT`` and its kin ask for."""

from xq.sim.refusal import Refusal
from xq.sim.venue import SimVenue
from xq.sim.wire.bybit.asks import FACE
from xq.sim.wire.bybit.bars import interval
from xq.sim.wire.streams.names import Kind, Stream

_BOOKS = {"1": 10, "50": 20, "200": 100, "1000": 200}  # levels: milliseconds between messages
_TICKER_MS = 100
_BAR_MS = 1000


def parse(venue: SimVenue, topic: str) -> Stream | None:
    """The stream of a topic; None if there is none, or no such market."""
    word, *rest = topic.split(".")
    try:
        if not rest:
            return None
        symbol = venue.market(FACE, rest[-1]).id
        return _stream(topic, word, rest[:-1], symbol)
    except Refusal:
        return None


def _stream(topic: str, word: str, rest: list[str], symbol: str) -> Stream | None:
    if word == "orderbook" and len(rest) == 1 and rest[0] in _BOOKS:
        every = _BOOKS[rest[0]]
        return Stream(topic, FACE, Kind.DEPTH, symbol, every, levels=int(rest[0]))
    if word == "kline" and len(rest) == 1:
        return Stream(topic, FACE, Kind.BAR, symbol, _BAR_MS, interval(rest[0]))
    if rest:
        return None
    if word == "publicTrade":
        return Stream(topic, FACE, Kind.TRADE, symbol)
    if word == "tickers":
        return Stream(topic, FACE, Kind.TICKER, symbol, _TICKER_MS)
    if word == "allLiquidation":
        return Stream(topic, FACE, Kind.FORCE_ORDER, symbol)
    return None
