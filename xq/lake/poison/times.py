"""Times that no bar, trade or settlement can have."""

import numpy as np
import pyarrow as pa

from xq.lake.poison.rule import EVERY, TIMED, Hits, Rule, Severity
from xq.lake.poison.sheet import Sheet
from xq.lake.schema import kind_of
from xq.timeframe import DAY_MS, HOUR_MS

_GENESIS = 1_230_940_800_000  # 2009-01-03: before it there was nothing to trade
_SECONDS_BELOW = 10**11  # as in the importer: smaller epochs are seconds
_MICROS_FROM, _NANOS_FROM = 10**14, 10**17
_JITTER_MS = 1000


def _edge_distance(sheet: Sheet) -> np.ndarray:
    """How far each time lies from a bar edge, signed: to the nearest."""
    if sheet.bar is None:
        return np.zeros(len(sheet), np.int64)
    before, after = sheet.bar.floor(sheet.ts), sheet.bar.end(sheet.bar.floor(sheet.ts))
    past, left = sheet.ts - before, after - sheet.ts
    nearest: np.ndarray = np.where(past > left, -left, past)
    return nearest


def _slipped(sheet: Sheet) -> np.ndarray:
    ts = sheet.ts
    return np.asarray((np.abs(ts) < _SECONDS_BELOW) | (np.abs(ts) >= _MICROS_FROM))


def _off_grid(sheet: Sheet) -> Hits | None:
    if sheet.bar is None:
        return None
    return Hits((np.abs(_edge_distance(sheet)) >= _JITTER_MS) & ~_slipped(sheet))


def _jitter(sheet: Sheet) -> Hits | None:
    if sheet.bar is None:
        return None
    away = _edge_distance(sheet)
    return Hits((away != 0) & (away != -1) & (np.abs(away) < _JITTER_MS) & ~_slipped(sheet))


def _close_time(sheet: Sheet) -> Hits | None:
    if sheet.bar is None:
        return None
    return Hits((_edge_distance(sheet) == -1) & ~_slipped(sheet))


def _seconds(sheet: Sheet) -> Hits:
    return Hits((np.abs(sheet.ts) < _SECONDS_BELOW) & ~sheet.timeless)


def _micros(sheet: Sheet) -> Hits:
    return Hits((sheet.ts >= _MICROS_FROM) & (sheet.ts < _NANOS_FROM))


def _nanos(sheet: Sheet) -> Hits:
    return Hits(sheet.ts >= _NANOS_FROM)


def _early(sheet: Sheet) -> Hits:
    return Hits((sheet.ts < _GENESIS) & (np.abs(sheet.ts) >= _SECONDS_BELOW))


def _future(sheet: Sheet) -> Hits | None:
    if sheet.now_ms is None:
        return None
    return Hits((sheet.ts > sheet.now_ms) & (sheet.ts < _MICROS_FROM))


def _unfinished(sheet: Sheet) -> Hits | None:
    if sheet.now_ms is None or sheet.bar is None:
        return None
    open_now = (sheet.bar.end(sheet.ts) > sheet.now_ms) & (sheet.ts <= sheet.now_ms)
    return Hits(open_now)


def repeats(sheet: Sheet) -> tuple[np.ndarray, np.ndarray]:
    """Rows whose key an earlier row has: (with the same values, with others)."""
    names = [name for name in kind_of(sheet.kind).key if sheet.has(name)]
    keys = [sheet.ts if name == "ts" else sheet.whole(name) for name in names]
    order = np.lexsort((np.arange(len(sheet)), *reversed(keys)))
    again = np.ones(max(len(sheet) - 1, 0), dtype=bool)
    for key in keys:
        again &= key[order][1:] == key[order][:-1]
    same = again.copy()
    for name in set(sheet.raw.column_names) - {*names, "received_ns"}:  # two receive one message
        if pa.types.is_nested(sheet.raw[name].type):
            same &= _alike(sheet.raw[name], order, again)
        elif sheet.text(name) is None:
            value = sheet.number(name)[order]
            alike = (value[1:] == value[:-1]) | (np.isnan(value[1:]) & np.isnan(value[:-1]))
            same &= alike
    equal, other = sheet.nothing(), sheet.nothing()
    equal[order[1:]] = again & same
    other[order[1:]] = again & ~same
    return equal, other


def _alike(column: pa.ChunkedArray, order: np.ndarray, again: np.ndarray) -> np.ndarray:
    """Which of the rows named again hold the same list as the one before them."""
    alike = np.ones(len(again), dtype=bool)
    for place in np.flatnonzero(again).tolist():
        alike[place] = column[int(order[place])].equals(column[int(order[place + 1])])
    return alike


