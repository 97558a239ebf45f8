"""What somebody else did on the account: taken over, or a reason to enter no more."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from support.guarded_venue import GuardedVenue, guarded_desk
from support.toy_venue import PERPETUAL, START_MS, journal_path, next_bar, terms

from xq.clock import ManualClock
from xq.execution.journal import Journal, open_journal
from xq.live.desk import Foreign, Terms
from xq.live.loop import tick
from xq.live.report import Act
from xq.types import OrderRequest, OrderType, Side

D = Decimal
HALT = terms((PERPETUAL,), foreign=Foreign.HALT)


@pytest.fixture
def venue() -> GuardedVenue:
    return GuardedVenue(ManualClock(START_MS), (PERPETUAL,))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with open_journal(journal_path(tmp_path), "toy") as opened:
        yield opened


def by_hand(venue: GuardedVenue, quantity: str) -> None:
    request = OrderRequest(PERPETUAL, Side.SELL, OrderType.MARKET, D(quantity), "web-1")
    venue.execute(request, request.quantity)


def rests(venue: GuardedVenue) -> None:
    venue.rest(PERPETUAL, "web-2")


def moved(venue: GuardedVenue) -> None:
    venue.held[PERPETUAL] += D("0.02")  # no fill tells of it: a liquidation long ago, a transfer


SURPRISES = {
    "trade": lambda venue: by_hand(venue, "0.01"),
    "order": rests,
    "position": moved,
    "leverage": lambda venue: setattr(venue, "leverage", D(7)),
}


def step(venue: GuardedVenue, journal: Journal, weight: float, rules: Terms) -> object:
    next_bar(venue)
    return tick(guarded_desk(venue, journal, {PERPETUAL: weight}), rules)


@pytest.mark.parametrize("kind", SURPRISES)
def test_a_halt_stays_until_a_run_adopts(venue: GuardedVenue, journal: Journal, kind: str) -> None:
    step(venue, journal, 0.2, HALT)
    SURPRISES[kind](venue)
    sent = len(venue.requests)
    report = step(venue, journal, 0.4, HALT)
    assert "takes no new exposure" in report.problems[0].message
    assert [e.kind for e in journal.events.all()] == ["foreign"] * len(report.notes)
    for order in venue.open_orders(PERPETUAL):
        venue.cancel(PERPETUAL, order.client_id)
    assert step(venue, journal, 0.4, HALT).problems  # the surprise is over, the halt is not
    assert len(venue.requests) == sent
    assert step(venue, journal, 0.1, HALT).problems == ()  # the way out stays open
    adopts = replace(HALT, foreign=Foreign.ADOPT)
    assert step(venue, journal, 0.4, adopts).act is Act.TRADED
    assert step(venue, journal, 0.6, HALT).act is Act.TRADED


def test_leverage_that_was_changed_is_set_anew(venue: GuardedVenue, journal: Journal) -> None:
    adopts = replace(HALT, foreign=Foreign.ADOPT)
    step(venue, journal, 0.2, adopts)
    assert venue.leverages == [(PERPETUAL, 1)]
    venue.leverage = D(7)
    report = step(venue, journal, 0.4, adopts)
    assert "leverage is 7, it was set to 1" in report.notes[0]
    assert venue.leverages == [(PERPETUAL, 1), (PERPETUAL, 1)]


def test_what_was_held_before_the_first_run_is_no_surprise(
    venue: GuardedVenue, journal: Journal
) -> None:
    venue.held[PERPETUAL] = D("0.01")
    assert step(venue, journal, 0.4, HALT).act is Act.TRADED
