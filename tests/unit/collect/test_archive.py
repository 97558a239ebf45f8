"""The bulk archive on loopback: past days from files, the rest by REST, nothing unverified."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from support.archive_server import (
    BAR_HEADER,
    FUNDING_HEADER,
    METRICS_HEADER,
    TRADE_HEADER,
    ArchiveServer,
    bar_line,
    path_of,
    put,
)
from support.tiny_binance import TinyBinance, hourly
from support.wire_server import WireServer

from xq.clock import ManualClock
from xq.collect.archive import Archive
from xq.collect.archive_plan import SourceChoice
from xq.collect.fetch import Source
from xq.collect.run import Ways, collect
from xq.collect.task import Task, Via
from xq.errors import CorruptFile, VenueUnreachable
from xq.lake.layout import Dataset
from xq.lake.ranges import Range
from xq.lake.reader import Lake
from xq.timeframe import DAY_MS, MINUTE_MS, Timeframe
from xq.types import Symbol
from xq.venues.ccxt_market import CcxtMarket
from xq.venues.clients import Access
from xq.venues.download import Downloads, Site
from xq.venues.registry import profile

MINUTE = Timeframe.parse("1m")
NEW_YEAR = 1_704_067_200_000
NOW = NEW_YEAR + 3 * DAY_MS + 90 * MINUTE_MS
BTC, PERPETUAL = Symbol("BTC", "USDT"), Symbol("BTC", "USDT", "USDT")


def values(ts: int) -> list[float]:
    """What `hourly` tells of the same time."""
    return [float(str(number)) for number in hourly(ts)[1:6]]


def put_day(root: Path, day: str, *, without: tuple[int, ...] = (), late: bool = False) -> Path:
    start = int(np.datetime64(day, "ms").astype(int))
    times = [ts for ts in range(start, start + DAY_MS, MINUTE_MS) if ts not in without]
    lines = [bar_line(ts, values(ts), MINUTE_MS, microseconds=late) for ts in times]
    return put(root, path_of("spot", "klines", "BTCUSDT", day, "1m"), lines)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "archive"


@pytest.fixture
def files(root: Path) -> Iterator[ArchiveServer]:
    root.mkdir()
    with ArchiveServer(root) as server:
        yield server


@pytest.fixture
def venue() -> Iterator[WireServer]:
    times = range(NEW_YEAR, NEW_YEAR + 4 * DAY_MS, MINUTE_MS)
    with WireServer(TinyBinance(NOW, times)) as server:
        yield server


@pytest.fixture
def bring(files: ArchiveServer, venue: WireServer, tmp_path: Path):
    clock = ManualClock(NOW)
    market = CcxtMarket(profile("sim", venue.url), clock, Access(loopback_only=True))

    def run(
        until: int = NEW_YEAR + 2 * DAY_MS,
        choice: SourceChoice = "auto",
        url: str | None = None,
        since: int = NEW_YEAR,
    ):
        archive = Archive(Downloads(Site(url or files.url, 5.0), clock))
        ways = Ways(Source(market, market.skips_holes, market), archive, choice)
        [done] = collect(
            ways, tmp_path / "lake", [Task("sim", BTC, MINUTE, Range(since, until), NOW)]
        )
        return done

    yield run
    market.close()


def stored(tmp_path: Path) -> np.ndarray:
    table = Lake(tmp_path / "lake").table(Dataset("ohlcv", "sim", "BTC/USDT", "1m"))
    return np.asarray(table["ts"].cast("int64").to_pylist())


def asked(venue: WireServer) -> int:
    return sum("klines" in request.path for request in venue.requests)


def test_whole_past_days_come_from_files_and_the_tail_by_rest(
    bring, root: Path, venue: WireServer, tmp_path: Path
) -> None:
    put_day(root, "2024-01-01")
    put_day(root, "2024-01-02", late=True)
    put_day(root, "2024-01-03")
    done = bring(until=NEW_YEAR + 3 * DAY_MS + 60 * MINUTE_MS)
    assert (done.error, done.new, done.via) == (None, 3 * 1440 + 60, (Via.ARCHIVE, Via.REST))
    assert (asked(venue), list(done.notes)) == (1, [])
    assert (np.diff(stored(tmp_path)) == MINUTE_MS).all()


def test_files_and_rest_store_the_same_bytes(bring, root: Path, tmp_path: Path) -> None:
    put_day(root, "2024-01-01")
    bring(until=NEW_YEAR + DAY_MS)
    [file] = (tmp_path / "lake" / "ohlcv").rglob("part.parquet")
    first = file.read_bytes()
    file.unlink()
    assert bring(until=NEW_YEAR + DAY_MS, choice="rest").via == (Via.REST,)
    assert file.read_bytes() == first


def test_a_missing_day_comes_by_rest_and_is_told(bring, root: Path) -> None:
    put_day(root, "2024-01-01")
    done = bring()
    assert (done.error, done.new, done.via) == (None, 2880, (Via.ARCHIVE, Via.REST))
    assert done.notes == ["BTC/USDT ohlcv: not in the archive, taken by REST: 2024-01-02"]


@pytest.mark.parametrize("damage", ["flipped", "cut off"])
def test_a_file_that_is_not_its_checksum_is_not_read(bring, root: Path, damage: str) -> None:
    file = put_day(root, "2024-01-01")
    good = bytearray(file.read_bytes())
    good[len(good) // 2] ^= 1
    file.write_bytes(good if damage == "flipped" else good[:-40])
    forced = bring(until=NEW_YEAR + DAY_MS, choice="archive")
    assert isinstance(forced.error, CorruptFile)
    assert (forced.new, "expected SHA-256" in forced.error.message) == (0, True)
    done = bring(until=NEW_YEAR + DAY_MS)
    assert (done.new, done.via) == (1440, (Via.REST,))
    assert "nothing was read; taken by REST" in done.notes[0]


def test_a_zip_that_is_none_is_refused(bring, root: Path, files: ArchiveServer) -> None:
    import hashlib

    file = put_day(root, "2024-01-01")
    file.write_bytes(b"<html>")
    digest = hashlib.sha256(b"<html>").hexdigest()
    file.with_name(f"{file.name}.CHECKSUM").write_text(f"{digest}  {file.name}\n")
    assert isinstance(bring(until=NEW_YEAR + DAY_MS, choice="archive").error, CorruptFile)


def test_an_archive_out_of_reach_is_told_once(bring, tmp_path: Path) -> None:
    from support.wire_server import closed_port

    url = f"http://127.0.0.1:{closed_port()}"
    done = bring(url=url)
    assert (done.error, done.new, done.via) == (None, 2880, (Via.REST,))
    [note] = done.notes
    assert note.startswith("the archive cannot be reached: connection refused; the rest")
    failed = bring(
        since=NEW_YEAR + 2 * DAY_MS, until=NEW_YEAR + 3 * DAY_MS, choice="archive", url=url
    )
    assert isinstance(failed.error, VenueUnreachable)


def test_a_hole_in_a_file_is_asked_of_the_venue(bring, root: Path, venue: WireServer) -> None:
    gone = NEW_YEAR + 600 * MINUTE_MS
    put_day(root, "2024-01-01", without=(gone, gone + MINUTE_MS))
    done = bring(until=NEW_YEAR + DAY_MS)
    assert (done.new, done.empty, asked(venue)) == (1440, (), 1)


def test_a_month_is_one_file(bring, root: Path, files: ArchiveServer, venue: WireServer) -> None:
    december = NEW_YEAR - 31 * DAY_MS
    lines = [bar_line(ts, values(ts), MINUTE_MS) for ts in range(december, NEW_YEAR, MINUTE_MS)]
    path = path_of("spot", "klines", "BTCUSDT", "2023-12", "1m")
    put(root, path, lines, BAR_HEADER)
    done = bring(since=december, until=NEW_YEAR)
    assert (done.new, done.via, asked(venue)) == (31 * 1440, (Via.ARCHIVE,), 0)
    assert files.paths == [f"/{path}.CHECKSUM", f"/{path}"]


def archive_rows(root: Path, kind: str, period: str, timeframe: str = "1m"):
    with ArchiveServer(root) as server:
        archive = Archive(Downloads(Site(server.url), ManualClock(NOW)))
        bar = Timeframe.parse(timeframe)
        task = Task("binance", PERPETUAL, bar, Range(0, DAY_MS), NOW, kind)
        return archive.rows(task, period)


def test_trades_tell_the_side_of_the_taker(root: Path) -> None:
    lines = [f"7,100.5,0.25,1,2,{NEW_YEAR},true", f"8,100.6,0.5,3,3,{NEW_YEAR + 1},false"]
    path = path_of("futures/um", "aggTrades", "BTCUSDT", "2024-01-01", None)
    put(root, path, lines, TRADE_HEADER)
    rows = archive_rows(root, "trades", "2024-01-01").to_pylist()
    assert [(row["id"], row["price"], row["quantity"], row["side"]) for row in rows] == [
        (7, 100.5, 0.25, "sell"),
        (8, 100.6, 0.5, "buy"),
    ]


def test_funding_and_open_interest(root: Path) -> None:
    path = path_of("futures/um", "fundingRate", "BTCUSDT", "2023-12", None)
    put(root, path, [f"{NEW_YEAR},8,0.00010000"], FUNDING_HEADER)
    [row] = archive_rows(root, "funding", "2023-12").to_pylist()
    assert (row["rate"], int(row["ts"].timestamp() * 1000)) == (0.0001, NEW_YEAR)
    path = path_of("futures/um", "metrics", "BTCUSDT", "2024-01-01", None)
    put(root, path, ["2024-01-01 00:05:00,BTCUSDT,80000.5,3.4e9,1,1,1,1"], METRICS_HEADER)
    [row] = archive_rows(root, "open_interest", "2024-01-01", "5m").to_pylist()
    assert (row["quantity"], int(row["ts"].timestamp())) == (80000.5, NEW_YEAR // 1000 + 300)
    assert archive_rows(root, "open_interest", "2024-01-02", "5m") is None
