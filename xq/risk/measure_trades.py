"""Readings of what was traded and asked: losing streak, API errors."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from xq.errors import DataError
from xq.risk.readings import Reading, Span, blind
from xq.risk.round_trips import Execution, RoundTrip, TripTerms, round_trips


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the venue, when it ended.

    Attributes
    ----------
    failed
        No usable answer: not reached, timed out, cut off, refused for the rate, server error,
        unreadable. A definite no of the venue is an answer.
    """

    ts_ms: int
    failed: bool


def losing_streak(
    fills: Iterable[Execution], terms: TripTerms, read_ms: int, span: Span
) -> Reading:
    """Losing round trips in a row, up to the newest.

    A loss is a closed round trip whose pnl after fees is below zero; one of exactly zero ends a
    streak. Of round trips closed at the same time, losses count last.

    Parameters
    ----------
    read_ms
        When the fills were read from the venue.
    """
    if span.is_future(read_ms):
        return blind("the fills were read in the future", read_ms)
    try:
        trips = round_trips(fills, terms)
    except DataError as error:
        return blind(error.message, read_ms)
    if any(span.is_future(trip.closed_ms) for trip in trips):
        return blind("a round trip ended in the future", read_ms)
    return Reading(Decimal(streak([t for t in trips if t.closed_ms > span.start_ms])), read_ms)


def streak(trips: Sequence[RoundTrip]) -> int:
    """Losses since the last round trip that was none.

    Examples
    --------
    >>> from xq.types import Symbol
    >>> def trips(*pnl): return [RoundTrip(Symbol("A", "B"), n, Decimal(p)) for n, p in pnl]
    >>> streak(trips((1, 5), (2, -1), (3, -1))), streak(trips((1, -1), (2, 0)))
    (2, 0)
    >>> streak(trips((1, -1), (1, 5))), streak(trips((1, -1), (1, 0)))
    (1, 1)
    """
    count = 0
    for trip in sorted(trips, key=lambda t: (t.closed_ms, t.pnl < 0), reverse=True):
        if trip.pnl >= 0:
            break
        count += 1
    return count


def api_errors(calls: Sequence[Call] | None, span: Span) -> Reading:
    """Share of the window's calls that failed; the log is complete up to now.

    Examples
    --------
    >>> calls = [Call(n, n % 10 == 0) for n in range(1, 41)]
    >>> api_errors(calls, Span(40, 20))
    Reading(value=Decimal('0.1'), as_of_ms=40, samples=20, problem='')
    """
    if calls is None:
        return blind("there is no log of calls")
    if any(span.is_future(call.ts_ms) for call in calls):
        return blind("a call ended in the future", span.now_ms)
    seen = [call.failed for call in calls if call.ts_ms > span.start_ms]
    rate = Decimal(sum(seen)) / len(seen) if seen else Decimal(0)
    return Reading(rate, span.now_ms, len(seen))
