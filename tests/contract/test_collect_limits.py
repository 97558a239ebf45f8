"""Collecting from the simulated venue under Binance's limits: no 429, silence during a ban."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from support.limited_venue import limited_venue

from xq.clock import ManualClock
from xq.collect.fetch import Source
from xq.collect.run import Ways, collect
from xq.collect.task import Task
from xq.errors import VenueRefused
from xq.lake.ranges import Range
from xq.sim.instruments import TRADES_START_MS
from xq.sim.wire.server import VenueServer
from xq.timeframe import DAY_MS, Timeframe
from xq.types import Symbol
from xq.venues.bans import Bans
from xq.venues.ccxt_market import CcxtMarket
from xq.venues.clients import Access
from xq.venues.registry import profile

MINUTE = Timeframe.parse("1m")
SYMBOLS = [Symbol(base, "USDT", "USDT") for base in ("ETH", "SOL")]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_800_000_000_000)


@pytest.fixture
def server(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[VenueServer]:
    with limited_venue(tmp_path / "venue", clock, monkeypatch, 40) as started:
        yield started


def market(server: VenueServer, clock: ManualClock, bans: Path) -> CcxtMarket:
    access = Access(loopback_only=True, bans=Bans(bans))
    return CcxtMarket(profile("sim", server.url), clock, access, contracts=True)


def bring(chosen: CcxtMarket, lake: Path, days: int):
    span = Range(TRADES_START_MS - days * DAY_MS, TRADES_START_MS)
    tasks = [Task("sim", s, MINUTE, span, chosen.now_ms(True)) for s in SYMBOLS]
    return collect(Ways(Source(chosen, True, chosen)), lake, tasks)


def answered(server: VenueServer) -> dict[int, int]:
    assert server.limits is not None
    return dict(server.limits.answered)


def test_many_pages_take_minutes_and_no_refusal(
    server: VenueServer, clock: ManualClock, tmp_path: Path
) -> None:
    began = clock.now_ms()
    chosen = market(server, clock, tmp_path / "bans.json")
    done = bring(chosen, tmp_path / "lake", 10)
    chosen.close()
    assert [(item.new, item.error) for item in done] == [(14_400, None)] * 2
    assert answered(server)[429] == 0
    assert clock.now_ms() - began > 2 * 60_000  # 60 pages of weight 2 at 36 a minute


def test_what_others_use_is_left_to_them(
    server: VenueServer, clock: ManualClock, tmp_path: Path
) -> None:
    chosen = market(server, clock, tmp_path / "bans.json")
    chosen.now_ms(True)
    for _ in range(20):  # what two symbols have on their way still fits beside it
        requests.get(f"{server.url}/fapi/v1/ping", timeout=30)
    [first, _] = bring(chosen, tmp_path / "lake", 4)
    chosen.close()
    assert (first.error, answered(server)[429]) == (None, 0)


def test_a_refusal_is_waited_out_as_told(
    server: VenueServer, clock: ManualClock, tmp_path: Path
) -> None:
    chosen = market(server, clock, tmp_path / "bans.json")
    chosen.find(SYMBOLS[0])
    before = clock.now_ms()
    for _ in range(41):
        requests.get(f"{server.url}/fapi/v1/ping", timeout=30)
    assert answered(server)[429] >= 1
    bars = chosen.bars(SYMBOLS[0], MINUTE, TRADES_START_MS - DAY_MS, 10)
    chosen.close()
    assert (len(bars), clock.now_ms() > before) == (10, True)
    assert answered(server)[418] == 0


def test_a_ban_silences_every_thread_and_the_next_process(
    server: VenueServer, clock: ManualClock, tmp_path: Path
) -> None:
    chosen = market(server, clock, tmp_path / "bans.json")
    chosen.now_ms(True)
    while requests.get(f"{server.url}/fapi/v1/ping", timeout=30).status_code != 418:
        pass
    before = sum(answered(server).values())
    done = bring_banned(chosen, tmp_path / "lake")
    chosen.close()
    asked = sum(answered(server).values()) - before
    assert all(isinstance(item.error, VenueRefused) for item in done)
    assert 1 <= asked <= 8  # what was on its way when the ban was told; nothing after it
    following = market(server, clock, tmp_path / "bans.json")
    with pytest.raises(VenueRefused, match="has banned this address until"):
        following.now_ms(True)
    assert sum(answered(server).values()) - before == asked
    clock.sleep(121)
    following.now_ms(True)
    following.close()


def bring_banned(chosen: CcxtMarket, lake: Path):
    span = Range(TRADES_START_MS - DAY_MS, TRADES_START_MS)
    tasks = [Task("sim", s, MINUTE, span, TRADES_START_MS) for s in SYMBOLS]
    return collect(Ways(Source(chosen, True, chosen)), lake, tasks)
