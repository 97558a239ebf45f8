"""What to fetch: wanted minus covered, on bar edges. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from xq.clock import iso
from xq.errors import UsageError
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
    if (span.since_ms is None) == (span.days is None):
        raise UsageError("expected either since or days", hint="xq collect --days 30")
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


def jobs(target: Range, covered: Iterable[Range], timeframe: Timeframe) -> tuple[Range, ...]:
    """What of ``target`` nobody has asked the venue for yet, oldest first, on bar edges.

    Examples
    --------
    >>> minute = Timeframe.parse("1m")
    >>> jobs(Range(0, 600_000), [Range(120_000, 300_000)], minute)
    (Range(start_ms=0, end_ms=120000), Range(start_ms=300000, end_ms=600000))
    """
    whole = [Range(timeframe.ceil(item.start_ms), timeframe.floor(item.end_ms)) for item in covered]
    return subtract([target], whole)


def chunks(job: Range, timeframe: Timeframe, bars: int) -> Iterator[Range]:
    """Cut a job into pieces of at most ``bars`` bars, each fetched and committed as one.

    Examples
    --------
    >>> minute = Timeframe.parse("1m")
    >>> [piece.bars(minute) for piece in chunks(Range(0, 300_000), minute, 2)]
    [2, 2, 1]
    """
    step = bars * timeframe.ms
    for start in range(job.start_ms, job.end_ms, step):
        yield Range(start, min(start + step, job.end_ms))
