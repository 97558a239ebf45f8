"""Kill switches in the loop: read, latched, obeyed, and never forgotten."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from support.guarded_venue import GuardedVenue, guarded_desk
from support.toy_venue import PERPETUAL, START_MS, journal_path, next_bar, terms

from xq.clock import ManualClock
from xq.errors import OrderRefused, VenueUnreachable
from xq.execution.journal import Journal, open_journal
from xq.live.calls import CallLog
from xq.live.desk import Terms
from xq.live.latches import JournalLatches
from xq.live.loop import tick, watch
from xq.live.report import Act
from xq.risk.latch import by_hand
from xq.risk.switches import DEFAULT_RULES, Action, Switch, SwitchRule
from xq.types import Symbol
from xq.venue_types import CashFlow, FlowKind

D = Decimal
OFF = {switch: SwitchRule(D(1), enabled=False) for switch in Switch}


@pytest.fixture
def venue() -> GuardedVenue:
    return GuardedVenue(ManualClock(START_MS), (PERPETUAL,))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with open_journal(journal_path(tmp_path), "toy") as opened:
        yield opened


def rules(*only: Switch, action: Action | None = None) -> Terms:
    """Terms under the seed's rules, those named alone if any are."""
    wanted = {s: DEFAULT_RULES[s] for s in only or Switch}
    if action is not None:
        wanted = {s: replace(rule, action=action) for s, rule in wanted.items()}
    return terms((PERPETUAL,), rules={**OFF, **wanted})


def tripped(journal: Journal) -> list[str]:
    return [switch.value for switch in JournalLatches(journal).tripped(0)]


def lose(venue: GuardedVenue, amount: int) -> None:
    venue.cash -= amount


def test_calm_facts_trip_nothing(venue: GuardedVenue, journal: Journal) -> None:
    report = tick(guarded_desk(venue, journal, {PERPETUAL: 0.4}), rules())
    assert (report.act, report.problems, tripped(journal)) == (Act.TRADED, (), [])
    assert len(journal.switches.states()) == 7  # kept from the first look on


def test_a_loss_of_the_day_stops_entries_and_survives_a_restart(
    venue: GuardedVenue, journal: Journal, tmp_path: Path
) -> None:
    desk = guarded_desk(venue, journal, {PERPETUAL: 0.0})
    tick(desk, rules())
    lose(venue, 499)
    next_bar(venue)
    assert tick(desk, rules()).notes == ()
    lose(venue, 1)
    next_bar(venue)
    report = tick(guarded_desk(venue, journal, {PERPETUAL: 0.4}), rules())
    assert "kill switch daily_loss tripped: daily loss is 500, at most 500" in report.notes
    assert isinstance(report.problems[0], OrderRefused)
    assert venue.requests == []
    lose(venue, -5_000)  # health does not open a latch, nor does a restart
    next_bar(venue)
    with open_journal(journal_path(tmp_path), "toy") as again:
        report = tick(guarded_desk(venue, again, {PERPETUAL: 0.4}), rules())
        assert (tripped(again), venue.requests) == (["daily_loss"], [])
        assert report.act is Act.STOPPED
        kept = JournalLatches(again)
        now_ms = venue.clock.now_ms()
        kept.store(kept.load(now_ms).rearm(Switch.DAILY_LOSS, "checked", "ann", now_ms), now_ms)
        next_bar(venue)
        assert tick(guarded_desk(venue, again, {PERPETUAL: 0.4}), rules()).act is Act.TRADED
        told = [(event.kind, event.who) for event in again.switches.events()]
        assert told == [("trip", None), ("rearm", "ann")]


def test_a_withdrawal_is_no_loss(venue: GuardedVenue, journal: Journal) -> None:
    desk = guarded_desk(venue, journal, {PERPETUAL: 0.0})
    tick(desk, rules())
    next_bar(venue)
    out = CashFlow("7", FlowKind.WITHDRAWAL, "USDT", D(-3_000), venue.clock.now_ms() - 1_000)
    venue.flows.append(out)
    lose(venue, 3_000)
    assert tick(desk, rules()).notes == ()
    (kept,) = journal.cash.all()
    assert (kept.kind, kept.external, kept.amount) == ("withdrawal", True, D(-3_000))
    next_bar(venue)
    tick(desk, rules())  # told again, kept once
    assert (len(journal.cash.all()), tripped(journal)) == (1, [])


def test_what_the_venue_does_not_tell_trips(venue: GuardedVenue, journal: Journal) -> None:
    venue.silent_flows = True
    report = tick(guarded_desk(venue, journal, {PERPETUAL: 0.4}), rules())
    assert tripped(journal) == ["daily_loss", "drawdown"]
    assert (report.act, venue.requests) == (Act.STOPPED, [])


