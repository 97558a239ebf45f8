"""Bars from a loopback venue into a lake: resume, only what is new, holes, poison, closed only."""

import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from support.tiny_binance import HOUR, TinyBinance, hourly
from support.wire_server import WireServer, answer

from xq.clock import ManualClock
from xq.collect import run
from xq.collect.fetch import Source
from xq.collect.run import collect
from xq.collect.task import Task
from xq.errors import CorruptFile, PoisonRows, VenueUnclear, VenueUnreachable
from xq.lake.coverage import Coverage
from xq.lake.layout import coverage_path
from xq.lake.ranges import Range
from xq.timeframe import Timeframe
from xq.types import Symbol
from xq.venues.ccxt_market import CcxtMarket
from xq.venues.clients import Access
from xq.venues.registry import profile

HOURLY = Timeframe.parse("1h")
NOW = 1_704_067_200_000 + 30 * 60_000
CLOSED = HOURLY.floor(NOW)
BTC, ETH = Symbol("BTC", "USDT"), Symbol("ETH", "USDT")


@pytest.fixture
def tiny() -> TinyBinance:
    return TinyBinance(NOW, [CLOSED - hours * HOUR for hours in range(3_000, -1, -1)])


@pytest.fixture
def server(tiny: TinyBinance) -> Iterator[WireServer]:
    with WireServer(tiny) as started:
        yield started


@pytest.fixture
def source(server: WireServer) -> Iterator[Source]:
    access = Access(timeout=30, loopback_only=True)
    market = CcxtMarket(profile("sim", server.url), ManualClock(0), access)
    yield Source(market, skips_holes=True)
    market.close()


def task(hours: int, symbol: Symbol = BTC, *, until: int = CLOSED) -> Task:
    return Task("sim", symbol, HOURLY, Range(until - hours * HOUR, until), NOW)


def stored(root: Path, symbol: str = "BTC%2FUSDT") -> list[int]:
    folder = root / "ohlcv" / "exchange=sim" / f"symbol={symbol}" / "timeframe=1h"
    files = sorted(folder.glob("*/part.parquet"))
    return [ts for file in files for ts in pq.read_table(file)["ts"].cast("int64").to_pylist()]


def pages(server: WireServer) -> int:
    return sum("klines" in request.path for request in server.requests)


def test_every_closed_bar_and_no_open_one(source: Source, tmp_path: Path) -> None:
    [done] = collect(source, tmp_path, [task(48)])
    assert (done.new, done.empty, done.error) == (48, (), None)
    assert stored(tmp_path) == [CLOSED - hours * HOUR for hours in range(48, 0, -1)]


def test_a_second_run_asks_for_nothing(source: Source, server: WireServer, tmp_path: Path) -> None:
    collect(source, tmp_path, [task(48)])
    asked = pages(server)
    [again] = collect(source, tmp_path, [task(48)])
    assert (again.new, pages(server)) == (0, asked)


def test_a_later_run_asks_only_for_what_is_new(
    source: Source, server: WireServer, tmp_path: Path
) -> None:
    collect(source, tmp_path, [task(48, until=CLOSED - 3 * HOUR)])
    server.requests.clear()
    [done] = collect(source, tmp_path, [task(48)])
    assert done.new == 3
    assert [request.path.count("limit=3&") for request in server.requests] == [1]


def test_long_ranges_come_in_pages(source: Source, server: WireServer, tmp_path: Path) -> None:
    [done] = collect(source, tmp_path, [task(2_500)])
    assert (done.new, pages(server), len(stored(tmp_path))) == (2_500, 3, 2_500)


def test_bars_before_a_listing_are_a_recorded_fact(
    source: Source, tiny: TinyBinance, server: WireServer, tmp_path: Path
) -> None:
    tiny.times = tiny.times[-11:]
    [done] = collect(source, tmp_path, [task(48)])
    assert done.new == 10
    assert done.empty == (Range(CLOSED - 48 * HOUR, CLOSED - 10 * HOUR),)
    asked = pages(server)
    collect(source, tmp_path, [task(48)])
    assert pages(server) == asked


def test_a_hole_of_the_venue_is_not_filled(
    source: Source, tiny: TinyBinance, tmp_path: Path
) -> None:
    gone = CLOSED - 20 * HOUR
    tiny.times = [ts for ts in tiny.times if ts != gone]
    [done] = collect(source, tmp_path, [task(48)])
    assert done.empty == (Range(gone, gone + HOUR),)
    assert gone not in stored(tmp_path)


@pytest.mark.parametrize("skips_holes", [True, False])
def test_a_venue_with_nothing_ends(
    source: Source, tiny: TinyBinance, tmp_path: Path, skips_holes: bool
) -> None:
    tiny.times = []
    [done] = collect(Source(source.market, skips_holes), tmp_path, [task(250)])
    assert (done.new, done.empty) == (0, (task(250).target,))


