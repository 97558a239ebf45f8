"""What is recorded, as Bybit's streams tell it: trades, bars, liquidations."""

from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter
from typing import Any

import orjson

from xq.sim.events import Event, Liquidation
from xq.sim.market import SimTrade
from xq.sim.venue import SimVenue
from xq.sim.wire.bybit.answers import plain
from xq.sim.wire.bybit.asks import FACE
from xq.sim.wire.bybit.ids import Sort, written
from xq.sim.wire.bybit.prices import sequence, taker_side
from xq.sim.wire.streams.bars import BarTape
from xq.sim.wire.streams.names import Stream
from xq.sim.wire.streams.prints import trades_between
from xq.timeframe import Timeframe


class Prints:
    """``publicTrade.SYMBOL``: what was traded, one message for each moment."""

    def __init__(self, stream: Stream, venue: SimVenue) -> None:
        self.stream = stream
        self._feed = venue.feeds[FACE]

    def close(self) -> None:
        """Nothing to leave."""

    def first(self) -> bytes:
        """Nothing before the first trade."""
        return b""

    def events(self, since_ms: int, until_ms: int) -> Iterator[tuple[int, bytes]]:
        """The trades in (since, until]."""
        found = trades_between(self._feed, self.stream.symbol, since_ms, until_ms)
        for ts, trades in groupby(found, key=attrgetter("ts")):
            yield ts, self._message(ts, trades)

    def _message(self, ts: int, trades: Iterator[SimTrade]) -> bytes:
        rows = [
            {
                "i": written(Sort.PRINT, trade.id),
                "T": trade.ts,
                "p": plain(trade.price),
                "v": plain(trade.quantity),
                "S": taker_side(trade),
                "s": self.stream.symbol,
                "L": "ZeroPlusTick",
                "BT": False,
                "RPI": False,
                "seq": sequence(trade.ts),
            }
            for trade in trades
        ]
        return message(self.stream.name, "snapshot", ts, rows)


class Bars(BarTape):
    """``kline.INTERVAL.SYMBOL``: every bar once closed, and the open one while it moves."""

    def __init__(self, stream: Stream, venue: SimVenue, timeframe: Timeframe) -> None:
        super().__init__(stream, venue, timeframe)
        self._digits = venue.market(FACE, stream.symbol).price_digits
        self._lots = venue.market(FACE, stream.symbol).quantity_digits
        self._interval = stream.name.split(".")[1]

    def first(self) -> bytes:
        """Nothing before the first bar."""
        return b""

    def _first_trade(self, table: Any, now_ms: int) -> int | None:  # noqa: ARG002 - inherited
        """Bybit's bars name no trades."""
        return None

    def _message(
        self,
        event_ms: int,
        row: list[float],
        ids: tuple[int, int],  # noqa: ARG002 - inherited
        *,
        closed: bool,
    ) -> bytes:
        opened, high, low, close = (f"{price:.{self._digits}f}" for price in row[1:5])
        bar = {
            "start": int(row[0]),
            "end": int(row[6]),
            "interval": self._interval,
            "open": opened,
            "close": close,
            "high": high,
            "low": low,
            "volume": f"{row[5]:.{self._lots}f}",
            "turnover": f"{row[7]:.8f}",
            "confirm": closed,
            "timestamp": event_ms,
        }
        return message(self.stream.name, "snapshot", event_ms, [bar])


class Liquidations:
    """``allLiquidation.SYMBOL``: positions that the venue had to close."""

    def __init__(self, stream: Stream, venue: SimVenue) -> None:
        self.stream = stream
        self._waiting: list[tuple[int, bytes]] = []
        self._unsubscribe = venue.subscribe(self._hear)

    def close(self) -> None:
        """Stop listening to the venue."""
        self._unsubscribe()

    def first(self) -> bytes:
        """Nothing before the first one."""
        return b""

    def events(self, _since_ms: int, _until_ms: int) -> Iterator[tuple[int, bytes]]:
        """Those since the last look."""
        waiting, self._waiting = self._waiting, []
        return iter(waiting)

    def _hear(self, event: Event) -> None:
        if not isinstance(event, Liquidation) or event.symbol != self.stream.symbol:
            return
        order = event.order
        position = "Sell" if order.side.name == "BUY" else "Buy"
        row = {
            "T": event.ts,
            "s": event.symbol,
            "S": position,
            "v": plain(order.filled),
            "p": plain(order.average_price),
        }
        frame = message(self.stream.name, "snapshot", event.ts, [row])
        self._waiting.append((event.ts, frame))


def message(topic: str, kind: str, ts_ms: int, data: object, **more: object) -> bytes:
    """A message of a public stream."""
    return orjson.dumps({"topic": topic, "type": kind, "ts": ts_ms, "data": data} | more)
