"""What to fetch: wanted minus covered, on bar edges. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from xq.clock import iso
from xq.errors import UsageError
from xq.lake.layout import Dataset, leaf_unit
from xq.lake.ranges import Range, subtract
from xq.timeframe import DAY_MS, Timeframe


@dataclass(frozen=True, slots=True)
class Span:
    """The time asked for; ``days`` count back from the end and exclude ``since_ms``."""

    since_ms: int | None = None
    until_ms: int | None = None
    days: float | None = None


def wanted(timeframe: Timeframe, span: Span, now_ms: int) -> Range:
    """The range of closed bars that a request means at the venue's time ``now_ms``.

    Raises
    ------
    UsageError
        If it is empty, or says both since and days.

    Examples
    --------
    >>> day = Timeframe.parse("1d")
    >>> str(wanted(day, Span(days=2), now_ms=10 * day.ms + 5))
    '1970-01-09T00:00:00Z to 1970-01-11T00:00:00Z'
    """
    _check(span)
    closed = timeframe.floor(now_ms)
    end = closed if span.until_ms is None else min(timeframe.ceil(span.until_ms), closed)
    if span.days is not None:
        start = timeframe.floor(end - round(span.days * DAY_MS))
    else:
        start = timeframe.ceil(span.since_ms or 0)
    if start >= end:
        raise UsageError(
            f"no closed {timeframe} bar between {iso(start)} and {iso(end)}",
            hint=f"the venue's time is {iso(now_ms)}",
        )
    return Range(start, end)


def moments(steps: Timeframe, span: Span, now_ms: int) -> Range:
    """The time that a request for rows without bars means: as asked, up to now.

    Parameters
    ----------
    steps
        Where a range given in days may begin.

    Raises
    ------
    UsageError
        If it is empty, or says both since and days.

    Examples
    --------
    >>> moments(Timeframe.parse("1h"), Span(since_ms=5, until_ms=90), now_ms=60)
    Range(start_ms=5, end_ms=60)
    """
    _check(span)
    end = now_ms if span.until_ms is None else min(span.until_ms, now_ms)
    start = span.since_ms
    if span.days is not None:
        start = steps.floor(end - round(span.days * DAY_MS))
    if start is None or start >= end:
        raise UsageError(
            f"expected a range that begins before {iso(end)}, found {iso(start or 0)}",
            hint=f"the venue's time is {iso(now_ms)}",
        )
    return Range(start, end)


def _check(span: Span) -> None:
    if (span.since_ms is None) == (span.days is None):
        raise UsageError("expected either since or days", hint="xq collect --days 30")


def jobs(target: Range, covered: Iterable[Range], timeframe: Timeframe | None) -> tuple[Range, ...]:
    """What of ``target`` nobody has asked the venue for yet, oldest first; bars on their edges.

    Examples
    --------
    >>> minute = Timeframe.parse("1m")
    >>> jobs(Range(0, 600_000), [Range(120_000, 300_000)], minute)
    (Range(start_ms=0, end_ms=120000), Range(start_ms=300000, end_ms=600000))
    """
    if timeframe is None:
        return subtract([target], covered)
    whole = [Range(timeframe.ceil(item.start_ms), timeframe.floor(item.end_ms)) for item in covered]
    return subtract([target], whole)


def pieces(dataset: Dataset, job: Range, timeframe: Timeframe, bars: int) -> Iterator[Range]:
    """Cut a job into pieces, each fetched and committed as one: whole files, so that none is
    written twice, but of at most ``bars`` bars unless one file holds more.

    Examples
    --------
    >>> minutes, job = Dataset("ohlcv", "x", "A/B", "1m"), Range(0, 80 * DAY_MS)
    >>> [piece.bars(minutes.bar) for piece in pieces(minutes, job, minutes.bar, 45_000)]
    [44640, 40320, 30240]
    """
    unit = leaf_unit(dataset)
    start = job.start_ms
    while start < job.end_ms:
        end = min(timeframe.shift(start, bars), job.end_ms)
        if unit == "D":
            end = min(end, _edge(start, unit) + DAY_MS)
        elif unit is not None and end < job.end_ms and _edge(end, unit) > start:
            end = _edge(end, unit)
        yield Range(start, end)
        start = end


def _edge(ts_ms: int, unit: str) -> int:
    """The newest start of a file that is not after ``ts_ms``."""
    period = np.datetime64(ts_ms, "ms").astype(f"datetime64[{unit}]")
    return int(period.astype("datetime64[ms]").astype(np.int64))
