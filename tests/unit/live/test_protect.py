"""Exits at the venue: placed, moved, restored, and what happens once one has fired."""

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from support.guarded_venue import GuardedVenue, guarded_desk
from support.toy_venue import PERPETUAL, START_MS, journal_path, next_bar, terms

from xq.clock import ManualClock
from xq.errors import TradingHalted
from xq.execution.journal import Journal, open_journal
from xq.execution.orders import OrderState
from xq.live.loop import tick, watch
from xq.live.report import Act, Report
from xq.strategy.base import Exits
from xq.timeframe import HOUR_MS
from xq.types import OrderType

D = Decimal
TERMS = terms((PERPETUAL,))
BOTH = Exits(stop_loss=0.05, take_profit=0.1)


@pytest.fixture
def venue() -> GuardedVenue:
    return GuardedVenue(ManualClock(START_MS), (PERPETUAL,))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with open_journal(journal_path(tmp_path), "toy") as opened:
        yield opened


def step(
    venue: GuardedVenue, journal: Journal, weight: float, exits: Exits | None = BOTH
) -> Report:
    report = tick(guarded_desk(venue, journal, {PERPETUAL: weight}, exits), TERMS)
    venue.clock.advance_to(venue.clock.now_ms() + HOUR_MS)
    return report


def resting(venue: GuardedVenue) -> list[tuple[str, str, Decimal, Decimal | None, bool]]:
    return [
        (o.type.value, o.side.value, o.quantity, o.stop_price, o.reduce_only)
        for o in venue.working()
    ]


@pytest.mark.parametrize(("weight", "side"), [(0.4, "sell"), (-0.4, "buy")])
def test_after_an_entry_both_exits_rest(
    venue: GuardedVenue, journal: Journal, weight: float, side: str
) -> None:
    assert step(venue, journal, weight).act is Act.TRADED
    sign = 1 if weight > 0 else -1
    assert resting(venue) == [
        ("stop_market", side, D("0.100"), D(40_000 - sign * 2_000), True),
        ("take_profit_market", side, D("0.100"), D(40_000 + sign * 4_000), True),
    ]
    states = [(order.leg, order.state) for order in journal.orders()]
    assert states[1:] == [("stop", OrderState.NEW), ("take_profit", OrderState.NEW)]
    found = [json.loads(e.facts) for e in journal.events.all() if e.kind == "protected"]
    assert [(f["leg"], f["naked_ms"], f["restored"]) for f in found] == [
        ("stop", 0, False),
        ("take_profit", 0, False),
    ]


def test_quantity_follows_the_position_and_the_old_goes_after_the_new(
    venue: GuardedVenue, journal: Journal
) -> None:
    step(venue, journal, 0.4)
    venue.log.clear()
    step(venue, journal, 0.2)
    held = venue.held[PERPETUAL]
    assert {quantity for _, _, quantity, _, _ in resting(venue)} == {held}
    assert venue.log == [
        f"place market sell {D('0.100') - held}",
        f"place stop_market sell {held}",
        f"place take_profit_market sell {held}",
        "cancel",
        "cancel",
    ]
    venue.log.clear()
    step(venue, journal, 0.2)
    assert venue.log == []  # nothing to do, nothing sent


def test_a_new_stop_that_is_not_accepted_leaves_the_old(
    venue: GuardedVenue, journal: Journal
) -> None:
    step(venue, journal, 0.4, Exits(stop_loss=0.05))
    venue.script = ["ok", "reject"]
    report = step(venue, journal, 0.2, Exits(stop_loss=0.05))
    assert isinstance(report.problems[0], TradingHalted)
    assert resting(venue) == [("stop_market", "sell", D("0.100"), D(38_000), True)]


def test_without_a_position_no_exit_rests(venue: GuardedVenue, journal: Journal) -> None:
    step(venue, journal, 0.4)
    step(venue, journal, 0.0)
    assert (resting(venue), venue.held[PERPETUAL]) == ([], 0)
    assert {o.state for o in journal.orders() if o.leg != "open"} == {
        OrderState.FILLED,
        OrderState.CANCELED,
    }


def test_a_turn_moves_the_exits_to_the_other_side(venue: GuardedVenue, journal: Journal) -> None:
    step(venue, journal, 0.4)
    step(venue, journal, -0.4)
    assert [(side, level) for _, side, _, level, _ in resting(venue)] == [
        ("buy", D(42_000)),
        ("buy", D(36_000)),
    ]


