"""Order books as streams: update ids shared with REST snapshots, and differences between looks.

Every look at a book that a client gets to see, be it a snapshot or a message, takes the next update
id of its market; ids begin at the venue's time in microseconds, so they also grow across restarts.
A difference between two looks names every level that differs, and every level in which a snapshot
shown in between differed from the earlier look: whoever applies it to that snapshot is then right,
however the book moved meanwhile.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import orjson

from xq.sim.exact import ZERO, text
from xq.sim.feed import RecordedBook
from xq.sim.instruments import Face
from xq.sim.market import Levels
from xq.sim.venue import SimVenue
from xq.sim.wire.streams.names import Round, Stream

DEPTH = 1000  # levels a side that differences cover, until a deeper snapshot is shown

_IDS_PER_MS = 1000
_HOLES = (2, 37, 7, 113, 3, 229, 19)  # futures number more than is told: U is not pu + 1

_Side = dict[Decimal, Decimal]


@dataclass(slots=True)
class _Market:
    last_id: int = 0
    holes: int = 0
    watchers: "list[Differences]" = field(default_factory=list)


class Books:
    """The update ids of every market, and who follows its book."""

    def __init__(self, venue: SimVenue) -> None:
        self.venue = venue
        self._markets: dict[tuple[Face, str], _Market] = {}

    def read(self, face: Face, symbol: str, limit: int) -> tuple[Levels, Levels]:
        """The book as clients may see it now."""
        return self.venue.depth(face, symbol, limit)

    def next_id(self, face: Face, symbol: str) -> int:
        """The id of a look at a book; of a recorded book its own."""
        feed = self.venue.feeds[face]
        if isinstance(feed, RecordedBook):
            return feed.update_id(symbol, self.venue.now_ms)
        market = self._market(face, symbol)
        market.last_id = max(market.last_id + 1, self.venue.now_ms * _IDS_PER_MS)
        return market.last_id

    def skip(self, face: Face, symbol: str) -> int:
        """The first id of the next message; on futures some are left out before it."""
        market = self._market(face, symbol)
        if face is Face.FUTURES:
            market.holes += 1
            market.last_id += _HOLES[market.holes % len(_HOLES)]
        return market.last_id + 1

    def shown(self, face: Face, symbol: str, payload: dict[str, Any]) -> None:
        """Give a snapshot its id; whoever follows the book keeps it in mind."""
        payload["lastUpdateId"] = self.next_id(face, symbol)
        watchers = self._market(face, symbol).watchers
        if not watchers:
            return
        sides = tuple(
            {Decimal(price): Decimal(quantity) for price, quantity in payload[name]}
            for name in ("bids", "asks")
        )
        for watcher in watchers:
            watcher.remember(sides[0], sides[1])

    def follow(self, watcher: "Differences") -> None:
        """Tell a stream of every snapshot from now on."""
        self._market(watcher.stream.face, watcher.stream.symbol).watchers.append(watcher)

    def leave(self, watcher: "Differences") -> None:
        """Stop telling it."""
        self._market(watcher.stream.face, watcher.stream.symbol).watchers.remove(watcher)

    def _market(self, face: Face, symbol: str) -> _Market:
        return self._markets.setdefault((face, symbol), _Market())


class Differences:
    """``<symbol>@depth``: what changed in a book, from one look to the next."""

    def __init__(self, stream: Stream, books: Books) -> None:
        self.stream = stream
        self._books = books
        self._depth = DEPTH
        self._touched: tuple[set[Decimal], set[Decimal]] = (set(), set())
        self._sides = self._look()
        self._last_id = books.next_id(stream.face, stream.symbol)
        self._first_id = books.skip(stream.face, stream.symbol)
        self._cell = self._now_cell()
        books.follow(self)

    def close(self) -> None:
        """Nobody listens any more."""
        self._books.leave(self)

    def remember(self, bids: _Side, asks: _Side) -> None:
        """A snapshot was shown: what differs in it belongs into the next message."""
        self._depth = max(self._depth, len(bids), len(asks))
        for touched, known, seen in zip(self._touched, self._sides, (bids, asks), strict=True):
            touched.update(price for price, size in seen.items() if known.get(price) != size)
            if not seen:
                continue
            worst = min(seen) if known is self._sides[0] else max(seen)
            for price in known:
                inside = price >= worst if known is self._sides[0] else price <= worst
                if inside and price not in seen:
                    touched.add(price)

    def events(self, _since_ms: int, _until_ms: int) -> Iterator[tuple[int, bytes] | None]:
        """At most one message for each piece of venue time."""
        if self._now_cell() == self._cell:
            return
        self._cell = self._now_cell()
        before, self._sides = self._sides, self._look()
        touched, self._touched = self._touched, (set(), set())
        if before == self._sides and not any(touched):
            return
        now, after = self._books.venue.now_ms, self._sides
        previous, first = self._last_id, self._first_id
        self._last_id = self._books.next_id(self.stream.face, self.stream.symbol)
        self._first_id = self._books.skip(self.stream.face, self.stream.symbol)
        ids = first, self._last_id, previous
        sides = []
        for old, new, also in zip(before, after, touched, strict=True):
            yield None
            sides.append(_changes(old, new, also))
        yield None
        yield now, orjson.dumps(_message(self.stream, now, ids, sides))

    def _look(self) -> tuple[_Side, _Side]:
        bids, asks = self._books.read(self.stream.face, self.stream.symbol, self._depth)
        return dict(bids), dict(asks)

    def _now_cell(self) -> int:
        return self._books.venue.now_ms // max(self.stream.every_ms, 1)


class Parts:
    """``<symbol>@depth5`` and its kin: the best levels, whole."""

    def __init__(self, stream: Stream, books: Books) -> None:
        self.stream = stream
        self._books = books
        self._cell = -1
        self._seen: object = None
        self._last_id = books.next_id(stream.face, stream.symbol)

    def close(self) -> None:
        """Nothing to leave."""

    def events(self, _since_ms: int, _until_ms: int) -> Iterator[tuple[int, bytes]]:
        """The best levels, if they changed, at most once for each piece of venue time."""
        stream, now = self.stream, self._books.venue.now_ms
        cell = now // max(stream.every_ms, 1)
        if cell == self._cell:
            return
        self._cell = cell
        book = self._books.read(stream.face, stream.symbol, stream.levels)
        if book == self._seen:
            return
        self._seen = book
        rows = [[[text(price), text(size)] for price, size in side] for side in book]
        if stream.face is Face.SPOT:
            update = self._books.next_id(stream.face, stream.symbol)
            yield now, orjson.dumps({"lastUpdateId": update, "bids": rows[0], "asks": rows[1]})
            return
        previous, first = self._last_id, self._books.skip(stream.face, stream.symbol)
        self._last_id = self._books.next_id(stream.face, stream.symbol)
        yield now, orjson.dumps(_message(stream, now, (first, self._last_id, previous), rows))


class Quotes:
    """``<symbol>@bookTicker``: the best bid and ask, whenever they change."""

    def __init__(self, stream: Stream, books: Books) -> None:
        self.stream = stream
        self._books = books
        self._cell = -1
        self._seen: dict[str, tuple[Levels, Levels]] = {}
        listed = [market.id for market in books.venue.markets(stream.face)]
        self._round = Round([stream.symbol] if stream.symbol else listed)

    def close(self) -> None:
        """Nothing to leave."""

    def events(self, _since_ms: int, _until_ms: int) -> Iterator[tuple[int, bytes] | None]:
        """One message for each market whose best prices changed."""
        venue, face = self._books.venue, self.stream.face
        cell = venue.now_ms // max(self.stream.every_ms, 1)
        if cell == self._cell:
            return
        self._cell = cell
        for symbol in self._round.next():
            bids, asks = self._books.read(face, symbol, 1)
            if not bids or not asks or self._seen.get(symbol) == (bids, asks):
                continue
            self._seen[symbol] = (bids, asks)
            yield venue.now_ms, orjson.dumps(self._quote(symbol, bids[0], asks[0]))
            if not self.stream.symbol:
                yield None

    def _quote(
        self, symbol: str, bid: tuple[Decimal, Decimal], ask: tuple[Decimal, Decimal]
    ) -> dict[str, Any]:
        face, now = self.stream.face, self._books.venue.now_ms
        quote = {
            "u": self._books.next_id(face, symbol),
            "s": symbol,
            "b": text(bid[0]),
            "B": text(bid[1]),
            "a": text(ask[0]),
            "A": text(ask[1]),
        }
        if face is Face.SPOT:
            return quote
        return {"e": "bookTicker", **quote, "ps": symbol, "T": now, "E": now, "st": 1}


def _changes(old: _Side, new: _Side, touched: set[Decimal]) -> list[list[str]]:
    """Levels to set, and levels to remove with quantity zero."""
    rows = [
        [text(price), text(size)]
        for price, size in new.items()
        if old.get(price) != size or price in touched
    ]
    gone = {price for price in old if price not in new} | {
        price for price in touched if price not in new
    }
    return rows + [[text(price), text(ZERO)] for price in gone]


def _message(
    stream: Stream, now: int, ids: tuple[int, int, int], sides: list[list[list[str]]]
) -> dict[str, Any]:
    first, last, previous = ids
    if stream.face is Face.SPOT:
        return {
            "e": "depthUpdate",
            "E": now,
            "s": stream.symbol,
            "U": first,
            "u": last,
            "b": sides[0],
            "a": sides[1],
        }
    return {
        "e": "depthUpdate",
        "E": now,
        "T": now,
        "s": stream.symbol,
        "ps": stream.symbol,
        "U": first,
        "u": last,
        "pu": previous,
        "b": sides[0],
        "a": sides[1],
        "st": 1,
    }
