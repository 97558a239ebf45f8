"""Finding prices, trades and bars of one market across the days of its tape, in whole units."""

import math
from collections.abc import Iterator
from decimal import Decimal

import numpy as np

from xq.clock import iso
from xq.errors import NoData
from xq.sim.basis import FUNDING_MS
from xq.sim.instruments import SimInstrument
from xq.sim.tape import (
    CLOSE,
    HIGH,
    LOW,
    TIME,
    WIDTH,
    Tape,
    decimal_of,
    flat_bar,
    resample,
    traded_bars,
    without_holes,
)
from xq.sim.tapes import Last, Tapes
from xq.timeframe import DAY_MS, HOUR_MS, MINUTE_MS, Timeframe


def bars_between(
    tapes: Tapes,
    item: SimInstrument,
    timeframe: Timeframe,
    edges: tuple[int, int],
    now_ms: int,
) -> np.ndarray:
    """Bars that open at ``edges[0]`` to ``edges[1]`` as they stand at ``now_ms``, int64 (n, 10)."""
    first_ms, last_ms = edges
    if timeframe.ms < MINUTE_MS:
        return _seconds(tapes, item, timeframe, edges, now_ms)
    until_ms = min(timeframe.end(last_ms) - 1, now_ms)
    read = tapes.hours_until if timeframe.ms >= HOUR_MS else tapes.minutes_until
    days = range(first_ms // DAY_MS, until_ms // DAY_MS + 1)
    fine = np.concatenate([read(item, day, now_ms) for day in days])
    begin, end = np.searchsorted(fine[:, TIME], (first_ms, until_ms + 1))
    rows = resample(fine[begin:end], timeframe)
    if len(rows) and rows[-1, TIME] == last_ms:
        return rows
    before = int(rows[-1, CLOSE]) if len(rows) else newest(tapes, item, now_ms)[0]
    return np.concatenate((rows, flat_bar(last_ms, before)))


def _seconds(
    tapes: Tapes, item: SimInstrument, timeframe: Timeframe, edges: tuple[int, int], now_ms: int
) -> np.ndarray:
    """Bars of less than a minute, straight from the trades; most of them are flat."""
    first_ms, last_ms = edges
    until_ms = min(timeframe.end(last_ms) - 1, now_ms)
    days = range(first_ms // DAY_MS, until_ms // DAY_MS + 1)
    parts = (tapes.tape(item, day) for day in days)
    inside = (t.rows(t.count_until(first_ms - 1), t.count_until(until_ms)) for t in parts)
    traded = np.concatenate([traded_bars(tape, timeframe.ms) for tape in inside])
    opens = np.arange(first_ms, last_ms + 1, timeframe.ms)
    if item.replayed or first_ms > item.tape_from_ms:
        return without_holes(traded, opens, newest(tapes, item, first_ms - 1)[0])
    return without_holes(traded, opens[opens >= traded[0, TIME]], 0) if len(traded) else traded


def window(
    listed_ms: int,
    timeframe: Timeframe,
    span: tuple[int | None, int | None],
    limit: int,
    now_ms: int,
) -> tuple[int, int] | None:
    """Opens of the first and last bar that a request means; None if there is none.

    The first ``limit`` bars from the start on, or the last ``limit`` when no start is given.
    """
    start_ms, end_ms = span
    first, last = timeframe.ceil(listed_ms), timeframe.floor(now_ms)
    if end_ms is not None:
        last = min(last, timeframe.floor(end_ms))
    if start_ms is None:
        first = max(first, timeframe.shift(last, 1 - limit))
    else:
        first = max(first, timeframe.ceil(start_ms))
        last = min(last, timeframe.shift(first, limit - 1))
    return None if limit < 1 or last < first else (first, last)


def newest(tapes: Tapes, item: SimInstrument, now_ms: int) -> tuple[int, bool]:
    """Price of the newest trade and whether its taker sold.

    Raises
    ------
    NoData
        Before the market's first bar closed.
    """
    known = tapes.last_of(item)
    if known.from_ms <= now_ms < known.until_ms:
        return known.price, known.taker_sold
    if now_ms >= item.tape_from_ms:
        last = _last(tapes, item, now_ms)
        tapes.keep_last(item, last)
        return last.price, last.taker_sold
    if not item.replayed or now_ms < item.listed_ms + HOUR_MS:
        raise NoData(
            f"expected a time after {iso(item.listed_ms)}, found {iso(now_ms)}", where=item.id
        )
    closed_ms = now_ms // HOUR_MS * HOUR_MS - HOUR_MS
    bars = tapes.hours(item, closed_ms // DAY_MS)
    return int(bars[closed_ms % DAY_MS // HOUR_MS, CLOSE]), False


def _last(tapes: Tapes, item: SimInstrument, now_ms: int) -> Last:
    day = now_ms // DAY_MS
    tape = tapes.tape(item, day)
    row = tape.count_until(now_ms) - 1
    from_ms = int(tape.ts[row]) if row >= 0 else day * DAY_MS
    until_ms = int(tape.ts[row + 1]) if row + 1 < len(tape) else (day + 1) * DAY_MS
    if row < 0:
        tape = tapes.tape(item, day - 1)
    return Last(from_ms, until_ms, int(tape.price[row]), bool(tape.taker_sold[row]))


def between(tapes: Tapes, item: SimInstrument, start_ms: int, end_ms: int) -> Iterator[Tape]:
    """The trades in (start_ms, end_ms], day by day, days without any left out."""
    start_ms = max(start_ms, item.tape_from_ms - 1)
    for day in range((start_ms + 1) // DAY_MS, end_ms // DAY_MS + 1):
        tape = tapes.tape(item, day)
        rows = tape.rows(tape.count_until(start_ms), tape.count_until(end_ms))
        if len(rows):
            yield rows


def from_id(tapes: Tapes, item: SimInstrument, trade_id: int, end_ms: int) -> Iterator[Tape]:
    """The trades from an id on, up to a time, day by day."""
    day = tapes.day_of_id(item, trade_id)
    if day > end_ms // DAY_MS:
        return
    tape = tapes.tape(item, day)
    skipped = max(trade_id - tape.first_id, 0)
    rows = tape.rows(skipped, tape.count_until(end_ms))
    if len(rows):
        yield rows
    yield from between(tapes, item, (day + 1) * DAY_MS - 1, end_ms)


def backwards(tapes: Tapes, item: SimInstrument, end_ms: int) -> Iterator[Tape]:
    """The trades up to a time, newest day first, each day oldest first."""
    for day in range(end_ms // DAY_MS, item.tape_from_ms // DAY_MS - 1, -1):
        tape = tapes.tape(item, day)
        rows = tape.rows(0, tape.count_until(end_ms))
        if len(rows):
            yield rows


def first(chunks: Iterator[Tape], limit: int) -> list[Tape]:
    """At most ``limit`` trades from the start of the first chunk on."""
    kept: list[Tape] = []
    for rows in chunks:
        kept.append(rows.rows(0, min(limit, len(rows))))
        limit -= len(kept[-1])
        if limit == 0:
            break
    return kept


def last(chunks: Iterator[Tape], limit: int) -> list[Tape]:
    """At most ``limit`` trades up to the end of the first chunk; chunks come newest first."""
    kept: list[Tape] = []
    for rows in chunks:
        kept.append(rows.rows(max(len(rows) - limit, 0), len(rows)))
        limit -= len(kept[-1])
        if limit == 0:
            break
    return kept[::-1]


def index_level(tapes: Tapes, item: SimInstrument, now_ms: int) -> float:
    """Log price of the coin known at a moment. Raises `NoData` before the market is listed."""
    if now_ms < item.listed_ms:
        raise NoData(
            f"expected a time after {iso(item.listed_ms)}, found {iso(now_ms)}", where=item.id
        )
    if now_ms % HOUR_MS == 0:  # at an hour's edge the day's trades need not be made
        day, rest = divmod(now_ms, DAY_MS)
        return float(tapes.spine.hours(item.base, day)[rest // HOUR_MS])
    return tapes.level(item.base, now_ms)


def mark_level(tapes: Tapes, item: SimInstrument, now_ms: int) -> float:
    """Log of a perpetual's mark price: the coin's price and the smooth basis."""
    return index_level(tapes, item, now_ms) + tapes.basis(item.base).at_one(now_ms)


def premium(tapes: Tapes, item: SimInstrument, settlement: int, until_ms: int) -> float:
    """Mean basis of the eight hours before a settlement, as far as ``until_ms``."""
    return tapes.basis(item.base).premium(settlement, min(until_ms, settlement * FUNDING_MS))


def extremes(tapes: Tapes, item: SimInstrument, start_ms: int, end_ms: int) -> tuple[int, int]:
    """Lowest and highest price traded in (start_ms, end_ms]; the last price if none was."""
    known = tapes.last_of(item)
    if known.from_ms <= start_ms and end_ms < known.until_ms:
        return known.price, known.price
    bounds = [(int(row[LOW]), int(row[HIGH])) for row in _hours(tapes, item, start_ms, end_ms)]
    for tape in between(tapes, item, start_ms, end_ms):
        bounds.append((int(tape.price.min()), int(tape.price.max())))
    if not bounds:
        price, _ = newest(tapes, item, end_ms)
        bounds.append((price, price))
    return min(pair[0] for pair in bounds), max(pair[1] for pair in bounds)


def _hours(tapes: Tapes, item: SimInstrument, start_ms: int, end_ms: int) -> np.ndarray:
    """Recorded hourly bars that overlap (start_ms, end_ms] where there are no trades yet."""
    begin = max(start_ms, item.listed_ms) // HOUR_MS * HOUR_MS
    end = min(end_ms, item.tape_from_ms - 1)
    if not item.replayed or end < begin:
        return np.empty((0, WIDTH), dtype=np.int64)
    days = range(begin // DAY_MS, end // DAY_MS + 1)
    bars = np.concatenate([tapes.hours(item, day) for day in days])
    low, high = np.searchsorted(bars[:, TIME], (begin, end + 1))
    return bars[low:high]


def nearest(level: float, item: SimInstrument) -> Decimal:
    """A log price as the nearest positive multiple of the tick."""
    ticks = round(math.exp(level) * 10**item.price_digits / item.tick_units)
    return decimal_of(max(ticks, 1) * item.tick_units, item.price_digits)
