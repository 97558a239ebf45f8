"""Before a bar is decided: decisions of runs that died, and a clock that went back."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from support.toy_venue import (
    HOUR,
    SPOT,
    START_MS,
    ToyVenue,
    desk,
    journal_path,
    next_bar,
    terms,
)

from xq.clock import ManualClock
from xq.errors import TradingHalted
from xq.execution.journal import Journal, open_journal
from xq.execution.records import DecisionStatus
from xq.live.loop import tick
from xq.live.report import Act
from xq.timeframe import HOUR_MS, Timeframe

QUARTER = Timeframe.parse("15m")


@pytest.fixture
def venue() -> ToyVenue:
    return ToyVenue(ManualClock(START_MS))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with open_journal(journal_path(tmp_path), "toy") as opened:
        yield opened


def died_before_its_first_order(venue: ToyVenue, journal: Journal) -> None:
    now_ms = venue.clock.now_ms()
    journal.decisions.begin(terms().key(HOUR.last_closed(now_ms)), now_ms)


@pytest.mark.parametrize("changes", [{"timeframe": QUARTER}, {"strategy": "other"}])
def test_another_run_does_not_take_a_dead_runs_bar_away(
    venue: ToyVenue, journal: Journal, changes: dict[str, object]
) -> None:
    died_before_its_first_order(venue, journal)
    tick(desk(venue, journal, {SPOT: 0.0}), terms(**changes))
    report = tick(desk(venue, journal, {SPOT: 0.5}), terms())
    assert report.act is Act.TRADED
    assert venue.held == {SPOT: Decimal("0.125")}


def test_a_dead_runs_bar_is_not_decided_after_its_time(venue: ToyVenue, journal: Journal) -> None:
    died_before_its_first_order(venue, journal)
    old = terms().key(HOUR.last_closed(START_MS))
    next_bar(venue)
    tick(desk(venue, journal, {SPOT: 0.0}), terms(timeframe=QUARTER))
    found = journal.decisions.find(old)
    assert found is not None
    assert found.status is DecisionStatus.RECONCILED


@pytest.mark.parametrize("changes", [{}, {"timeframe": QUARTER}, {"strategy": "other"}])
def test_nothing_is_decided_on_a_clock_that_went_back(
    venue: ToyVenue, journal: Journal, changes: dict[str, object]
) -> None:
    next_bar(venue)
    tick(desk(venue, journal, {SPOT: 0.5}), terms())
    venue.clock = ManualClock(START_MS)
    with pytest.raises(TradingHalted, match="went back to 2024-01-01T00:00:05Z: a bar that closed"):
        tick(desk(venue, journal, {SPOT: 0.0}), terms(**changes))
    assert len(venue.requests) == 1
    venue.clock = ManualClock(START_MS + 2 * HOUR_MS)
    assert tick(desk(venue, journal, {SPOT: 0.0}), terms()).act is Act.TRADED
