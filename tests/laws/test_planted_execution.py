"""Mistakes of execution and data: the naive account profits from them, the engine's does not."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from support.plugins import walk

from xq.api.backtest_inputs import Market
from xq.api.feature_inputs import with_inputs
from xq.backtest.simulation import Funding, Rules
from xq.backtest.vector import simulate
from xq.bars import FIELDS, Bars
from xq.config import Config
from xq.lake.layout import Dataset
from xq.lake.reader import Lake
from xq.lake.writer import LakeWriter
from xq.portfolio.costs import Costs
from xq.timeframe import Timeframe

FREE = Costs(0.0, 0.0)
CASH = 10_000.0


@pytest.fixture
def bars() -> Bars:
    return walk(500)


def _rose(bars: Bars) -> np.ndarray:
    """Long where the bar just closed rose: worth a fortune to whoever fills at that bar."""
    return np.where(bars.close > bars.open, 1.0, 0.0)


def test_filling_inside_the_signal_bar_is_not_possible(bars: Bars) -> None:
    weights = _rose(bars)
    cheated = np.prod(1 + (bars.close / bars.open - 1) * weights)
    run = simulate(weights, bars, FREE, Rules(CASH))
    decided = np.flatnonzero(np.diff(weights[:, 0], prepend=0.0))
    rows = decided[decided < len(bars) - 1] + 1
    assert run.fills.row.tolist() == rows.tolist()
    assert run.fills.price.tolist() == bars.open[rows, 0].tolist()
    assert cheated > 5
    assert run.equity[-1] / CASH < 2


def test_costs_are_on_unless_somebody_turns_them_off(bars: Bars) -> None:
    settings = Config().backtest
    assert settings.fee > 0
    run = simulate(_rose(bars), bars, Costs(settings.fee, settings.slippage), Rules(CASH))
    free = simulate(_rose(bars), bars, FREE, Rules(CASH))
    assert (run.fills.fee > 0).all()
    assert run.equity[-1] < free.equity[-1] * 0.9


def test_funding_is_paid_by_who_holds(bars: Bars) -> None:
    perpetual = Bars.of(
        bars.timeframe,
        ["C0/USDT:USDT"],
        bars.ts,
        **{name: getattr(bars, name) for name in FIELDS},
    )
    eight_hourly = (bars.ts // 3_600_000 % 8 == 0).reshape(-1, 1)
    paid = np.where(eight_hourly, 0.001 * bars.open, 0.0)
    funding = Funding(at_open=paid, inside=np.zeros(paid.shape))
    held = np.full(bars.close.shape, 1.0)
    run = simulate(held, perpetual, FREE, Rules(CASH), funding)
    free = simulate(held, perpetual, FREE, Rules(CASH), Funding(paid * 0, paid * 0))
    assert run.funding.sum() == pytest.approx(free.equity[-1] - run.equity[-1])
    assert run.funding.sum() > 0.02 * CASH


def test_a_trailing_stop_does_not_use_the_high_of_the_bar_whose_low_triggers_it() -> None:
    rows = [(100, 100, 100, 100), (100, 100, 99, 100), (100, 120, 100, 119), (119, 119, 107, 107)]
    opened, high, low, close = np.array(rows, dtype=float).T
    bars = Bars.of(
        Timeframe.parse("1h"), ["C0/USDT"], np.arange(4) * 3_600_000,
        open=opened, high=high, low=low, close=close,
    )  # fmt: skip
    run = simulate(np.ones((4, 1)), bars, FREE, Rules(CASH, trailing_stop=0.1))
    assert run.fills.row.tolist() == [1, 3]
    assert run.fills.price[1] == pytest.approx(108.0)


def test_a_day_is_not_known_before_it_is_over(tmp_path: Path) -> None:
    hours = walk(96)
    days = np.array([10.0, 20.0, 30.0, 40.0])
    columns = {"ts": pa.array(np.arange(4) * 86_400_000, pa.timestamp("ms", "UTC"))}
    columns |= {name: pa.array(days) for name in FIELDS}
    LakeWriter(tmp_path).upsert(Dataset("ohlcv", "binance", "C0/USDT", "1d"), pa.table(columns))
    market = Market("binance", ("C0/USDT",), hours.timeframe)
    joined = with_inputs(Lake(tmp_path), market.exchange, hours, ("close@1d",))
    known = joined.extra["close@1d"][:, 0]
    assert np.isnan(known[:23]).all()
    assert known[23:47].tolist() == [10.0] * 24
    assert known[47] == 20.0
