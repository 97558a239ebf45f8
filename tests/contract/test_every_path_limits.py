"""Trades, funding, rules and repairs obey the venue's pace and bans as bars do, over the wire."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests
from support.limited_venue import limited_venue

from xq.clock import ManualClock
from xq.collect.donors import Venue
from xq.collect.fetch import Source
from xq.collect.mend import Patient, mend
from xq.collect.run import Ways, collect
from xq.collect.task import Task
from xq.errors import VenueRefused, XqError
from xq.lake import layout, manifest
from xq.lake.damage import damage_of
from xq.lake.layout import Dataset
from xq.lake.ranges import Range
from xq.lake.reader import Lake
from xq.sim.instruments import TRADES_START_MS
from xq.sim.wire.server import VenueServer
from xq.timeframe import DAY_MS, HOUR_MS, Timeframe
from xq.types import Symbol
from xq.venues.bans import Bans
from xq.venues.ccxt_market import CcxtMarket
from xq.venues.clients import Access
from xq.venues.registry import profile

ETH = Symbol("ETH", "USDT", "USDT")
HOUR = Timeframe.parse("1h")
MINUTE = Timeframe.parse("1m")
MINUTES = Dataset("ohlcv", "sim", str(ETH), "1m")
SPAN = Range(TRADES_START_MS - DAY_MS, TRADES_START_MS)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_800_000_000_000)


@pytest.fixture
def server(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[VenueServer]:
    with limited_venue(tmp_path / "venue", clock, monkeypatch, 50) as started:
        yield started


@pytest.fixture
def market(server: VenueServer, clock: ManualClock, tmp_path: Path) -> Iterator[CcxtMarket]:
    made = open_market(server, clock, tmp_path)
    yield made
    made.close()


def open_market(server: VenueServer, clock: ManualClock, tmp_path: Path) -> CcxtMarket:
    """As the next process would: nothing is shared but the file of bans."""
    access = Access(loopback_only=True, bans=Bans(tmp_path / "bans.json"))
    return CcxtMarket(profile("sim", server.url), clock, access, contracts=True)


def answered(server: VenueServer) -> dict[int, int]:
    assert server.limits is not None
    return dict(server.limits.answered)


def bring(market: CcxtMarket, lake: Path, task: Task) -> int:
    [done] = collect(Ways(Source(market, True, market)), lake, [task])
    if done.error is not None:
        raise done.error
    return done.new


def trades(market: CcxtMarket, lake: Path) -> int:
    span = Range(TRADES_START_MS - 6 * HOUR_MS, TRADES_START_MS)
    task = Task("sim", ETH, HOUR, span, span.end_ms, "trades")
    return bring(market, lake, task)


def funding(market: CcxtMarket, lake: Path) -> int:
    return bring(market, lake, Task("sim", ETH, HOUR, SPAN, SPAN.end_ms, "funding"))


def details(market: CcxtMarket, _lake: Path) -> int:
    return len(market.details(ETH)) + market.now_ms(True)


def repair(market: CcxtMarket, lake: Path) -> int:
    damage = damage_of(Lake(lake), MINUTES, now_ms=SPAN.end_ms)
    donor = Venue(Ways(Source(market, True, market), choice="rest"), "sim")
    return mend(Patient(lake, MINUTES, damage, donor, SPAN.end_ms)).repaired


def spoil(market: CcxtMarket, lake: Path) -> None:
    """A day of minutes of which every tenth is gone: 144 stretches to ask for."""
    bring(market, lake, Task("sim", ETH, MINUTE, SPAN, SPAN.end_ms))
    for leaf in layout.leaves(lake, MINUTES):
        table = pq.ParquetFile(leaf.path).read()
        kept = [row for row in range(table.num_rows) if row % 10]
        pq.write_table(table.take(pa.array(kept)), leaf.path)
    manifest.forget(lake, MINUTES)


PATHS: dict[str, Callable[[CcxtMarket, Path], int]] = {
    "trades": trades, "funding": funding, "instruments": details, "repair": repair,
}  # fmt: skip


def test_a_long_repair_takes_minutes_and_no_refusal(
    server: VenueServer, market: CcxtMarket, clock: ManualClock, tmp_path: Path
) -> None:
    spoil(market, tmp_path / "lake")
    began = clock.now_ms()
    assert repair(market, tmp_path / "lake") == 144
    assert answered(server)[429] == 0
    assert clock.now_ms() - began > 2 * 60_000  # 143 requests at 45 a minute


def test_trades_take_minutes_and_no_refusal(
    server: VenueServer, market: CcxtMarket, clock: ManualClock, tmp_path: Path
) -> None:
    began = clock.now_ms()
    assert trades(market, tmp_path / "lake") > 0
    assert answered(server)[429] == 0
    pages = answered(server)[200] - 1  # beside the symbols
    assert pages >= 4
    assert clock.now_ms() - began > 60_000  # two of weight 20 a minute


@pytest.mark.parametrize("path", PATHS)
def test_a_ban_silences_the_path_and_the_next_process(
    server: VenueServer, market: CcxtMarket, clock: ManualClock, tmp_path: Path, path: str
) -> None:
    lake = tmp_path / "lake"
    market.find(ETH)
    if path == "repair":
        spoil(market, lake)
    while requests.get(f"{server.url}/fapi/v1/ping", timeout=5).status_code != 418:
        pass
    before = sum(answered(server).values())
    with pytest.raises(VenueRefused, match="banned"):
        PATHS[path](market, lake)
    told = sum(answered(server).values()) - before
    assert told == 1  # the one that learned of the ban
    for again in (market, open_market(server, clock, tmp_path)):
        with pytest.raises(XqError, match="has banned this address until"):
            PATHS[path](again, lake)
    assert sum(answered(server).values()) - before == told
    clock.sleep(121)
    assert PATHS[path](market, lake) > 0


@pytest.mark.parametrize("path", PATHS)
def test_a_refusal_is_waited_out_as_told(
    server: VenueServer, market: CcxtMarket, clock: ManualClock, tmp_path: Path, path: str
) -> None:
    market.find(ETH)
    if path == "repair":
        spoil(market, tmp_path / "lake")
    clock.sleep(60)
    for _ in range(51):
        requests.get(f"{server.url}/fapi/v1/ping", timeout=5)
    before = answered(server)
    assert before[429] >= 1
    began = clock.now_ms()
    assert PATHS[path](market, tmp_path / "lake") > 0
    after = answered(server)
    assert (after[429] - before[429], after[418]) == (1, 0)
    assert clock.now_ms() > began