def _duplicate(sheet: Sheet) -> Hits:
    return Hits(repeats(sheet)[0] & ~sheet.timeless)


def _conflict(sheet: Sheet) -> Hits:
    return Hits(repeats(sheet)[1] & ~sheet.timeless)


def _unsorted(sheet: Sheet) -> Hits:
    """Earlier than the sound time before: a row after one of another unit is not late."""
    sound = ~sheet.timeless & ~_slipped(sheet)
    latest = np.maximum.accumulate(np.where(sound, np.arange(len(sheet)), -1))
    before = np.concatenate(([-1], latest[:-1]))[: len(sheet)]
    return Hits(sound & (before >= 0) & (sheet.ts < sheet.ts[before]))


def _switch_day(ts: np.ndarray, months: tuple[int, ...]) -> np.ndarray:
    """Whether a time is a Sunday on which European or American clocks are changed."""
    days = ts.astype("datetime64[ms]").astype("datetime64[D]")
    month = days.astype("datetime64[M]")
    day = (days - month).astype(int) + 1
    number = month.astype(int) % 12 + 1
    sunday = (days.astype(int) + 4) % 7 == 0
    last = (day > 24) & np.isin(number, [m for m in months if m in (3, 10)])
    american = np.where(number == 3, (day > 7) & (day < 15), (number == 11) & (day < 8))
    return np.asarray(sunday & (last | (american & np.isin(number, months))))


def _dst_hole(sheet: Sheet) -> Hits | None:
    """One hour is missing where local clocks skip one."""
    if sheet.bar is None or sheet.bar.ms > HOUR_MS:
        return None
    gap = np.diff(sheet.ts, prepend=sheet.ts[:1]) - sheet.bar.ms
    hour = (sheet.ts % DAY_MS) <= 11 * HOUR_MS
    return Hits((gap == HOUR_MS) & hour & _switch_day(sheet.ts, (3,)))


def _dst_repeat(sheet: Sheet) -> Hits | None:
    """One hour is there twice where local clocks repeat one."""
    if sheet.bar is None or sheet.bar.ms > HOUR_MS:
        return None
    equal, other = repeats(sheet)
    hour = (sheet.ts % DAY_MS) <= 11 * HOUR_MS
    return Hits((equal | other) & hour & _switch_day(sheet.ts, (10, 11)))


_ERROR = Severity.ERROR
RULES = (
    Rule("off_grid", "time", "the bar does not open on an edge of its timeframe", _ERROR,
         "{ts} is no bar edge", _off_grid, kinds=TIMED),
    Rule("time_jitter", "time", "the bar opens less than a second beside an edge", _ERROR,
         "{ts} lies just beside a bar edge", _jitter, kinds=TIMED),
    Rule("close_time_as_open", "time", "the time is a bar's last millisecond, not its open",
         _ERROR, "{ts} is the close of a bar", _close_time, kinds=TIMED),
    Rule("time_in_seconds", "time", "an epoch in seconds stored as milliseconds", _ERROR,
         "{ts} is an epoch in seconds", _seconds, kinds=EVERY),
    Rule("time_in_microseconds", "time", "an epoch in microseconds stored as milliseconds",
         _ERROR, "{ts} is an epoch in microseconds", _micros, kinds=EVERY),
    Rule("time_in_nanoseconds", "time", "an epoch in nanoseconds stored as milliseconds",
         _ERROR, "{ts} is an epoch in nanoseconds", _nanos, kinds=EVERY),
    Rule("time_too_early", "time", "before 2009-01-03 there was nothing to trade", _ERROR,
         "{ts} is before the first coin", _early, kinds=EVERY),
    Rule("future", "time", "the row lies in the future", _ERROR,
         "{ts} is in the future", _future, kinds=EVERY),
    Rule("unfinished", "time", "the bar is not over", _ERROR,
         "{ts} is not over", _unfinished, kinds=TIMED),
    Rule("duplicate", "time", "the row is there twice", _ERROR,
         "the same row as an earlier one, {ts}", _duplicate, kinds=EVERY),
    Rule("conflict", "time", "two rows of one time disagree", _ERROR,
         "another row of {ts} has other values", _conflict, kinds=EVERY),
    Rule("unsorted", "time", "the row is earlier than the one before", _ERROR,
         "{ts} is earlier than the row before", _unsorted, kinds=EVERY),
    Rule("dst_hole", "time", "one hour missing where local clocks skip one: local time as UTC",
         Severity.WARNING, "an hour is missing before {ts}, when clocks went forward", _dst_hole,
         kinds=TIMED),
    Rule("dst_repeat", "time", "one hour twice where local clocks repeat one: local time as UTC",
         _ERROR, "{ts} is there twice, when clocks went back", _dst_repeat, kinds=TIMED),
)  # fmt: skip
