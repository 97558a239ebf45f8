"""A venue that will not set the leverage: what is held can be left all the same."""

from decimal import Decimal
from pathlib import Path

from support.toy_venue import ETHER, PERPETUAL, START_MS, ToyVenue, desk, journal_path, terms

from xq.clock import ManualClock
from xq.errors import OrderRefused, VenueRefused
from xq.execution.journal import open_journal
from xq.live.loop import tick
from xq.live.report import Act
from xq.types import Symbol

D = Decimal
OTHER = Symbol(ETHER.base, "USDT", "USDT")


class Stubborn(ToyVenue):
    """Refuses the leverage of one symbol."""

    def set_leverage(self, symbol: Symbol, leverage: int) -> None:
        if symbol == PERPETUAL:
            raise VenueRefused("margin is insufficient")
        super().set_leverage(symbol, leverage)


def venue(held: str) -> Stubborn:
    made = Stubborn(ManualClock(START_MS), (PERPETUAL, OTHER))
    made.held[PERPETUAL] = D(held)
    return made


def test_a_smaller_position_is_reached_and_other_symbols_are_traded(tmp_path: Path) -> None:
    made = venue("0.2")
    with open_journal(journal_path(tmp_path), "toy") as journal:
        report = tick(desk(made, journal, {PERPETUAL: 0.0, OTHER: 0.4}), terms((PERPETUAL, OTHER)))
    assert (report.act, report.problems) == (Act.TRADED, ())
    assert made.held[PERPETUAL] == 0
    assert made.held[OTHER] > 0


def test_a_turn_closes_and_does_not_open(tmp_path: Path) -> None:
    made = venue("0.1")
    with open_journal(journal_path(tmp_path), "toy") as journal:
        report = tick(desk(made, journal, {PERPETUAL: -0.4}), terms((PERPETUAL,)))
    (problem,) = report.problems
    assert isinstance(problem, OrderRefused)
    assert "its leverage cannot be set: margin is insufficient" in str(problem)
    assert made.held[PERPETUAL] == 0
