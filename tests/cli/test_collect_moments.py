"""Rows without bars come as far as asked, to the millisecond, and no bar has to close for them."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from xq.collect.fetch import Source
from xq.collect.plan import Span, moments
from xq.collect.run import Ways, collect
from xq.collect.task import Task
from xq.errors import UsageError
from xq.lake.coverage import Coverage
from xq.lake.ranges import Range
from xq.lake.reader import Lake
from xq.timeframe import DAY_MS, HOUR_MS, Timeframe
from xq.types import Symbol

Run = Callable[..., Any]
ETH = ("collect", "--exchange", "sim", "--symbol", "ETH/USDT", "--kind", "trades")
HOUR = Timeframe.parse("1h")
COUNTED = (
    "select count(*) as n, max(id) - min(id) + 1 as span, min(ts) as a, max(ts) as b from trades"
)


def test_minutes_of_trades(xq: Run) -> None:
    [row] = xq(*ETH, "--since", "2023-12-31T23:10:05", "--until", "2023-12-31T23:40:30.250").rows
    assert (row["start"], row["end"]) == ("2023-12-31T23:10:05Z", "2023-12-31T23:40:30.250000Z")
    [all_of_them] = xq("sql", COUNTED).rows
    assert row["new"] == all_of_them["n"] == all_of_them["span"] > 100
    assert "2023-12-31T23:10:05" <= all_of_them["a"] < all_of_them["b"] < "2023-12-31T23:40:30.25"


def test_pieces_of_an_hour_make_the_hour(xq: Run) -> None:
    edges = ("2023-12-31T22:00", "2023-12-31T22:00:01", "2023-12-31T22:17:33.123",
             "2023-12-31T22:17:33.124", "2023-12-31T23:00")  # fmt: skip
    for since, until in pairwise(edges):
        xq(*ETH, "--since", since, "--until", until).check(0)
    [parts] = xq("sql", COUNTED).rows
    [row] = xq(*ETH, "--since", edges[0], "--until", edges[-1]).rows
    assert row["new"] == 0
    assert parts["n"] == parts["span"] > 200


def test_now_is_the_end_if_none_is_said(xq: Run) -> None:
    """The venue wakes up at 2024-01-01, seconds ago."""
    [row] = xq(*ETH, "--since", "2023-12-31T23:59").rows
    assert row["end"] > "2024-01-01T00:00:00"
    assert row["new"] > 0
    future = xq(*ETH, "--since", "2030-01-01")
    assert (future.exit_code, future.stdout) == (2, "")
    assert "expected a range that begins before 2024-01-01T00:" in future.stderr
    [funding] = xq(*ETH[:4], "ETH/USDT:USDT", "--kind", "funding", "--since", "2023-12-31T15:59",
                   "--until", "2023-12-31T16:01").rows  # fmt: skip
    assert funding["new"] == 1


def test_open_interest_inside_an_hour(xq: Run) -> None:
    [row] = xq(*ETH[:4], "ETH/USDT:USDT", "--kind", "open_interest", "--since",
               "2023-12-31T23:02", "--until", "2023-12-31T23:18").rows  # fmt: skip
    assert (row["new"], row["start"]) == (3, "2023-12-31T23:05:00Z")


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (Span(since_ms=5, until_ms=HOUR_MS + 1), Range(5, HOUR_MS + 1)),
        (Span(since_ms=5, until_ms=50 * DAY_MS), Range(5, 40 * DAY_MS + 7)),
        (Span(since_ms=5), Range(5, 40 * DAY_MS + 7)),
        (Span(days=1), Range(39 * DAY_MS, 40 * DAY_MS + 7)),
        (Span(days=1, until_ms=2 * DAY_MS), Range(DAY_MS, 2 * DAY_MS)),
    ],
)
def test_what_a_span_means(span: Span, expected: Range) -> None:
    assert moments(HOUR, span, 40 * DAY_MS + 7) == expected


@pytest.mark.parametrize("span", [Span(), Span(since_ms=1, days=1), Span(since_ms=9, until_ms=9)])
def test_an_empty_span_is_refused(span: Span) -> None:
    with pytest.raises(UsageError):
        moments(HOUR, span, DAY_MS)


class Tape:
    """A venue that tells a trade of a millisecond only after it was asked for that millisecond."""

    has_pages = skips_holes = True

    def __init__(self) -> None:
        self.rows = [(n, n // 2 * 10, 5.0, 1.0, "buy") for n in range(9)]  # the last has no twin

    def trades(
        self, _symbol: Symbol, since_ms: int, from_id: int | None, limit: int
    ) -> list[tuple[int, int, float, float, str]]:
        first = (lambda r: r[0] >= from_id) if from_id is not None else (lambda r: r[1] >= since_ms)
        return [row for row in self.rows if first(row)][:limit]


def test_a_trade_of_the_last_millisecond_that_comes_late_is_not_lost(tmp_path: Path) -> None:
    tape = Tape()
    ways = Ways(Source(tape, True, tape))

    def bring(until_ms: int) -> None:
        task = Task("x", Symbol("A", "B"), HOUR, Range(0, until_ms), until_ms, "trades")
        [done] = collect(ways, tmp_path, [task])
        assert done.error is None
        assert all(part.end_ms <= 40 for part in Coverage(tmp_path).covered(task.dataset))

    bring(41)
    tape.rows.append((9, 40, 6.0, 1.0, "sell"))
    bring(45)
    dataset = Task("x", Symbol("A", "B"), HOUR, Range(0, 1), 1, "trades").dataset
    assert Lake(tmp_path).table(dataset)["id"].to_pylist() == list(range(10))
