"""Sizing in the loop: the strategy's side and conviction, a method's size."""

import math
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from support.guarded_venue import GuardedVenue, guarded_desk
from support.toy_venue import PERPETUAL, START_MS, journal_path, next_bar, terms

from xq.clock import ManualClock
from xq.errors import BadWeights
from xq.execution.journal import Journal, open_journal
from xq.live.loop import tick
from xq.live.report import Act
from xq.portfolio.sizing_methods import FixedFraction, Kelly, RiskPerTrade, VolatilityTarget
from xq.strategy.base import Exits

D = Decimal


@pytest.fixture
def venue() -> GuardedVenue:
    return GuardedVenue(ManualClock(START_MS), (PERPETUAL,))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with open_journal(journal_path(tmp_path), "toy") as opened:
        yield opened


def swinging(step: float) -> list[float]:
    """Closes of which every log return is ``step`` up or down in turn."""
    return [40_000.0 * math.exp(step * (n % 2)) for n in range(61)][::-1]


def test_the_risk_of_a_trade_is_what_its_stop_loses(venue: GuardedVenue, journal: Journal) -> None:
    rules = terms((PERPETUAL,), sizing=RiskPerTrade(0.01, cap=1.0))
    exits = Exits(stop_loss=0.04)
    tick(guarded_desk(venue, journal, {PERPETUAL: 1.0}, exits), rules)
    before = venue.cash + venue.held[PERPETUAL] * 40_000
    held = venue.held[PERPETUAL]
    venue.move(PERPETUAL, D(38_000))  # the stop is at 38,400
    lost = D(10_000) - venue.cash
    assert held > 0
    assert before < 10_000  # its fee
    assert D(97) < lost <= D(100)  # 1 % of 10,000, less what the lot cuts off


def test_volatility_sizes_when_the_target_changes_and_not_by_itself(
    venue: GuardedVenue, journal: Journal
) -> None:
    rules = terms((PERPETUAL,), sizing=VolatilityTarget(0.2, cap=1.0))
    venue.closes = swinging(0.01)  # about 94 % a year
    tick(guarded_desk(venue, journal, {PERPETUAL: 1.0}), rules)
    first = venue.held[PERPETUAL]
    assert D("0.052") <= first <= D("0.054")
    next_bar(venue)
    venue.closes = swinging(0.04)
    assert tick(guarded_desk(venue, journal, {PERPETUAL: 1.0}), rules).act is Act.HELD
    next_bar(venue)
    tick(guarded_desk(venue, journal, {PERPETUAL: -1.0}), rules)
    assert D("-0.0135") <= venue.held[PERPETUAL] <= D("-0.0125")


@pytest.mark.parametrize(
    ("method", "exits"),
    [(RiskPerTrade(0.01, cap=1.0), None), (VolatilityTarget(0.2, cap=1.0), None)],
    ids=["no stop", "a market that does not move"],
)
def test_what_cannot_be_told_is_not_traded(
    venue: GuardedVenue, journal: Journal, method: object, exits: Exits | None
) -> None:
    rules = terms((PERPETUAL,), sizing=method)
    with pytest.raises(BadWeights, match="found nan"):
        tick(guarded_desk(venue, journal, {PERPETUAL: 1.0}, exits), rules)
    assert venue.requests == []


def test_kelly_and_a_fixed_fraction(venue: GuardedVenue, journal: Journal) -> None:
    fixed = terms((PERPETUAL,), sizing=FixedFraction(0.25))
    tick(guarded_desk(venue, journal, {PERPETUAL: 1.0}), fixed)
    assert venue.held[PERPETUAL] == D("0.062")
    next_bar(venue)
    venue.closes = [40_000.0 * math.exp(-0.001 * n) * (1.001 if n % 2 else 1) for n in range(61)]
    bets = terms((PERPETUAL,), sizing=Kelly(0.5, cap=0.5))
    tick(guarded_desk(venue, journal, {PERPETUAL: 1.0}), bets)
    assert venue.held[PERPETUAL] == 0  # a falling market is not bought
    next_bar(venue)
    tick(guarded_desk(venue, journal, {PERPETUAL: -1.0}), bets)
    assert D("-0.125") <= venue.held[PERPETUAL] <= D("-0.120")
