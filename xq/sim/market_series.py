"""One recorded price day by day: its bars as stored, and a tape that was or could have been."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from xq.clock import iso
from xq.errors import NoData
from xq.lake.ranges import Range
from xq.sim.market_lake import Recordings
from xq.sim.market_path import spread
from xq.sim.tape import (
    CLOSE,
    OPEN,
    TAKER_TURNOVER,
    TAKER_VOLUME,
    TIME,
    TRADES,
    TURNOVER,
    VOLUME,
    WIDTH,
    Tape,
    minute_bars,
    resample,
)
from xq.timeframe import DAY_MS, Timeframe

IDS_A_DAY = 100_000_000
_ONE_MINUTE = Timeframe.parse("1m")


@dataclass(frozen=True, slots=True)
class Grid:
    """Whole units of a price series: decimal places of price and quantity, and its tick."""

    price_digits: int
    quantity_digits: int
    tick_units: int

    def prices(self, values: np.ndarray) -> np.ndarray:
        """Prices in units, int64."""
        return np.rint(values * 10.0**self.price_digits).astype(np.int64)

    def quantities(self, values: np.ndarray) -> np.ndarray:
        """Quantities in units, int64."""
        return np.rint(values * 10.0**self.quantity_digits).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Day:
    """One UTC day.

    Attributes
    ----------
    bars
        int64 (n, 10), columns of `xq.sim.tape`, of length ``bar``.
    stored
        The same bars' open, high, low, close, volume as the lake has them, float64 (n, 5).
    """

    bar: Timeframe
    bars: np.ndarray
    stored: np.ndarray
    tape: Tape

    def __len__(self) -> int:
        return len(self.bars) + len(self.tape)


class Series:
    """A recorded price of one symbol.

    Parameters
    ----------
    kind
        ``ohlcv``, ``mark`` or ``index``. Of the last two a print is a price without a trade.

    Attributes
    ----------
    span
        From the first to the last of what is recorded; empty if nothing is.
    """

    def __init__(self, recordings: Recordings, kind: str, symbol: str, grid: Grid) -> None:
        self._recordings = recordings
        self._kind = kind
        self.symbol = symbol
        self.grid = grid
        self._bars = {
            bar: span
            for bar, span in recordings.spans.get((kind, symbol), {}).items()
            if bar is not None and DAY_MS % bar.ms == 0
        }
        self._trades = recordings.span("trades", symbol) if kind == "ohlcv" else None
        spans = [*self._bars.values(), *([self._trades] if self._trades else [])]
        first = min((span.start_ms for span in spans), default=0)
        self.span = Range(first, max((span.end_ms for span in spans), default=0))

    def day(self, number: int) -> Day:
        """One day, counted from 1970, with everything still to come in it."""
        key = ("day", self._kind, self.symbol, number)
        return self._recordings.kept.get(key, lambda: self._make(number), len)

    def tape(self, number: int) -> Tape:
        """All prints of a day."""
        return self.day(number).tape

    def days(self, start_ms: int, end_ms: int) -> range:
        """The days of [start, end] in which there may be something."""
        first = max(start_ms, self.span.start_ms) // DAY_MS
        return range(first, min(end_ms, self.span.end_ms - 1) // DAY_MS + 1)

    def between(self, start_ms: int, end_ms: int) -> Iterator[Tape]:
        """The prints in (start_ms, end_ms], day by day, days without any left out."""
        for number in self.days(start_ms + 1, end_ms):
            tape = self.tape(number)
            rows = tape.rows(tape.count_until(start_ms), tape.count_until(end_ms))
            if len(rows):
                yield rows

    def from_id(self, first_id: int, end_ms: int) -> Iterator[Tape]:
        """The prints from an id on, up to a time, day by day."""
        number = first_id // IDS_A_DAY
        for rows in self.between(number * DAY_MS - 1, end_ms):
            skipped = max(first_id - rows.first_id, 0)
            if skipped < len(rows):
                yield rows.rows(skipped, len(rows))

    def backwards(self, end_ms: int) -> Iterator[Tape]:
        """The prints up to a time, newest day first, each day oldest first."""
        for number in reversed(self.days(self.span.start_ms, end_ms)):
            tape = self.tape(number)
            rows = tape.rows(0, tape.count_until(end_ms))
            if len(rows):
                yield rows

    def newest(self, now_ms: int) -> tuple[int, bool]:
        """The last price, in units, and whether its taker sold; `NoData` if there is none."""
        for rows in self.backwards(now_ms):
            return int(rows.price[-1]), bool(rows.taker_sold[-1])
        for number in reversed(self.days(self.span.start_ms, now_ms)):
            bars = self.rows(number, now_ms)
            if len(bars):  # nothing ever traded, as in dull seconds after a listing
                return int(bars[-1, CLOSE]), False
        raise NoData(
            f"no price of {self.symbol} is recorded before {iso(now_ms)}: "
            f"it begins at {iso(self.span.start_ms)}",
            hint="--from a later time",
        )

    def rows(self, number: int, now_ms: int, wanted: Timeframe | None = None) -> np.ndarray:
        """The bars of a day as they stand at a moment, int64 (n, 10); the last may be open.

        As stored, or of one minute where those wanted cannot be made of them. An open bar in which
        nothing has traded yet is left out.
        """
        day = self.day(number)
        bar, whole = day.bar, day.bars
        if wanted is not None and wanted.ms % bar.ms:
            bar, whole = _ONE_MINUTE, minute_bars(day.tape)
        closed = whole[: np.searchsorted(whole[:, TIME], now_ms - bar.ms + 1, side="right")]
        open_ms = bar.floor(now_ms)
        if now_ms >= (number + 1) * DAY_MS - 1 or now_ms == open_ms + bar.ms - 1:
            return closed
        running = day.tape.rows(day.tape.count_until(open_ms - 1), day.tape.count_until(now_ms))
        if not len(running):
            return closed
        return np.concatenate((closed, resample(minute_bars(running), bar)))

    def _make(self, number: int) -> Day:
        start, end = number * DAY_MS, (number + 1) * DAY_MS
        first_id = number * IDS_A_DAY + 1
        bar = self._best(start, end)
        stored = np.empty((0, 6))
        if bar is not None:
            stored = self._recordings.bars(self._kind, self.symbol, bar, start, end)
        tape = self._recorded(start, end, first_id)
        if bar is None:
            whole = minute_bars(tape)
            return Day(_ONE_MINUTE, whole, self._floats(whole), tape)
        bars = self._units(stored)
        if len(tape):
            early = bars[bars[:, TIME] + bar.ms <= tape.ts[0]]
            late = bars[bars[:, TIME] > tape.ts[-1]]
            before = self._spread(early, bar, first_id)
            recorded = _numbered(tape, first_id + len(before))
            after = self._spread(late, bar, recorded.first_id + len(recorded))
            tape = before.then(recorded).then(after)
        else:
            tape = self._spread(bars, bar, first_id)
        return Day(bar, _figures(bars, bar, tape), stored[:, 1:], tape)

    def _best(self, start_ms: int, end_ms: int) -> Timeframe | None:
        """The finest bars that there are from the beginning of a day on, else any of it.

        When they end does not matter: that is still to come while the day goes on.
        """
        begins = max(start_ms, self.span.start_ms)
        partly = None
        for bar, span in self._bars.items():
            if span.end_ms <= start_ms or end_ms <= span.start_ms:
                continue
            if span.start_ms <= begins:
                return bar
            partly = bar if partly is None else partly
        return partly

    def _spread(self, bars: np.ndarray, bar: Timeframe, first_id: int) -> Tape:
        if self._kind != "ohlcv":
            bars = bars.copy()
            bars[:, VOLUME] = 4 * bar.ms  # so that each print is of something
        return spread(bars, bar.ms, self.grid.tick_units, first_id)

    def _units(self, stored: np.ndarray) -> np.ndarray:
        bars = np.zeros((len(stored), WIDTH), dtype=np.int64)
        bars[:, TIME] = stored[:, 0]
        bars[:, OPEN : CLOSE + 1] = self.grid.prices(stored[:, 1:5])
        bars[:, VOLUME] = self.grid.quantities(stored[:, 5])
        return bars

    def _floats(self, bars: np.ndarray) -> np.ndarray:
        prices = bars[:, OPEN : CLOSE + 1] / 10.0**self.grid.price_digits
        return np.column_stack((prices, bars[:, VOLUME] / 10.0**self.grid.quantity_digits))

    def _recorded(self, start_ms: int, end_ms: int, first_id: int) -> Tape:
        """The trades that were recorded that day."""
        span = self._trades
        if span is None or span.end_ms <= start_ms or end_ms <= span.start_ms:
            return _EMPTY
        found = self._recordings.trades(self.symbol, start_ms, end_ms)
        ids = np.arange(first_id, first_id + len(found.ts) + 1)
        price = self.grid.prices(found.price)
        quantity = self.grid.quantities(found.quantity)
        return Tape(found.ts, price, quantity, found.sold, ids, first_id)


def _numbered(tape: Tape, first_id: int) -> Tape:
    ids = np.arange(first_id, first_id + len(tape) + 1)
    return Tape(tape.ts, tape.price, tape.quantity, tape.taker_sold, ids, first_id)


def _figures(bars: np.ndarray, bar: Timeframe, tape: Tape) -> np.ndarray:
    """Bars with the turnover, number and takers' share of their trades."""
    edges = np.searchsorted(tape.ts, np.column_stack((bars[:, TIME], bars[:, TIME] + bar.ms)))
    turnover, bought = tape.price * tape.quantity, ~tape.taker_sold
    for column, values in (
        (TURNOVER, turnover),
        (TRADES, np.ones(len(tape), dtype=np.int64)),
        (TAKER_VOLUME, tape.quantity * bought),
        (TAKER_TURNOVER, turnover * bought),
    ):
        sums = np.concatenate(([0], np.cumsum(values)))
        bars[:, column] = sums[edges[:, 1]] - sums[edges[:, 0]]
    return bars


_EMPTY = Tape(*(np.empty(0, np.int64),) * 3, np.empty(0, bool), np.zeros(1, np.int64), 0)