@pytest.mark.parametrize("restart", ["tick", "watch"])
def test_the_first_act_after_a_restart_restores_what_is_missing(
    venue: GuardedVenue, journal: Journal, restart: str
) -> None:
    tick(guarded_desk(venue, journal, {PERPETUAL: 0.4}, BOTH), TERMS)
    venue.clock.advance_to(START_MS + 60_000)  # the same bar, which is decided
    for order in venue.working():
        venue.cancel(PERPETUAL, order.client_id)
    desk = guarded_desk(venue, journal, {PERPETUAL: 0.4}, BOTH)
    venue.log.clear()
    report = {"tick": tick, "watch": watch}[restart](desk, TERMS)
    assert (report.act, len(resting(venue))) == (Act.GUARDED, 2)
    assert venue.log == ["place stop_market sell 0.100", "place take_profit_market sell 0.100"]


def test_a_run_that_died_before_its_stop_is_made_good(
    venue: GuardedVenue, journal: Journal
) -> None:
    class Killed(BaseException):
        pass

    desk = guarded_desk(venue, journal, {PERPETUAL: 0.4}, BOTH)
    placed = venue.place

    def dies(request: object) -> object:
        if request.type is OrderType.STOP_MARKET:  # type: ignore[attr-defined]
            raise Killed
        return placed(request)

    venue.place = dies  # type: ignore[method-assign]
    with pytest.raises(Killed):
        tick(desk, TERMS)
    del venue.place
    assert (resting(venue), venue.held[PERPETUAL]) == ([], D("0.100"))
    tick(guarded_desk(venue, journal, {PERPETUAL: 0.4}, BOTH), TERMS)
    assert [kind for kind, *_ in resting(venue)] == ["stop_market", "take_profit_market"]


def test_an_answer_that_was_lost_leaves_one_stop(venue: GuardedVenue, journal: Journal) -> None:
    venue.script = ["ok", "ack_lost"]
    step(venue, journal, 0.4)
    assert [kind for kind, *_ in resting(venue)] == ["stop_market", "take_profit_market"]


def test_a_stop_that_the_venue_refuses_closes_the_position(
    venue: GuardedVenue, journal: Journal
) -> None:
    venue.script = ["ok", "reject", "reject"]
    report = step(venue, journal, 0.4)
    assert venue.held[PERPETUAL] == 0
    assert isinstance(report.problems[0], TradingHalted)
    assert "closed at market" in journal.events.all()[-1].text
    step(venue, journal, 0.4)
    assert venue.held[PERPETUAL] == 0  # flat until the target is 0 or turns


@pytest.mark.parametrize(
    ("price", "exits"),
    [(D(37_000), BOTH), (D(45_000), BOTH), (D(40_000), Exits(stop_loss=0.2, max_bars=1))],
    ids=["stop", "profit", "time"],
)
def test_after_an_exit_the_symbol_stays_flat_until_the_target_is_0_or_turns(
    venue: GuardedVenue, journal: Journal, price: Decimal, exits: Exits
) -> None:
    step(venue, journal, 0.4, exits)
    venue.move(PERPETUAL, price)
    held = []
    for weight in (0.4, 0.2, 0.4, 0.0, 0.4, -0.2):
        step(venue, journal, weight, exits)
        held.append(venue.held[PERPETUAL])
    assert held[:4] == [0, 0, 0, 0]
    assert held[4] > 0
    assert held[5] < 0
    assert len(resting(venue)) == (1 if exits.take_profit is None else 2)


def test_a_trailing_stop_follows_closed_bars_alone(venue: GuardedVenue, journal: Journal) -> None:
    trailing = Exits(trailing_stop=0.1)
    step(venue, journal, 0.4, trailing)
    (first,) = resting(venue)
    assert first[3] == D(36_000)
    entry_bar = START_MS - START_MS % HOUR_MS
    venue.ranges[entry_bar] = (39_000.0, 50_000.0)
    step(venue, journal, 0.4, trailing)
    (moved,) = resting(venue)
    assert moved[3] == D(45_000)
    venue.ranges[entry_bar + HOUR_MS] = (39_000.0, 44_000.0)
    step(venue, journal, 0.4, trailing)
    assert resting(venue) == [moved]  # it never goes back


def test_live_enters_nothing_without_a_stop(venue: GuardedVenue, journal: Journal) -> None:
    careful = replace(TERMS, needs_stop=True)
    for exits in (None, Exits(take_profit=0.1)):
        report = tick(guarded_desk(venue, journal, {PERPETUAL: 0.4}, exits), careful)
        assert "enters nothing without a stop_loss" in report.problems[0].message
        assert venue.requests == []
        next_bar(venue)
    desk = guarded_desk(venue, journal, {PERPETUAL: 0.4}, Exits(stop_loss=0.1))
    assert tick(desk, careful).act is Act.TRADED
