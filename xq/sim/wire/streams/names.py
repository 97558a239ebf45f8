"""Stream names: what ``btcusdt@kline_1m`` and its kin ask for, and where they may be asked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from xq.errors import UnknownName
from xq.sim.instruments import Face
from xq.timeframe import Timeframe


class Kind(Enum):
    """What a stream tells of."""

    TRADE = auto()
    AGG_TRADE = auto()
    BAR = auto()
    DEPTH = auto()
    PARTIAL_DEPTH = auto()
    BOOK_TICKER = auto()
    MARK_PRICE = auto()
    TICKER = auto()
    MINI_TICKER = auto()
    FORCE_ORDER = auto()


class Access(Enum):
    """Which of the futures' three doors a connection came through; spot has one for all."""

    ANY = auto()
    PUBLIC = auto()
    MARKET = auto()
    PRIVATE = auto()


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream.

    Attributes
    ----------
    name
        As it is subscribed to and as combined messages repeat it.
    symbol
        Native id, upper case; empty for all markets.
    every_ms
        Venue time between two messages; 0 is as often as the venue looks.
    levels
        Of a partial book.
    """

    name: str
    face: Face
    kind: Kind
    symbol: str = ""
    every_ms: int = 0
    timeframe: Timeframe | None = None
    levels: int = 0


_PUBLIC = frozenset({Kind.TRADE, Kind.DEPTH, Kind.PARTIAL_DEPTH, Kind.BOOK_TICKER})
_SECOND_MS = 1000
_PLAIN = {
    "trade": Kind.TRADE,
    "aggTrade": Kind.AGG_TRADE,
    "bookTicker": Kind.BOOK_TICKER,
    "markPrice": Kind.MARK_PRICE,
    "ticker": Kind.TICKER,
    "miniTicker": Kind.MINI_TICKER,
    "forceOrder": Kind.FORCE_ORDER,
}
_CONTRACTS_ONLY = frozenset({Kind.MARK_PRICE, Kind.FORCE_ORDER})
_EVERY = {
    (Face.SPOT, Kind.TICKER): _SECOND_MS,
    (Face.SPOT, Kind.MINI_TICKER): _SECOND_MS,
    (Face.FUTURES, Kind.TICKER): 2 * _SECOND_MS,
    (Face.FUTURES, Kind.MINI_TICKER): 2 * _SECOND_MS,
    (Face.FUTURES, Kind.MARK_PRICE): 3 * _SECOND_MS,
    (Face.SPOT, Kind.BAR): 2 * _SECOND_MS,
    (Face.FUTURES, Kind.BAR): 250,
}
_ALL = {
    "!bookTicker": (Kind.BOOK_TICKER, _SECOND_MS),
    "!ticker@arr": (Kind.TICKER, _SECOND_MS),
    "!miniTicker@arr": (Kind.MINI_TICKER, _SECOND_MS),
    "!forceOrder@arr": (Kind.FORCE_ORDER, 0),
    "!markPrice@arr": (Kind.MARK_PRICE, 3 * _SECOND_MS),
    "!markPrice@arr@1s": (Kind.MARK_PRICE, _SECOND_MS),
}
_DEPTH = re.compile(r"depth(5|10|20)?(?:@(0|100|250|500|1000)ms)?", re.ASCII)
_DEPTH_SPEEDS = {Face.SPOT: (100, 1000), Face.FUTURES: (0, 100, 250, 500)}
_DEPTH_USUAL = {Face.SPOT: 1000, Face.FUTURES: 250}
_SYMBOL = re.compile(r"[a-z0-9_]{1,30}", re.ASCII)


def parse(face: Face, name: str) -> Stream | None:
    """The stream of that name; None if the venue has none of the kind. The symbol may be unknown.

    Examples
    --------
    >>> stream = parse(Face.FUTURES, "btcusdt@depth5@500ms")
    >>> stream.symbol, stream.kind.name, stream.levels, stream.every_ms
    ('BTCUSDT', 'PARTIAL_DEPTH', 5, 500)
    >>> parse(Face.FUTURES, "btcusdt@gossip") is None
    True
    """
    if name in _ALL:
        kind, every = _ALL[name]
        wanted = kind not in _CONTRACTS_ONLY or face is Face.FUTURES
        return Stream(name, face, kind, every_ms=every) if wanted else None
    symbol, _, topic = name.partition("@")
    if not _SYMBOL.fullmatch(symbol):
        return None
    return _of_symbol(face, name, symbol.upper(), topic)


def _of_symbol(face: Face, name: str, symbol: str, topic: str) -> Stream | None:
    if topic.startswith("kline_"):
        return _bars(face, name, symbol, topic.removeprefix("kline_"))
    depth = _DEPTH.fullmatch(topic)
    if depth is not None:
        return _depth(face, name, symbol, depth)
    word, _, speed = topic.partition("@")
    kind = _PLAIN.get(word)
    if kind is None or (kind in _CONTRACTS_ONLY and face is Face.SPOT):
        return None
    if speed:
        if kind is not Kind.MARK_PRICE or speed != "1s":
            return None
        return Stream(name, face, kind, symbol, _SECOND_MS)
    return Stream(name, face, kind, symbol, _EVERY.get((face, kind), 0))


def _bars(face: Face, name: str, symbol: str, interval: str) -> Stream | None:
    try:
        timeframe = Timeframe.parse(interval)
    except UnknownName:
        return None
    return Stream(name, face, Kind.BAR, symbol, _EVERY[face, Kind.BAR], timeframe)


def _depth(face: Face, name: str, symbol: str, found: re.Match[str]) -> Stream | None:
    levels, speed = found.groups()
    every = _DEPTH_USUAL[face] if speed is None else int(speed)
    if every not in _DEPTH_SPEEDS[face]:
        return None
    if levels is None:
        return Stream(name, face, Kind.DEPTH, symbol, every)
    return Stream(name, face, Kind.PARTIAL_DEPTH, symbol, every, levels=int(levels))


def is_served(stream: Stream, access: Access) -> bool:
    """Whether a stream is heard through a door; the others are accepted there and stay silent."""
    if access is Access.ANY or access is Access.PRIVATE:
        return True
    return (stream.kind in _PUBLIC) == (access is Access.PUBLIC)


class Round:
    """All markets, some at a time: each message of a stream of all looks at the next ones.

    A message that looks at hundreds of markets at once would keep everybody else waiting.

    Examples
    --------
    >>> around = Round(["A", "B", "C"], most=2)
    >>> around.next(), around.next()
    (['A', 'B'], ['C', 'A'])
    >>> Round(["A"], most=2).next()
    ['A']
    """

    def __init__(self, symbols: Sequence[str], most: int = 32) -> None:
        self._symbols = list(symbols)
        self._most = min(most, len(self._symbols))
        self._at = 0

    def next(self) -> list[str]:
        """The markets whose turn it is."""
        at, self._at = self._at, self._at + self._most
        return [self._symbols[(at + i) % len(self._symbols)] for i in range(self._most)]
