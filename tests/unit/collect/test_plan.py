"""Wanted minus covered: the laws of a plan."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xq.collect.plan import Span, jobs, pieces, wanted
from xq.errors import UsageError
from xq.lake.layout import Dataset
from xq.lake.ranges import Range, intersect, union
from xq.timeframe import DAY_MS, HOUR_MS, Timeframe, names

FRAMES = [Timeframe.parse(name) for name in names()]
HOUR = Timeframe.parse("1h")
NOW = 1_704_067_200_000

times = st.integers(0, 400 * DAY_MS)
ranges = st.tuples(times, times).map(lambda pair: Range(min(pair), max(pair)))


@given(
    timeframe=st.sampled_from(FRAMES),
    start=times,
    bars=st.integers(1, 3_000),
    covered=st.lists(ranges, max_size=6),
)
def test_jobs_and_what_is_covered_make_what_is_wanted(
    timeframe: Timeframe, start: int, bars: int, covered: list[Range]
) -> None:
    first = timeframe.ceil(start)
    target = Range(first, timeframe.shift(first, bars))
    whole = union(
        Range(timeframe.ceil(item.start_ms), timeframe.floor(item.end_ms)) for item in covered
    )
    plan = jobs(target, covered, timeframe)
    assert union([*plan, *intersect([target], whole)]) == (target,)
    assert not intersect(plan, whole)
    assert plan == union(plan)
    assert all(timeframe.is_edge(job.start_ms) and timeframe.is_edge(job.end_ms) for job in plan)


@given(timeframe=st.sampled_from(FRAMES), bars=st.integers(1, 500), size=st.integers(1, 60))
def test_pieces_are_the_job(timeframe: Timeframe, bars: int, size: int) -> None:
    start = timeframe.ceil(NOW)
    job = Range(start, timeframe.shift(start, bars))
    dataset = Dataset("ohlcv", "x", "A/B", timeframe.name)
    cut = list(pieces(dataset, job, timeframe, size))
    assert union(cut) == (job,)
    assert sum(piece.bars(timeframe) for piece in cut) == bars
    assert all(piece.bars(timeframe) <= size for piece in cut)


@given(timeframe=st.sampled_from(FRAMES), now=st.integers(NOW, NOW + 30 * DAY_MS))
def test_no_wanted_bar_is_unfinished(timeframe: Timeframe, now: int) -> None:
    target = wanted(timeframe, Span(days=30), now)
    assert target.end_ms <= now < timeframe.end(target.end_ms)
    assert target.end_ms - target.start_ms >= 30 * DAY_MS


def test_days_count_back_from_until() -> None:
    span = Span(until_ms=NOW - DAY_MS, days=2)
    assert wanted(HOUR, span, NOW) == Range(NOW - 3 * DAY_MS, NOW - DAY_MS)


def test_until_in_the_future_is_now() -> None:
    span = Span(since_ms=NOW - 2 * HOUR_MS, until_ms=NOW + DAY_MS)
    assert wanted(HOUR, span, NOW + 5) == Range(NOW - 2 * HOUR_MS, NOW)


@pytest.mark.parametrize(
    "span",
    [
        Span(),
        Span(since_ms=0, days=1),
        Span(since_ms=NOW),
        Span(since_ms=NOW - HOUR_MS, until_ms=NOW - 2 * HOUR_MS),
        Span(days=0.001, until_ms=NOW - HOUR_MS + 1, since_ms=1),
    ],
)
def test_a_range_that_means_nothing_is_refused(span: Span) -> None:
    with pytest.raises(UsageError):
        wanted(HOUR, span, NOW)
