"""Months and seconds from the bulk archive: which files there are, and what they say."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from support.archive_server import ArchiveServer, bar_line, path_of, put
from support.tiny_binance import TinyBinance
from support.wire_server import WireServer

from xq.clock import ManualClock
from xq.collect.archive import Archive
from xq.collect.archive_plan import SourceChoice, segments
from xq.collect.fetch import Source
from xq.collect.run import Ways, collect
from xq.collect.task import Collected, Task, Via
from xq.lake.ranges import Range
from xq.lake.reader import Lake
from xq.timeframe import DAY_MS, Timeframe
from xq.types import Symbol
from xq.venues.ccxt_market import CcxtMarket
from xq.venues.clients import Access
from xq.venues.download import Downloads, Site
from xq.venues.registry import profile

MONTH, SECOND = Timeframe.parse("1M"), Timeframe.parse("1s")
NEW_YEAR = 1_704_067_200_000
NOW = NEW_YEAR + 45 * DAY_MS  # the middle of February: January's files are not old
BTC = Symbol("BTC", "USDT")
VALUES = [100.0, 102.0, 98.0, 101.0, 3.0]


def bar(bars: Timeframe, ts: int) -> list[object]:
    return [ts, *map(str, VALUES), bars.end(ts) - 1, "300", 5, "1", "100", "0"]


@pytest.fixture
def files(tmp_path: Path) -> Iterator[ArchiveServer]:
    (tmp_path / "archive").mkdir()
    with ArchiveServer(tmp_path / "archive") as server:
        yield server


def bring(
    files: ArchiveServer, folder: Path, bars: Timeframe, span: Range, choice: SourceChoice
) -> tuple[Collected, int, list[int]]:
    """What became of it, how many pages REST was asked for, and the opens in the lake."""
    script = TinyBinance(NOW, [bars.shift(span.start_ms, n) for n in range(100_000)])
    script.bars = lambda ts: bar(bars, ts)
    clock = ManualClock(NOW)
    with WireServer(script) as venue:
        market = CcxtMarket(profile("sim", venue.url), clock, Access(loopback_only=True))
        archive = Archive(Downloads(Site(files.url, 5.0), clock))
        ways = Ways(Source(market, True, market), archive, choice)
        task = Task("sim", BTC, bars, span, NOW)
        [done] = collect(ways, folder / "lake", [task])
        market.close()
        pages = sum("klines" in request.path for request in venue.requests)
    rows = Lake(folder / "lake").table(task.dataset)
    return done, pages, rows["ts"].cast("int64").to_pylist()


def put_month(folder: Path, period: str) -> None:
    ts = MONTH.open_of((int(period[:4]) - 1970) * 12 + int(period[5:]) - 1)
    path = path_of("spot", "klines", "BTCUSDT", period, "1mo")
    put(folder / "archive", path, [bar_line(ts, VALUES, MONTH.end(ts) - ts)])


def test_months_lie_in_a_folder_of_another_name(files: ArchiveServer, tmp_path: Path) -> None:
    opens = [MONTH.shift(NEW_YEAR, n) for n in range(-14, 1)]
    for ts in opens[:-1]:
        number = MONTH.number(ts)
        put_month(tmp_path, f"{1970 + number // 12}-{number % 12 + 1:02d}")
    span = Range(opens[0], MONTH.end(opens[-1]))
    done, pages, stored = bring(files, tmp_path, MONTH, span, "archive")
    assert (done.error, done.new, done.via) == (None, 15, (Via.ARCHIVE, Via.REST))
    assert (stored, pages) == (opens, 1)
    assert done.notes == ["BTC/USDT ohlcv: not in the archive, taken by REST: 2024-01"]
    assert all("/monthly/klines/BTCUSDT/1mo/BTCUSDT-1mo-20" in path for path in files.paths)


def test_auto_takes_months_by_rest_in_one_request(files: ArchiveServer, tmp_path: Path) -> None:
    span = Range(MONTH.shift(NEW_YEAR, -60), MONTH.shift(NEW_YEAR, 1))
    done, pages, stored = bring(files, tmp_path, MONTH, span, "auto")
    assert (done.error, done.new, done.via, pages) == (None, 61, (Via.REST,), 1)
    assert stored == MONTH.open_of(MONTH.number(span.start_ms) + np.arange(61)).tolist()
    assert files.paths == []


def test_seconds_come_day_by_day(files: ArchiveServer, tmp_path: Path) -> None:
    lines = [bar_line(NEW_YEAR + n * 1000, VALUES, 1000) for n in range(86_400)]
    path = path_of("spot", "klines", "BTCUSDT", "2024-01-01", "1s")
    put(tmp_path / "archive", path, lines)
    span = Range(NEW_YEAR, NEW_YEAR + DAY_MS + 2_500_000)
    done, pages, stored = bring(files, tmp_path, SECOND, span, "auto")
    assert (done.error, done.new, done.via) == (None, 88_900, (Via.ARCHIVE, Via.REST))
    assert stored == list(range(span.start_ms, span.end_ms, 1000))
    assert pages == 3
    names = sorted(p.parent.name for p in (tmp_path / "lake" / "ohlcv").rglob("part.parquet"))
    assert names == ["period=2024-01-01", "period=2024-01-02"]


def test_no_month_of_seconds_is_asked_for() -> None:
    job = Range(NEW_YEAR - 31 * DAY_MS, NEW_YEAR)
    found = list(segments("ohlcv", SECOND, job, NOW, "archive"))
    assert len(found) == 31
    assert {len(str(item.period)) for item in found} == {10}
