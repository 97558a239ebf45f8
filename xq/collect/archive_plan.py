"""Which whole past days and months are worth a file of the bulk archive. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from xq.lake.layout import period_range
from xq.lake.ranges import Range
from xq.timeframe import DAY_MS, HOUR_MS, MINUTE_MS, Timeframe

SourceChoice = Literal["auto", "rest", "archive"]

_MONTH_FROM_DAYS = 5  # wanted days of a month from which its one file is cheaper than daily ones
_BARS = ("ohlcv", "mark", "index")
_REQUESTS = 2  # a file and its checksum
_PAGE = 1000
_MONTH_LATE_MS = 14 * DAY_MS
_KEPT_MS = {"open_interest": 30 * DAY_MS - HOUR_MS}  # an hour less, for it moves while we ask


@dataclass(frozen=True, slots=True)
class Offer:
    """What files the archive has for a kind of data.

    Attributes
    ----------
    monthly, daily
        Whether it has files of that length.
    """

    monthly: bool
    daily: bool


OFFERS = {
    "ohlcv": Offer(monthly=True, daily=True),
    "mark": Offer(monthly=True, daily=True),
    "index": Offer(monthly=True, daily=True),
    "trades": Offer(monthly=False, daily=True),  # a month of trades does not fit in memory
    "funding": Offer(monthly=True, daily=False),
    "open_interest": Offer(monthly=False, daily=True),
}
_ROWS_A_DAY = {"trades": 100_000, "funding": 3}


def offer(kind: str, timeframe: Timeframe) -> Offer:
    """The files worth taking: no month of seconds, and of days only what a day can hold.

    Examples
    --------
    >>> offer("ohlcv", Timeframe.parse("1s"))
    Offer(monthly=False, daily=True)
    >>> offer("ohlcv", Timeframe.parse("1M"))
    Offer(monthly=True, daily=False)
    """
    files, bars = OFFERS[kind], kind in _BARS
    monthly = files.monthly and not (bars and timeframe.ms < MINUTE_MS)
    return Offer(monthly, files.daily and not (bars and timeframe.ms > DAY_MS))


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of time and its file, ``2024-02`` or ``2024-02-29``; None means REST."""

    within: Range
    period: str | None = None


def kept_from_ms(kind: str, timeframe: Timeframe, now_ms: int) -> int | None:
    """From when on REST still knows a kind; None if it knows all of it.

    Examples
    --------
    >>> minutes = Timeframe.parse("5m")
    >>> kept_from_ms("open_interest", minutes, 40 * DAY_MS) == 10 * DAY_MS + HOUR_MS
    True
    >>> kept_from_ms("ohlcv", minutes, 40 * DAY_MS) is None
    True
    """
    return timeframe.ceil(now_ms - _KEPT_MS[kind]) if kind in _KEPT_MS else None


def segments(
    kind: str, timeframe: Timeframe, job: Range, now_ms: int, choice: SourceChoice
) -> Iterator[Segment]:
    """Cut a job into archive files and what is left for REST, oldest first.

    With ``auto`` a file is taken where REST would need at least as many requests, or no longer
    knows that day.

    Examples
    --------
    >>> minute = Timeframe.parse("1m")
    >>> job = Range(0, 33 * DAY_MS)
    >>> [item.period for item in segments("ohlcv", minute, job, 33 * DAY_MS + 5, "auto")]
    ['1970-01', '1970-02-01', '1970-02-02']
    """
    files = offer(kind, timeframe)
    at = rest = job.start_ms
    today_ms = now_ms // DAY_MS * DAY_MS
    while at < job.end_ms:
        past = Range(at, min(job.end_ms, today_ms))
        lost = choice == "auto" and at < (kept_from_ms(kind, timeframe, now_ms) or at)
        found = _file(kind, timeframe, files, past, "archive" if lost else choice)
        if found is None:
            at = min((at // DAY_MS + 1) * DAY_MS, job.end_ms)
            continue
        if at > rest:
            yield Segment(Range(rest, at))
        yield found
        at = rest = found.within.end_ms
    if at > rest:
        yield Segment(Range(rest, at))


def instead(
    kind: str, timeframe: Timeframe, segment: Segment, now_ms: int, choice: SourceChoice
) -> Iterator[Segment]:
    """What to ask for when the archive lacks a segment's file.

    A month is published some days after its end; until then its days are there one by one. An
    older month without a file was never traded, which one request by REST confirms.

    Examples
    --------
    >>> missing, minute = Segment(Range(0, 31 * DAY_MS), "1970-01"), Timeframe.parse("1m")
    >>> [len(list(instead("ohlcv", minute, missing, day * DAY_MS, "auto"))) for day in (33, 60)]
    [31, 1]
    """
    recent = now_ms - segment.within.end_ms < _MONTH_LATE_MS
    monthly = segment.period is not None and len(segment.period) == len("2024-02")
    rows_a_day = _ROWS_A_DAY.get(kind, DAY_MS / timeframe.ms)
    daily = offer(kind, timeframe).daily and _worth(rows_a_day, choice)
    if not (monthly and recent and daily):
        yield Segment(segment.within)
        return
    start = segment.within.start_ms
    while start < segment.within.end_ms:
        end = min((start // DAY_MS + 1) * DAY_MS, segment.within.end_ms)
        yield Segment(Range(start, end), _name(start, "D"))
        start = end


def _file(
    kind: str, timeframe: Timeframe, files: Offer, within: Range, choice: SourceChoice
) -> Segment | None:
    if choice == "rest" or within.end_ms <= within.start_ms:
        return None
    rows_a_day = _ROWS_A_DAY.get(kind, DAY_MS / timeframe.ms)
    name = _name(within.start_ms, "M")
    month = period_range(name)
    piece = Range(within.start_ms, min(within.end_ms, month.end_ms))
    wanted_days = (piece.end_ms - piece.start_ms) / DAY_MS
    over = within.end_ms >= month.end_ms
    long_enough = wanted_days >= _MONTH_FROM_DAYS or not files.daily
    if files.monthly and over and long_enough and _worth(rows_a_day * wanted_days, choice):
        return Segment(piece, name)
    day = Range(within.start_ms, (within.start_ms // DAY_MS + 1) * DAY_MS)
    whole = day.start_ms % DAY_MS == 0 and day.end_ms <= within.end_ms
    if files.daily and whole and _worth(rows_a_day, choice):
        return Segment(day, _name(day.start_ms, "D"))
    return None


def _worth(rows: float, choice: SourceChoice) -> bool:
    return choice == "archive" or -int(-rows // _PAGE) >= _REQUESTS


def _name(ts_ms: int, unit: Literal["D", "M"]) -> str:
    return str(np.datetime64(ts_ms, "ms").astype(f"datetime64[{unit}]"))