def test_poison_is_refused_and_harms_no_other_symbol(
    source: Source, tiny: TinyBinance, tmp_path: Path
) -> None:
    bad = CLOSED - 5 * HOUR
    poisoned = [*hourly(bad)[:2], "50", "60", *hourly(bad)[4:]]
    tiny.bars = lambda ts: poisoned if ts == bad else hourly(ts)
    first, second = collect(source, tmp_path, [task(48), task(4, ETH)])
    assert isinstance(first.error, PoisonRows)
    assert "high_below_low" in first.error.message
    assert stored(tmp_path) == []
    assert (second.new, second.error) == (4, None)


def test_a_repeated_bar_is_poison(source: Source, tiny: TinyBinance, tmp_path: Path) -> None:
    tiny.times = sorted([*tiny.times, CLOSED - 5 * HOUR])
    [done] = collect(source, tmp_path, [task(48)])
    assert isinstance(done.error, PoisonRows)
    assert "duplicate" in done.error.message


def test_a_page_that_is_broken_inside_is_asked_for_again(
    source: Source, server: WireServer, tiny: TinyBinance, tmp_path: Path
) -> None:
    start = CLOSED - 2_500 * HOUR
    second = start + 1_000 * HOUR
    rows = [hourly(second), ["no bar"], hourly(second + HOUR * 999)]
    tiny.faults = [(f"startTime={second}", answer(200, json.dumps(rows)))]
    assert isinstance(source.market, CcxtMarket)
    source = Source(source.market, source.skips_holes, source.market)
    [done] = collect(source, tmp_path, [task(2_500)])
    assert (done.new, done.empty, done.error) == (2_500, (), None)
    assert stored(tmp_path) == list(range(start, CLOSED, HOUR))
    assert pages(server) == 4
    tiny.faults = [(f"startTime={second}", answer(200, json.dumps(rows)))] * 9
    [failed] = collect(source, tmp_path / "other", [task(2_500)])
    assert isinstance(failed.error, VenueUnclear)
    assert stored(tmp_path / "other") == []


def test_what_came_before_a_failure_stays(
    source: Source,
    tiny: TinyBinance,
    server: WireServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run, "CHUNK", 1_000)
    start = CLOSED - 1_500 * HOUR
    tiny.faults = [(f"startTime={start}", answer(502, ""))] * 9
    [done] = collect(source, tmp_path, [task(2_500)])
    assert isinstance(done.error, VenueUnreachable)
    assert (done.new, len(stored(tmp_path))) == (1_000, 1_000)
    tiny.faults = []
    server.requests.clear()
    [again] = collect(source, tmp_path, [task(2_500)])
    assert (again.new, again.error, pages(server)) == (1_500, None, 2)


def test_many_symbols_at_once(source: Source, tmp_path: Path) -> None:
    done = collect(source, tmp_path, [task(1_200), task(1_200, ETH)])
    assert [(item.new, item.error) for item in done] == [(1_200, None)] * 2
    assert stored(tmp_path) == stored(tmp_path, "ETH%2FUSDT")


def test_an_unreadable_ledger_fails_its_symbol_only(source: Source, tmp_path: Path) -> None:
    ledger = coverage_path(tmp_path, task(1).dataset)
    ledger.parent.mkdir(parents=True)
    ledger.write_text("{")
    first, second = collect(source, tmp_path, [task(4), task(4, ETH)])
    assert isinstance(first.error, CorruptFile)
    assert second.error is None


def test_bars_lost_from_the_files_come_back(source: Source, tmp_path: Path) -> None:
    collect(source, tmp_path, [task(48)])
    [lost] = tmp_path.glob("ohlcv/**/period=2023/part.parquet")
    lost.unlink()
    assert Coverage(tmp_path).covered(task(48).dataset) != (task(48).target,)
    [done] = collect(source, tmp_path, [task(48)])
    assert done.error is None
    assert len(stored(tmp_path)) == 48


def test_memory_does_not_grow_with_the_range(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "CHUNK", 500)
    collect(source, tmp_path / "warm", [task(100)])

    def peak(hours: int, folder: str) -> int:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        collect(source, tmp_path / folder, [task(hours)])
        return tracemalloc.get_traced_memory()[1] - before

    tracemalloc.start()
    try:
        short, long = peak(500, "short"), peak(2_900, "long")
    finally:
        tracemalloc.stop()
    assert long < 2 * short


def test_progress_is_told_of_every_bar(source: Source, tmp_path: Path) -> None:
    told: list[float] = []

    class Bar:
        def __init__(self, title: str, total: float | None = None) -> None:
            told.append(-(total or 0))

        def __enter__(self) -> "Bar":
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def advance(self, steps: float = 1) -> None:
            told.append(steps)

    collect(source, tmp_path, [task(2_500), task(100, ETH)], Bar)
    assert sum(told) == 0


def test_a_bar_that_is_not_published_yet_is_asked_for_again(
    source: Source, tiny: TinyBinance, tmp_path: Path
) -> None:
    newest = CLOSED - HOUR
    kept = tiny.times
    tiny.times = [ts for ts in kept if ts != newest]
    [early] = collect(source, tmp_path, [task(48)])
    assert (early.new, early.empty) == (47, (Range(newest, CLOSED),))
    tiny.times = kept
    [later] = collect(source, tmp_path, [task(48)])
    assert (later.new, later.empty) == (1, ())
    assert stored(tmp_path)[-1] == newest
