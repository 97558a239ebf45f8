"""Two hundred own children through the simulated venue: what they cost corrects the prediction."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from support.direct_venue import BTC, DirectVenue
from support.scripted_feed import WALL
from support.toy_venue import terms

from xq.api.execute_cost import own_residuals
from xq.clock import ManualClock
from xq.execution.algos.plan import Plan, Scheduled
from xq.execution.journal import Journal, open_journal
from xq.execution.ledger_records import ParentStatus
from xq.execution.slippage_prediction import LEAST_FILLS, Market, predict
from xq.live.desk import Desk
from xq.live.parents import new_parent, work
from xq.portfolio.slippage import Fixed
from xq.types import OrderRequest, Outcome, Side

D = Decimal
SLICES, EVERY_MS = LEAST_FILLS + 5, 10_000
WORSE = D(4)  # quote asset, of some 40,000: the market is gone by so much when an order arrives


class Slips(DirectVenue):
    """The price rises while an order is on its way, and falls back after it."""

    def place(self, request: OrderRequest) -> Outcome:
        price = self.price()
        self.print(price + WORSE)
        outcome = super().place(request)
        self.print(price)
        return outcome


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with open_journal(tmp_path / "journal.sqlite", "direct") as opened:
        yield opened


def worked(journal: Journal) -> Slips:
    """A schedule of small children, step by step to its end."""
    venue = Slips(ManualClock(WALL))
    venue.deposit(D(100_000))
    desk = Desk(venue, venue, journal, venue.clock, lambda bar_ms: None)
    start_ms = venue.now_ms()
    plan = Plan(
        "p-1", Side.BUY, D("0.001") * SLICES * 3, venue.instruments()[BTC],
        Scheduled((1.0,) * SLICES), start_ms, end_ms=start_ms + SLICES * EVERY_MS,
    )  # fmt: skip
    parent = new_parent(plan, "", start_ms)
    journal.parents.begin(parent)
    while parent.status is not ParentStatus.ENDED:
        parent = work(parent, desk, terms((BTC,), strategy="")).parent
        venue.pass_time(EVERY_MS)
    return venue


def test_the_correction_comes_on_with_two_hundred_own_children(journal: Journal) -> None:
    venue = worked(journal)
    residuals = own_residuals(journal)
    assert residuals is not None
    assert residuals.orders >= LEAST_FILLS
    assert residuals.middle == pytest.approx(float(WORSE) / 40_000, rel=0.01)
    told = {
        "book": venue.book(BTC, 100), "market": Market(0.0, 0.0, 0.0), "model": Fixed(0.0),
    }  # fmt: skip
    blind = predict(Side.BUY, D("0.003"), **told)
    taught = predict(Side.BUY, D("0.003"), **told, residuals=residuals)
    assert taught.expected - blind.expected == pytest.approx(residuals.middle)
    assert taught.low <= taught.expected <= taught.high
