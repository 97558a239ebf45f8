"""What a lake has recorded of one exchange, read in stretches of which the latest are kept."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from xq.errors import NoData, UsageError, unknown
from xq.lake import arrays
from xq.lake.layout import Dataset
from xq.lake.ranges import Range
from xq.lake.reader import Lake
from xq.sim.kept import Kept
from xq.timeframe import DAY_MS, MINUTE_MS, Timeframe

_CHUNK_DAYS = 32
_MOST_ROWS = 2_000_000  # kept of everything together, beside what is being read
_PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True, slots=True)
class Trades:
    """Recorded trades, oldest first: epoch ms, price, quantity, whether the taker sold."""

    ts: np.ndarray
    price: np.ndarray
    quantity: np.ndarray
    sold: np.ndarray


class Recordings:
    """Read access to everything a lake holds of one exchange.

    Raises
    ------
    NoData
        If it holds no bars and no trades of it.

    Attributes
    ----------
    spans
        When each dataset begins and ends, by kind and symbol, finest bars first.
    """

    def __init__(self, lake: Lake, exchange: str) -> None:
        self.lake = lake
        self.exchange = exchange
        self.kept = Kept(_MOST_ROWS)
        self.spans: dict[tuple[str, str], dict[Timeframe | None, Range]] = {}
        for kind in ("ohlcv", "trades", "mark", "index", "book_diff"):
            for info in lake.datasets(kind):
                item = info.dataset
                if item.exchange != exchange or item.symbol is None:
                    continue
                if info.start_ms is None or info.end_ms is None:
                    continue
                spans = self.spans.setdefault((kind, item.symbol), {})
                spans[item.bar] = Range(info.start_ms, info.end_ms)
        for key, spans in self.spans.items():
            self.spans[key] = dict(sorted(spans.items(), key=_length))

    def symbols(self, *kinds: str) -> list[str]:
        """Everything of which one of some kinds was recorded, in order."""
        return sorted({symbol for kind, symbol in self.spans if kind in kinds})

    def span(self, kind: str, symbol: str) -> Range | None:
        """From the first to the last of everything of a kind; None if there is nothing."""
        spans = self.spans.get((kind, symbol), {}).values()
        if not spans:
            return None
        return Range(min(s.start_ms for s in spans), max(s.end_ms for s in spans))

    def bars(
        self, kind: str, symbol: str, timeframe: Timeframe, start_ms: int, end_ms: int
    ) -> np.ndarray:
        """Bars that open in [start, end) as stored, float64 (n, 6); volume 0 where none is kept."""
        length = _CHUNK_DAYS * DAY_MS if timeframe.ms >= MINUTE_MS else DAY_MS

        def chunk(number: int) -> np.ndarray:
            key = (kind, symbol, timeframe.name, number)
            within = (number * length, (number + 1) * length)
            return self.kept.get(key, lambda: self._read_bars(kind, symbol, timeframe, within), len)

        numbers = range(start_ms // length, (end_ms - 1) // length + 1)
        rows = np.concatenate([np.empty((0, 6)), *map(chunk, numbers)])
        first, last = np.searchsorted(rows[:, 0], (start_ms, end_ms))
        return rows[first:last]

    def trades(self, symbol: str, start_ms: int, end_ms: int) -> Trades:
        """Trades in [start, end)."""
        rows = self.lake.stored(Dataset("trades", self.exchange, symbol), start_ms, end_ms)
        side = rows["side"].combine_chunks()
        sold = np.array([value == "sell" for value in side.to_pylist()], dtype=bool)
        price, quantity = arrays.numbers(rows["price"]), arrays.numbers(rows["quantity"])
        return Trades(arrays.times(rows["ts"]), price, quantity, sold)

    def funding(self, symbol: str) -> np.ndarray:
        """Settlements: time, rate, mark price or NaN, float64 (n, 3)."""

        def read() -> np.ndarray:
            rows = self.lake.stored(Dataset("funding", self.exchange, symbol))
            mark = np.array([np.nan if m is None else m for m in rows["mark_price"].to_pylist()])
            ts, rate = arrays.times(rows["ts"]), arrays.numbers(rows["rate"])
            return np.column_stack((ts.astype(float), rate, mark.reshape(len(ts))))

        return self.kept.get(("funding", symbol), read, len)

    def end_ms(self) -> int:
        """The end of everything that has prices."""
        spans = [self.span(kind, symbol) for kind, symbol in self.spans]
        return max(span.end_ms for span in spans if span is not None)

    def _read_bars(
        self, kind: str, symbol: str, timeframe: Timeframe, within: tuple[int, int]
    ) -> np.ndarray:
        data = Dataset(kind, self.exchange, symbol, timeframe.name)
        rows = self.lake.stored(data, *within)
        volume = arrays.numbers(rows["volume"]) if kind == "ohlcv" else np.zeros(rows.num_rows)
        prices = (arrays.numbers(rows[name]) for name in _PRICES)
        return np.column_stack((arrays.times(rows["ts"]).astype(float), *prices, volume))


def recordings(lake: Lake, exchange: str | None, kinds: tuple[str, ...]) -> Recordings:
    """The recordings of an exchange, or of the only one there is.

    Raises
    ------
    NoData
        If the lake holds nothing of these kinds.
    UsageError
        If it holds several exchanges and none is named.
    UnknownName
        If it does not hold the one that is named.
    """
    held = sorted({name for kind in kinds for name in _exchanges(lake, kind)})
    if not held:
        raise NoData(
            f"there is no {' or '.join(kinds)} in the lake to replay",
            where=str(lake.root),
            hint="xq collect, or xq data import FILE",
        )
    if exchange is None and len(held) > 1:
        raise UsageError(
            f"expected the name of an exchange, found recordings of {', '.join(held)}",
            where=str(lake.root),
            hint=f"--source {held[0]}",
        )
    wanted = held[0] if exchange is None else exchange
    if wanted not in held:
        raise unknown("recorded exchange", wanted, held, hint="xq data ls")
    return Recordings(lake, wanted)


def _exchanges(lake: Lake, kind: str) -> Iterator[str]:
    for info in lake.datasets(kind):
        if info.rows and info.dataset.exchange is not None:
            yield info.dataset.exchange


def _length(item: tuple[Timeframe | None, Range]) -> int:
    return 0 if item[0] is None else item[0].ms
