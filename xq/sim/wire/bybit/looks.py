"""What is looked at again and again: books and tickers, whole at first, then what changed."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from xq.sim.exact import ZERO
from xq.sim.venue import SimVenue
from xq.sim.wire.bybit.answers import plain
from xq.sim.wire.bybit.asks import FACE
from xq.sim.wire.bybit.prices import sequence, ticker, update_id
from xq.sim.wire.bybit.tapes import message
from xq.sim.wire.streams.names import Stream

_Side = dict[Decimal, Decimal]


class Book:
    """``orderbook.LEVELS.SYMBOL``."""

    def __init__(self, stream: Stream, venue: SimVenue) -> None:
        self.stream = stream
        self._venue = venue
        self._sides = self._look()
        self._ts = venue.now_ms
        self._update = update_id(venue.now_ms)
        self._cell = self._now_cell()

    def close(self) -> None:
        """Nothing to leave."""

    def first(self) -> bytes:
        """The book as everybody who follows it knows it."""
        bids, asks = (_levels(side) for side in self._sides)
        return self._message("snapshot", bids, asks)

    def events(self, _since_ms: int, _until_ms: int) -> Iterator[tuple[int, bytes]]:
        """What changed, at most once for each piece of venue time."""
        if self._now_cell() == self._cell:
            return
        self._cell = self._now_cell()
        before, self._sides = self._sides, self._look()
        if before == self._sides:
            return
        self._update += 1
        self._ts = self._venue.now_ms
        bids, asks = (_changes(*pair) for pair in zip(before, self._sides, strict=True))
        yield self._ts, self._message("delta", bids, asks)

    def _message(self, kind: str, bids: list[list[str]], asks: list[list[str]]) -> bytes:
        body = {
            "s": self.stream.symbol,
            "b": bids,
            "a": asks,
            "u": self._update,
            "seq": sequence(self._ts),
        }
        return message(self.stream.name, kind, self._ts, body, cts=self._ts)

    def _look(self) -> tuple[_Side, _Side]:
        bids, asks = self._venue.depth(FACE, self.stream.symbol, self.stream.levels)
        return dict(bids), dict(asks)

    def _now_cell(self) -> int:
        return self._venue.now_ms // self.stream.every_ms


class Ticker:
    """``tickers.SYMBOL``."""

    def __init__(self, stream: Stream, venue: SimVenue) -> None:
        self.stream = stream
        self._venue = venue
        self._known = self._look()
        self._ts = venue.now_ms
        self._cell = venue.now_ms // stream.every_ms

    def close(self) -> None:
        """Nothing to leave."""

    def first(self) -> bytes:
        """Everything there is to tell."""
        return self._message("snapshot", self._known)

    def events(self, _since_ms: int, _until_ms: int) -> Iterator[tuple[int, bytes]]:
        """The fields that changed, at most once for each piece of venue time."""
        cell = self._venue.now_ms // self.stream.every_ms
        if cell == self._cell:
            return
        self._cell = cell
        before, self._known = self._known, self._look()
        changed = {name: value for name, value in self._known.items() if value != before[name]}
        if not changed:
            return
        self._ts = self._venue.now_ms
        yield self._ts, self._message("delta", {"symbol": self.stream.symbol, **changed})

    def _message(self, kind: str, row: dict[str, Any]) -> bytes:
        return message(self.stream.name, kind, self._ts, row, cs=sequence(self._ts))

    def _look(self) -> dict[str, Any]:
        return ticker(self._venue, self._venue.market(FACE, self.stream.symbol))


def _levels(side: _Side) -> list[list[str]]:
    return [[plain(price), plain(size)] for price, size in side.items()]


def _changes(old: _Side, new: _Side) -> list[list[str]]:
    """Levels to set, and levels to remove with quantity zero."""
    changed = {price: size for price, size in new.items() if old.get(price) != size}
    gone = {price: ZERO for price in old if price not in new}
    return _levels(changed | gone)
