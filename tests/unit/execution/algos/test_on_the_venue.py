"""Every algorithm worked to its end on the simulated venue: completion, slippage, adherence."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support.algo_desk import Desk, Worked

from xq.bars import Bars
from xq.execution.algos.children import Child
from xq.execution.algos.plan import Deadline, How, Iceberg, Plan, Pov, Scheduled, TrailingStop
from xq.execution.algos.slices import schedule_of
from xq.execution.almgren_chriss import Impact, trajectory
from xq.execution.volume_profile import volume_profile
from xq.sim.instruments import Face
from xq.sim.market import SimMarket
from xq.timeframe import DAY_MS, Timeframe
from xq.types import OrderType, Side

D = Decimal
MINUTE = 60_000


@pytest.fixture(scope="module")
def feeds() -> dict[Face, SimMarket]:
    return {face: SimMarket(face, 7) for face in Face}


@pytest.fixture
def desk(tmp_path: Path, feeds: dict[Face, SimMarket]) -> Iterator[Desk]:
    made = Desk(tmp_path, feeds[Face.FUTURES], feeds[Face.SPOT])
    yield made
    assert made.venue.ledger.check() == []
    made.venue.ledger.close()


def plan(desk: Desk, how: How, quantity: str, minutes: int | None, **terms: Any) -> Plan:
    end = None if minutes is None else desk.now_ms + minutes * MINUTE
    side = terms.pop("side", Side.BUY)
    return Plan("p", side, D(quantity), desk.instrument, how, desk.now_ms, end, **terms)


def strays(asked: Plan, worked: Worked) -> Decimal:
    """How far what was done ever was from what was to be done by then, as a share of the whole."""
    assert isinstance(asked.how, Scheduled)
    schedule = schedule_of(asked, asked.how)
    early = max(done - schedule.released(ts) for ts, done in worked.done)
    late = max(schedule.due(ts) - done for ts, done in worked.done)
    return max(early, late) / asked.quantity


@pytest.mark.parametrize("passive", [False, True])
def test_twap_keeps_to_its_schedule(desk: Desk, passive: bool) -> None:
    how = Scheduled((1.0,) * 10, size_jitter=0.3, time_jitter=0.5, passive=passive)
    asked = plan(desk, how, "3", 10, deadline=Deadline.MARKET)
    worked = desk.work(asked)
    report = worked.report
    assert (report.ended, report.completion) == ("complete", 1)
    assert desk.position() == 3
    assert 10 <= report.children <= 20
    assert strays(asked, worked) <= D("0.2")
    assert report.slippage is not None
    assert abs(report.slippage) < D("0.005")
    assert report.shortfall == report.execution_cost + desk.fees
    assert worked.ended_ms <= asked.start_ms + 10 * MINUTE + 5_000


def test_vwap_trades_as_the_days_before_did(desk: Desk, feeds: dict[Face, SimMarket]) -> None:
    hours = Timeframe.parse("1h")
    first = desk.now_ms - 4 * DAY_MS
    rows = feeds[Face.FUTURES].bars("BTCUSDT", hours, first, desk.now_ms - 1, 96, desk.now_ms)
    bars = Bars.of(
        hours, ["BTC/USDT:USDT"], rows[:, 0].astype(int), close=rows[:, 4], volume=rows[:, 5]
    )
    weights = volume_profile(bars, desk.now_ms, desk.now_ms + 4 * 60 * MINUTE, 8)
    asked = plan(desk, Scheduled(weights, kind="vwap", size_jitter=0.1), "2", 240)
    worked = desk.work(asked, every_ms=15_000)
    assert worked.report.ended == "complete"
    assert strays(asked, worked) <= D("0.001")
    sizes = [float(record.child.quantity) for record in worked.progress.children]
    assert sizes == pytest.approx([2 * weight for weight in weights], rel=0.11)
    assert max(weights) > 1.1 * min(weights)


def test_waiting_pays_fewer_fees_than_crossing(tmp_path: Path, feeds: Any) -> None:
    paid = []
    for name, passive in (("a", False), ("b", True)):
        (tmp_path / name).mkdir()
        made = Desk(tmp_path / name, feeds[Face.FUTURES], feeds[Face.SPOT])
        how = Scheduled((1.0,) * 3, passive=passive)
        asked = plan(made, how, "0.3", 3, side=Side.SELL, deadline=Deadline.MARKET)
        worked = made.work(asked)
        assert worked.report.completion == 1
        paid.append(made.fees)
        made.venue.ledger.close()
    assert paid[1] < paid[0]


def test_almgren_chriss_is_done_early(desk: Desk) -> None:
    impact = Impact(volatility=100.0, temporary=5.0)
    weights = trajectory(3.0, 10.0, 10, impact, 2e-3).trades
    asked = plan(desk, Scheduled(weights, kind="almgren_chriss"), "3", 10)
    worked = desk.work(asked)
    assert worked.report.completion == 1
    half = next(ts for ts, done in worked.done if done * 2 >= asked.quantity)
    assert half < asked.start_ms + 3 * MINUTE
    assert strays(asked, worked) <= D("0.001"), "the last slices are below the smallest order"


def test_pov_never_leads_the_market(desk: Desk) -> None:
    how = Pov(rate=D("0.1"), clip=D("0.05"), jitter=0.3)
    asked = plan(desk, how, "2", 20)
    worked = desk.work(asked)
    report = worked.report
    assert report.participation is not None
    assert D("0.08") <= report.participation <= D("0.1")
    assert report.children > 10
    assert report.ended in ("complete", "time is over")


def test_an_iceberg_shows_little_and_waits_for_its_price(desk: Desk) -> None:
    ask = desk.view().ask
    how = Iceberg(price=ask, display=D("0.2"), jitter=0.25)
    asked = plan(desk, how, "2", 60, side=Side.SELL)
    worked = desk.work(asked, every_ms=5_000)
    shown = [record.child.quantity for record in worked.progress.children]
    assert worked.report.average is not None
    assert worked.report.average >= ask
    assert len(shown) > 5
    assert all(D("0.15") <= quantity <= D("0.25") for quantity in shown[:-1])
    assert desk.position() == -worked.progress.filled


@pytest.mark.parametrize("at_venue", [True, False])
def test_a_trailing_stop_follows_and_closes_what_is_held(desk: Desk, at_venue: bool) -> None:
    desk.market(Child(Side.BUY, OrderType.MARKET, D("1")))
    desk.advance(1_000)
    how = TrailingStop(distance=D("0.002"), at_venue=at_venue)
    asked = plan(desk, how, "1", None, side=Side.SELL, reduce_only=True)
    worked = desk.work(asked)
    assert worked.report.completion == 1
    assert desk.position() == 0
    assert worked.progress.extreme is not None
    assert worked.stops == sorted(worked.stops)
    assert bool(worked.stops) is at_venue
    assert worked.report.average is not None
    level = worked.progress.extreme * (1 - how.distance)
    assert abs(worked.report.average / level - 1) < D("0.001")


def test_a_cap_holds_back_and_the_deadline_may_override_it(tmp_path: Path, feeds: Any) -> None:
    ends = {}
    for deadline in Deadline:
        (tmp_path / deadline).mkdir()
        made = Desk(tmp_path / deadline, feeds[Face.FUTURES], feeds[Face.SPOT])
        asked = plan(made, Scheduled((1.0,) * 4), "1", 2, cap=D("0.02"), deadline=deadline)
        worked = made.work(asked)
        before = [done for ts, done in worked.done if ts < asked.start_ms + 2 * MINUTE][-1]
        assert before <= D("0.02") * made.traded
        ends[deadline] = worked.report
        made.venue.ledger.close()
    assert ends[Deadline.STOP].ended == "time is over"
    assert ends[Deadline.STOP].completion < 1
    assert ends[Deadline.MARKET].completion == 1
