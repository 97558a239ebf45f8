"""Recorded changes of a book as a stream: as they were recorded, with what clients do to the book.

Ids are the recorded ones. What clients add to a level by resting there, or take from it, is told
with the next recorded change, for there is no id of its own for it.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import orjson

from xq.sim.book import value_of
from xq.sim.exact import ZERO, text
from xq.sim.feed import BookChange, RecordedBook
from xq.sim.instruments import Face
from xq.sim.venue import SimVenue
from xq.sim.wire.streams.names import Stream
from xq.types import Side

_Place = tuple[Side, Decimal]


class RecordedChanges:
    """``<symbol>@depth`` where the book is a recorded one."""

    def __init__(self, stream: Stream, venue: SimVenue, feed: RecordedBook) -> None:
        self.stream = stream
        self._venue = venue
        self._feed = feed
        self._known = self._clients()

    def close(self) -> None:
        """Nothing to leave."""

    def events(self, since_ms: int, until_ms: int) -> Iterator[tuple[int, bytes]]:
        """The changes in (since, until]."""
        changes = list(self._feed.changes(self.stream.symbol, since_ms, until_ms))
        if not changes:
            return
        clients = self._clients()
        touched = {
            place
            for place in clients.keys() | self._known.keys()
            if clients.get(place) != self._known.get(place)
        }
        self._known = clients
        for number, change in enumerate(changes, start=1):
            sides = {Side.BUY: dict(change.bids), Side.SELL: dict(change.asks)}
            if number == len(changes):
                self._add(sides, touched, until_ms)
            yield change.ts, orjson.dumps(self._message(change, self._rows(sides, clients)))

    def _clients(self) -> dict[_Place, tuple[Decimal, Decimal, Decimal]]:
        """Levels that clients changed: what they rest, what they took, of which displayed size."""
        face, symbol, state = self.stream.face, self.stream.symbol, self._venue.state
        book = state.book(face, symbol)
        found: dict[_Place, tuple[Decimal, Decimal, Decimal]] = {}
        for side in Side:
            for units in book.prices(side is Side.BUY):
                level = book.level(side is Side.BUY, units)
                own = value_of(sum(quantity for _, quantity in level))
                found[side, value_of(units)] = own, ZERO, ZERO
        for key, eaten in state.eaten.items():
            if key[:2] == (face, symbol):
                own = found.get(key[2:], (ZERO, ZERO, ZERO))[0]
                found[key[2:]] = own, eaten.quantity, eaten.size
        return found

    def _add(
        self, sides: dict[Side, dict[Decimal, Decimal]], touched: set[_Place], now_ms: int
    ) -> None:
        """Name levels that clients changed since the last message."""
        if not touched:
            return
        bids, asks = self._feed.levels(self.stream.symbol, now_ms)
        recorded: dict[Side, Mapping[Decimal, Decimal]] = {Side.BUY: bids, Side.SELL: asks}
        for side, price in touched:
            sides[side].setdefault(price, recorded[side].get(price, ZERO))

    def _rows(
        self,
        sides: Mapping[Side, Mapping[Decimal, Decimal]],
        clients: Mapping[_Place, tuple[Decimal, Decimal, Decimal]],
    ) -> list[list[list[str]]]:
        rows = []
        for side in (Side.BUY, Side.SELL):
            levels = []
            for price, size in sides[side].items():
                own, taken, of = clients.get((side, price), (ZERO, ZERO, ZERO))
                outside = size - taken if size == of else size
                levels.append([text(price), text(outside + own)])
            rows.append(levels)
        return rows

    def _message(self, change: BookChange, rows: list[list[list[str]]]) -> dict[str, Any]:
        message: dict[str, Any] = {"e": "depthUpdate", "E": change.ts}
        if self.stream.face is Face.FUTURES:
            message |= {"T": change.ts, "s": self.stream.symbol, "ps": self.stream.symbol}
        else:
            message["s"] = self.stream.symbol
        message |= {"U": change.first_id, "u": change.last_id}
        if self.stream.face is Face.FUTURES:
            message["pu"] = change.previous_id
        message |= {"b": rows[0], "a": rows[1]}
        return message | {"st": 1} if self.stream.face is Face.FUTURES else message
