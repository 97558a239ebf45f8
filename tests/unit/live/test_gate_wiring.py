"""What the loop tells the gate: messages, resting orders, other exposure, orders of late."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from support.guarded_venue import GuardedVenue, guarded_desk
from support.toy_venue import (
    ETHER,
    HOUR,
    PERPETUAL,
    SPOT,
    START_MS,
    ToyVenue,
    desk,
    journal_path,
    limits,
    terms,
)

from xq.clock import ManualClock
from xq.execution.journal import Journal, open_journal
from xq.execution.orders import OrderState
from xq.execution.records import Signal
from xq.live.execute import carry_out
from xq.live.latches import JournalLatches
from xq.live.look import Look
from xq.live.loop import tick
from xq.live.report import Act
from xq.live.session import Session
from xq.risk.latch import Latches, by_hand
from xq.risk.switches import DEFAULT_RULES, Switch
from xq.types import Symbol
from xq.venue_types import Mark


class FarMarked(GuardedVenue):
    """The index is far from what the book shows."""

    def marks(self, symbol: Symbol) -> Mark:
        return replace(super().marks(symbol), index=D(30_000))


ETHER_PERPETUAL = Symbol.parse("ETH/USDT:USDT")
D = Decimal


@pytest.fixture
def venue() -> ToyVenue:
    return ToyVenue(ManualClock(START_MS), (SPOT, ETHER, PERPETUAL, ETHER_PERPETUAL))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with open_journal(journal_path(tmp_path), "toy") as opened:
        yield opened


@pytest.mark.parametrize(
    ("change", "sent", "said"),
    [
        ({"max_messages_per_second": 2}, 2, ""),
        ({"max_messages_per_second": 1}, 1, "at most 1 orders and cancels a second, there are 1"),
        ({"max_open_orders": 1}, 2, ""),  # those that filled do not rest
        ({"max_open_orders": 0}, 0, "at most 0 open orders, there are 0"),
        ({"max_net_leverage": D("0.81")}, 2, ""),  # the fee of the first is paid
        ({"max_net_leverage": D("0.7")}, 1, "net exposure must stay at most 0.7 times equity"),
    ],
)
def test_two_purchases_in_one_tick(
    venue: ToyVenue, journal: Journal, change: dict[str, object], sent: int, said: str
) -> None:
    both = (SPOT, ETHER)
    table = desk(venue, journal, {SPOT: 0.4, ETHER: 0.4})
    report = tick(table, terms(both, limits=limits(both, **change)))
    assert len(venue.requests) == sent
    found = " ".join(problem.message for problem in report.problems)
    assert said in found
    assert bool(found) is bool(said)


def test_a_long_and_a_short_net_out(venue: ToyVenue, journal: Journal) -> None:
    both = (PERPETUAL, ETHER_PERPETUAL)
    bounds = limits(both, max_net_leverage=D("0.4"))
    table = desk(venue, journal, {PERPETUAL: -0.4, ETHER_PERPETUAL: 0.6})
    report = tick(table, terms(both, limits=bounds))
    assert report.act is Act.TRADED
    assert [request.symbol for request in venue.requests] == [PERPETUAL, ETHER_PERPETUAL]


def test_a_hedge_that_is_not_filled_is_no_hedge(venue: ToyVenue, journal: Journal) -> None:
    both = (PERPETUAL, ETHER_PERPETUAL)
    bounds = limits(both, max_net_leverage=D("0.4"))
    venue.script = ["reject"]  # 0.6 alone is too long
    table = desk(venue, journal, {PERPETUAL: -0.4, ETHER_PERPETUAL: 0.6})
    report = tick(table, terms(both, limits=bounds))
    assert report.act is Act.STOPPED
    assert [request.symbol for request in venue.requests] == [PERPETUAL]
    assert "net exposure must stay at most 0.4" in report.problems[-1].message


def test_legs_of_a_turn_are_no_duplicates(venue: ToyVenue, journal: Journal) -> None:
    venue.held = {PERPETUAL: D("0.1")}
    venue.cash -= 4_000  # what the position cost
    table = desk(venue, journal, {PERPETUAL: -0.4004})
    tick(table, terms((PERPETUAL,), limits=limits((PERPETUAL,), duplicate_ms=60_000)))
    assert [(r.quantity, r.reduce_only) for r in venue.requests] == [
        (D("0.1"), True),
        (D("0.100"), False),
    ]


def test_a_decision_taken_again_is_no_duplicate_of_what_never_left(
    venue: ToyVenue, journal: Journal
) -> None:
    venue.script = ["not_sent"]
    table, rules = desk(venue, journal, {SPOT: 0.4}), terms(limits=limits(duplicate_ms=60_000))
    tick(table, rules)
    tick(table, rules)
    assert [order.state for order in journal.orders()] == [OrderState.NOT_SENT, OrderState.FILLED]


def test_a_margin_that_is_not_there_is_not_asked_for(venue: ToyVenue, journal: Journal) -> None:
    wide = limits((PERPETUAL,), max_leverage=D(3))
    table = desk(venue, journal, {PERPETUAL: 1.5})
    report = tick(table, terms((PERPETUAL,), limits=wide, leverage=1))
    assert "order needs 15000.00 of margin, cash is 10000.00" in report.problems[0].message
    assert venue.requests == []


def test_entries_on_contracts_are_held_against_mark_and_index(journal: Journal) -> None:
    venue = FarMarked(ManualClock(START_MS), (PERPETUAL,))
    strict = limits((PERPETUAL,), marked=True)
    table = guarded_desk(venue, journal, {PERPETUAL: 0.4})
    report = tick(table, terms((PERPETUAL,), limits=strict))
    assert "of the index 30000" in report.problems[0].message
    assert venue.requests == []
    venue.held = {PERPETUAL: D("0.1")}
    out = guarded_desk(venue, journal, {PERPETUAL: 0.0})
    venue.clock.advance_to(START_MS + HOUR.ms)
    assert tick(out, terms((PERPETUAL,), limits=strict)).problems == ()  # the way out is free
    assert [request.reduce_only for request in venue.requests] == [True]


def test_a_tripped_switch_lets_nothing_in_and_everything_out(
    venue: ToyVenue, journal: Journal
) -> None:
    rules = replace(terms(), rules=DEFAULT_RULES)
    table = desk(venue, journal, {SPOT: 0.4})
    kept = JournalLatches(journal)
    kept.store(Latches.fresh().after([by_hand(Switch.DAILY_LOSS, "news", "ann", START_MS)]), 0)
    key = rules.key(rules.timeframe.last_closed(START_MS))
    decision = journal.decisions.begin(key, START_MS)
    session = Session(table, rules, decision, {SPOT: D(40_000)}, Look(table))
    entry = Signal(SPOT, 0.4, D(40_000), D(0), D("0.1"), False)
    done = carry_out(session, [entry])[SPOT]
    assert done.problem is not None
    assert "while a kill switch is tripped: daily_loss" in done.problem.message
    assert venue.requests == []
    venue.held = {SPOT: D("0.1")}
    session = replace(session, seen=Look(table))
    leaving = replace(entry, weight=0.0, position=D("0.1"), target=D(0))
    way_out = carry_out(session, [leaving])[SPOT]
    assert way_out.problem is None
    assert venue.held[SPOT] == 0
