"""Bars as streams: every bar once closed, and the open one while it moves."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import orjson

from xq.errors import NoData
from xq.sim.venue import SimVenue
from xq.sim.wire.streams.names import Stream
from xq.timeframe import Timeframe

if TYPE_CHECKING:
    import numpy as np

_MOST = 1500  # bars read at once
_TRADES = 8  # column
_NOBODY = -1  # trade ids of a bar in which nothing traded


class BarTape:
    """``<symbol>@kline_<timeframe>``."""

    def __init__(self, stream: Stream, venue: SimVenue, timeframe: Timeframe) -> None:
        self.stream = stream
        self._feed = venue.feeds[stream.face]
        self._timeframe = timeframe
        self._cell = -1
        self._seen: list[float] = []

    def close(self) -> None:
        """Nothing to leave."""

    def events(self, since_ms: int, until_ms: int) -> Iterator[tuple[int, bytes]]:
        """Bars that closed in (since, until], and the open one if it moved."""
        length = self._timeframe.ms
        open_ms = self._timeframe.floor(since_ms)
        newest_ms = self._timeframe.floor(until_ms)
        while open_ms < newest_ms:
            until = min(open_ms + (_MOST - 1) * length, newest_ms - length)
            rows = self._read(open_ms, until, until_ms)
            for _, row, ids in rows:
                close_ms = int(row[0]) + length
                yield close_ms, self._message(close_ms, row, ids, closed=True)
            open_ms = until + length
        cell = until_ms // self.stream.every_ms
        if cell == self._cell:
            return
        self._cell = cell
        for _, row, ids in self._read(newest_ms, newest_ms, until_ms):
            if row != self._seen and row[_TRADES]:
                self._seen = row
                yield until_ms, self._message(until_ms, row, ids, closed=False)

    def _read(
        self, first_ms: int, last_ms: int, now_ms: int
    ) -> "Iterator[tuple[int, list[float], tuple[int, int]]]":
        """Bars and the ids of their first and last trades."""
        table = self._feed.bars(
            self.stream.symbol, self._timeframe, first_ms, last_ms, _MOST, now_ms
        )
        if not len(table):
            return
        following = self._first_trade(table, now_ms)
        for number, row in enumerate(table.tolist()):
            count = int(row[_TRADES])
            if following is None or not count:
                yield number, row, (_NOBODY, _NOBODY)
                continue
            yield number, row, (following, following + count - 1)
            following += count

    def _first_trade(self, table: "np.ndarray", now_ms: int) -> int | None:
        """The id of the first execution in these bars; None if the tape does not reach them."""
        try:
            found = self._feed.trades(
                self.stream.symbol, start_ms=int(table[0, 0]), limit=1, now_ms=now_ms
            )
        except NoData:
            return None
        if not found or found[0].ts >= int(table[-1, 0]) + self._timeframe.ms:
            return None
        return found[0].first_execution

    def _message(
        self, event_ms: int, row: list[float], ids: tuple[int, int], *, closed: bool
    ) -> bytes:
        symbol = self.stream.symbol
        ts, opened, high, low, close, volume, close_ms, quote, count, bought, bought_quote = row
        bar: dict[str, Any] = {
            "t": int(ts),
            "T": int(close_ms),
            "s": symbol,
            "i": self._timeframe.name,
            "f": ids[0],
            "L": ids[1],
            "o": f"{opened:.8f}",
            "c": f"{close:.8f}",
            "h": f"{high:.8f}",
            "l": f"{low:.8f}",
            "v": f"{volume:.8f}",
            "n": int(count),
            "x": closed,
            "q": f"{quote:.8f}",
            "V": f"{bought:.8f}",
            "Q": f"{bought_quote:.8f}",
            "B": "0",
        }
        return orjson.dumps({"e": "kline", "E": event_ms, "s": symbol, "k": bar})
