"""Stops whose requests were lost are proven lost in time, and others take their place."""

from pathlib import Path

from support.guarded_venue import GuardedVenue, guarded_desk
from support.toy_venue import PERPETUAL, START_MS, journal_path, terms

from xq.clock import ManualClock
from xq.execution.journal import open_journal
from xq.execution.orders import OrderState
from xq.live.loop import tick, watch
from xq.strategy.base import Exits


def test_after_many_lost_requests_a_stop_rests(tmp_path: Path) -> None:
    venue = GuardedVenue(ManualClock(START_MS), (PERPETUAL,))
    with open_journal(journal_path(tmp_path), "toy") as journal:
        desk = guarded_desk(venue, journal, {PERPETUAL: 0.4}, Exits(stop_loss=0.05))
        venue.script = ["ok", *["request_lost"] * 3]
        assert tick(desk, terms((PERPETUAL,))).problems
        for _ in range(3):
            venue.clock.sleep(2)
            assert watch(desk, terms((PERPETUAL,))).problems
        assert venue.working() == []
        venue.clock.sleep(20)
        assert watch(desk, terms((PERPETUAL,))).problems == ()
        assert len(venue.working()) == 1
        states = [order.state for order in journal.orders() if order.leg == "stop"]
    assert states == [OrderState.LOST] * 3 + [OrderState.NEW]
