"""Buy and hold, and funding placed on bars."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from xq.backtest.funding import Settlements, on_bars
from xq.backtest.hold import buy_and_hold
from xq.bars import Bars
from xq.portfolio.costs import Costs
from xq.timeframe import Timeframe

HOUR = 3_600_000
NAN = float("nan")


def test_holding_pays_the_same_costs_once():
    bars = Bars.of(Timeframe.parse("1h"), ["A/B"], [0, HOUR], open=[10, 10], close=[10, 20])
    equity = buy_and_hold(bars, Costs(fee=0.25, slippage=0.6), 1000.0)
    assert equity.tolist() == [1000 / (16 * 1.25) * 10, 1000 / (16 * 1.25) * 20]


def test_a_symbol_that_is_not_listed_yet_stays_cash_and_a_hole_keeps_the_price():
    bars = Bars.of(
        Timeframe.parse("1h"), ["A/B", "C/B"], np.arange(3) * HOUR,
        open=[[NAN, 1], [10, NAN], [10, 1]], close=[[NAN, 2], [20, NAN], [30, 3]],
    )  # fmt: skip
    assert buy_and_hold(bars, Costs(), 100.0).tolist() == [150.0, 200.0, 300.0]
    empty = Bars.of(Timeframe.parse("1h"), ["A/B"], [0], close=[NAN])
    assert buy_and_hold(empty, Costs(), 100.0).tolist() == [100.0]


def test_settlements_fall_on_opens_of_hours_and_inside_days():
    ts = np.array([0, 8 * HOUR + 3, 16 * HOUR, 24 * HOUR + 5])
    paid = Settlements(ts, np.array([0.01, 0.02, 0.03, 0.04]), np.array([NAN, NAN, 200.0, NAN]))
    day = Bars.of(
        Timeframe.parse("1d"), ["A/B:B"], [0, 24 * HOUR], open=[100, 150], close=[120, 150]
    )
    owed = on_bars(day, [paid])
    assert owed.at_open.ravel().tolist() == pytest.approx([1.0, 6.0])
    assert owed.inside.ravel().tolist() == pytest.approx([0.02 * 110 + 0.03 * 200, 0.0])
    hours = Bars.of(Timeframe.parse("1h"), ["A/B:B"], np.arange(24) * HOUR, close=np.full(24, 100))
    owed = on_bars(hours, [paid])
    assert np.flatnonzero(owed.at_open).tolist() == [0, 8, 16]
    assert not owed.inside.any()


def test_settlements_before_and_after_the_bars_are_not_applied():
    bars = Bars.of(Timeframe.parse("1h"), ["A/B:B"], [0, 9 * HOUR], close=[100, 100])
    paid = Settlements(np.array([-1, 10 * HOUR]), np.ones(2), np.full(2, NAN))
    owed = on_bars(bars, [paid])
    assert not owed.at_open.any()
    assert not owed.inside.any()


@pytest.mark.market_data
def test_a_year_of_real_funding_costs_a_long_what_the_rates_say(market_data: Path):
    from xq.backtest.simulation import Rules
    from xq.backtest.vector import simulate

    table = pq.read_table(market_data / "funding" / "binance_um_BTCUSDT_funding.parquet")
    ts = table["ts"].cast("int64").to_numpy()
    year = ts >= 1_672_531_200_000
    ts, rate = ts[year], table["rate"].to_numpy()[year]
    times = np.arange(ts[0], ts[0] + 365 * 24 * HOUR, HOUR)
    bars = Bars.of(Timeframe.parse("1h"), ["BTC/USDT:USDT"], times, close=np.full(len(times), 100))
    owed = on_bars(bars, [Settlements(ts, rate, np.full(len(ts), NAN))])
    held = np.full((len(times), 1), 1.0)
    run = simulate(held, bars, Costs(), Rules(1000.0), owed)
    assert len(run.fills) == 1
    assert run.funding.sum() == pytest.approx(1000.0 * rate[1:].sum(), rel=1e-9)
    assert run.equity[-1] == pytest.approx(1000.0 * (1 - rate[1:].sum()), rel=1e-9)


def test_a_settlement_where_there_is_no_bar_meets_the_next_open():
    hour = 3_600_000
    ts = [0, hour, 4 * hour]
    bars = Bars.of(Timeframe.parse("1h"), ["A/B:B"], ts, close=[10.0, 20.0, 30.0])
    paid = Settlements(
        np.array([2 * hour, 3 * hour, 5 * hour]), np.array([0.01, 0.02, 0.5]), np.full(3, np.nan)
    )
    owed = on_bars(bars, [paid])
    assert owed.at_open[:, 0].tolist() == pytest.approx([0.0, 0.0, 0.9])
    assert not owed.inside.any()
