"""What stands behind an order: the run's own symbols, and what else the same equity carries."""

from decimal import Decimal
from pathlib import Path

from support.toy_venue import PERPETUAL, START_MS, ToyVenue, desk, journal_path, terms

from xq.clock import ManualClock
from xq.execution.journal import open_journal
from xq.live.holdings import holdings
from xq.live.loop import tick
from xq.types import Account, Balance, Position, Symbol

OTHER = Symbol.parse("ETH/USDT:USDT")
EXPOSED = Account(
    balances=(Balance("USDT", Decimal(10_000)),),
    positions=(
        Position(PERPETUAL, Decimal("0.1"), mark_price=Decimal(40_000)),
        Position(OTHER, Decimal(-2), mark_price=Decimal(3_000)),
    ),
    equity=Decimal(10_000),
    ts=0,
)


def test_contracts_of_others_count_as_exposure_of_the_same_equity() -> None:
    now = holdings(EXPOSED, (PERPETUAL,), {PERPETUAL: Decimal(41_000)})
    assert now.notional_of_others(PERPETUAL) == Decimal(6_000)
    both = holdings(EXPOSED, (PERPETUAL, OTHER), {})
    assert both.notional_of_others(PERPETUAL) == Decimal(6_000)
    assert both.notional_of_others(OTHER) == Decimal(4_000)


def test_two_runs_on_one_account_share_its_leverage(tmp_path: Path) -> None:
    venue = ToyVenue(ManualClock(START_MS), (PERPETUAL, OTHER))
    with open_journal(journal_path(tmp_path), "toy") as journal:
        tick(desk(venue, journal, {OTHER: 0.6}), terms((OTHER,), strategy="one"))
        report = tick(desk(venue, journal, {PERPETUAL: 0.6}), terms((PERPETUAL,), strategy="two"))
    [problem] = report.problems
    assert problem.message == "gross exposure must stay at most 1 times equity, would be 1.20"
    assert [request.symbol for request in venue.requests] == [OTHER]