def test_a_venue_that_cannot_be_asked_latches_nothing_and_sends_nothing(
    venue: GuardedVenue, journal: Journal
) -> None:
    venue.deaf = True
    with pytest.raises(VenueUnreachable):
        tick(guarded_desk(venue, journal, {PERPETUAL: 0.4}), rules())
    assert (tripped(journal), venue.requests) == ([], [])


def test_a_bar_that_moves_too_much(venue: GuardedVenue, journal: Journal) -> None:
    venue.closes[-1] *= 1.0513
    tick(guarded_desk(venue, journal, {PERPETUAL: 0.4}), rules())
    assert (tripped(journal), venue.requests) == (["volatility"], [])


def test_calls_that_fail(venue: GuardedVenue, journal: Journal) -> None:
    log = CallLog(venue.clock)
    for number in range(40):
        log.note(failed=number % 4 == 0)
    tick(guarded_desk(venue, journal, {PERPETUAL: 0.4}, calls=log), rules())
    assert (tripped(journal), venue.requests) == (["api_errors"], [])


def test_five_lost_round_trips(venue: GuardedVenue, journal: Journal) -> None:
    only = rules(Switch.LOSING_STREAK)
    for number in range(10):
        weight = 0.4 if number % 2 == 0 else 0.0
        assert tick(guarded_desk(venue, journal, {PERPETUAL: weight}), only).act is Act.TRADED
        next_bar(venue)  # every round trip costs two fees
    assert tripped(journal) == []
    tick(guarded_desk(venue, journal, {PERPETUAL: 0.4}), only)
    assert tripped(journal) == ["losing_streak"]
    assert len(venue.requests) == 10


def test_flatten_closes_at_once_and_once(venue: GuardedVenue, journal: Journal) -> None:
    only = rules(Switch.DRAWDOWN, action=Action.FLATTEN)
    desk = guarded_desk(venue, journal, {PERPETUAL: 0.8})
    tick(desk, only)
    assert venue.held[PERPETUAL] > 0
    lose(venue, 2_000)
    venue.clock.advance_to(venue.clock.now_ms() + 1_000)
    report = watch(desk, only)  # between bars
    assert (report.act, venue.held[PERPETUAL]) == (Act.GUARDED, 0)
    assert "closed: drawdown demands it" in " ".join(report.notes)
    assert watch(desk, only).act is Act.NOTHING
    assert [order.leg for order in journal.orders()] == ["open", "flatten"]
    assert journal.orders()[1].decision_id is None
    again = tick(desk, only)  # the bar is decided; the latch is looked after all the same
    assert (again.act, len(venue.requests)) == (Act.NOTHING, 2)


@pytest.mark.parametrize("action", list(Action))
def test_what_rests_and_may_add_is_canceled_where_that_is_demanded(
    venue: GuardedVenue, journal: Journal, action: Action
) -> None:
    only = rules(Switch.LEVERAGE)
    desk = guarded_desk(venue, journal, {PERPETUAL: 0.0})
    tick(desk, only)
    venue.rest(PERPETUAL, "by-hand")
    kept = JournalLatches(journal)
    trip = by_hand(Switch.LEVERAGE, "news", "ann", venue.clock.now_ms(), action)
    kept.store(kept.load(0).after([trip]), 0)
    watch(desk, only)
    left = venue.open_orders(PERPETUAL)
    assert len(left) == (1 if action is Action.STOP_ENTRIES else 0)


def test_a_trip_from_elsewhere_stops_the_very_next_order(
    venue: GuardedVenue, journal: Journal, tmp_path: Path
) -> None:
    def pulled(symbol: Symbol, depth: int) -> object:
        with open_journal(journal_path(tmp_path), "toy") as other:
            kept = JournalLatches(other)
            kept.store(kept.load(0).after([by_hand(Switch.LEVERAGE, "news", "ann", 1)]), 1)
        return GuardedVenue.book(venue, symbol, depth)

    desk = guarded_desk(venue, journal, {PERPETUAL: 0.4})
    desk.market.book = pulled  # type: ignore[method-assign]
    report = tick(desk, rules())
    assert "while a kill switch is tripped: leverage" in report.problems[0].message
    assert venue.requests == []


def test_a_state_that_was_lost_counts_as_tripped(venue: GuardedVenue, journal: Journal) -> None:
    desk = guarded_desk(venue, journal, {PERPETUAL: 0.4})
    tick(desk, rules())
    with journal._store.write() as write:
        from xq.execution.ledger_schema import switches

        write.delete(switches.delete())
    assert len(tripped(journal)) == 7
