"""Two hundred own children through the simulated venue: what they cost corrects the prediction."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from support.direct_venue import BTC, DirectVenue
from support.scripted_feed import SPREAD, WALL
from support.toy_venue import terms
from support.trade_bench import workspace

from xq.api.backtest_inputs import Market as Lines
from xq.api.backtest_slippage import fit_slippage
from xq.api.execute_cost import own_residuals
from xq.clock import ManualClock
from xq.execution.algos.plan import Plan, Scheduled
from xq.execution.journal import Journal, open_journal
from xq.execution.ledger_records import ParentStatus
from xq.execution.slippage_prediction import LEAST_FILLS, Market, lately, predict
from xq.lake.layout import Dataset
from xq.lake.reader import Lake
from xq.lake.writer import LakeWriter
from xq.live.desk import Desk
from xq.live.mirror import Origin, mirror
from xq.live.parents import new_parent, work
from xq.portfolio.slippage import LEAST_BARS, Fixed, SquareRootImpact
from xq.portfolio.slippage_evidence import from_bars
from xq.timeframe import Timeframe
from xq.types import OrderRequest, Outcome, Side

D = Decimal
MINUTE = Timeframe.parse("1m")
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


def minutes(first_ms: int, last_ms: int) -> pa.Table:
    """Minute bars that open at the price of the tape, and swing without telling of a spread."""
    start_ms = MINUTE.floor(first_ms) - LEAST_BARS * MINUTE.ms
    ts = np.arange(start_ms, last_ms, MINUTE.ms)
    swing = np.where(np.arange(len(ts)) % 2, 20.0, -20.0)
    level = np.full(len(ts), 40_000.0)
    return pa.table({
        "ts": pa.array(ts).cast(pa.timestamp("ms", "UTC")), "open": level,
        "high": level + np.maximum(2 * swing, 0), "low": level + np.minimum(2 * swing, 0),
        "close": level + swing, "volume": np.ones(len(ts)),
    })  # fmt: skip


def check_fit(journal: Journal, venue: Slips, folder: Path) -> None:
    """The law refitted to the fills that the lake has of the journal gives back what they cost."""
    ws = workspace(folder)
    mirror(journal, ws.lake, Origin("paper", "binance", "trade-direct"))
    fills = journal.books.fills()
    table = minutes(fills[0].ts, venue.now_ms())
    LakeWriter(ws.lake).upsert(Dataset("ohlcv", "binance", str(BTC), "1m"), table)
    fit = fit_slippage(ws, Lines("binance", (str(BTC),), MINUTE))
    assert LEAST_FILLS <= fit.fills <= len(fills)
    known = from_bars(Lake(ws.lake).bars("binance", (str(BTC),), MINUTE))
    model = SquareRootImpact(fit.coefficient)
    told = predict(
        Side.BUY, fills[-1].quantity, book=None, market=lately(known), model=model
    )  # fmt: skip
    paid = float(WORSE + SPREAD) / 40_000
    assert told.expected == pytest.approx(paid, rel=0.1)


def test_two_hundred_own_children_correct_what_is_predicted(
    journal: Journal, tmp_path: Path
) -> None:
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
    check_fit(journal, venue, tmp_path)
