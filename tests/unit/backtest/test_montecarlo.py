"""Paths that could have been: their figures by hand, their seeds, their shapes."""

import math

import numpy as np
import pytest

from xq.backtest import montecarlo
from xq.bars import Bars
from xq.metrics.returns import sharpe_ratio
from xq.timeframe import Timeframe

HOUR = 3_600_000


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_figures_of_a_path_are_those_of_the_metrics():
    days = rng().normal(0.001, 0.02, (3, 50))
    found = montecarlo.outcomes(days)
    for k in range(3):
        assert found.total_return[k] == pytest.approx(np.prod(1 + days[k]) - 1)
        assert found.daily_sharpe_ratio[k] == pytest.approx(sharpe_ratio(days[k], 365.0))


def test_a_first_day_below_the_start_is_a_drawdown_and_flat_paths_have_no_sharpe_ratio():
    found = montecarlo.outcomes(np.array([[-0.1, 0.05], [0.0, 0.0]]))
    assert found.max_drawdown.tolist() == pytest.approx([-0.1, 0.0])
    assert math.isnan(found.daily_sharpe_ratio[1])


def test_resampling_keeps_the_mean_and_the_seed_decides():
    days = rng(3).normal(0.01, 0.02, 400)
    one, block = montecarlo.resample(days, 300, rng())
    again, _ = montecarlo.resample(days, 300, rng())
    assert (one == again).all()
    assert not (one == montecarlo.resample(days, 300, rng(2))[0]).all()
    assert one.mean() == pytest.approx(days.mean(), abs=0.0005)
    assert block >= 1.0


def test_days_that_never_vary_are_drawn_one_by_one():
    paths, block = montecarlo.resample(np.zeros(20), 2, rng())
    assert block == 1.0
    assert not paths.any()


def test_trades_add_up_and_ruin_ends_a_path():
    found = montecarlo.shuffled_trades(np.array([-60.0]), 100.0, 3, rng())
    assert found.total_return.tolist() == [-0.6] * 3
    ruined = montecarlo.shuffled_trades(np.array([-60.0, -60.0]), 100.0, 3, rng())
    assert ruined.total_return.tolist() == [-1.0] * 3
    assert ruined.max_drawdown.tolist() == [-1.0] * 3


def test_trades_drawn_one_by_one_forget_that_losses_come_together():
    pnl = np.repeat([-1.0, 1.1] * 5, 40)  # forty losses, forty wins, and again
    days = pnl / 1000
    single = montecarlo.shuffled_trades(pnl, 1000.0, 500, rng()).max_drawdown
    blocks = montecarlo.outcomes(montecarlo.resample(days, 500, rng())[0]).max_drawdown
    assert np.median(blocks) < 1.3 * np.median(single)  # deeper, both are negative


def bars(rows: int = 200, symbols: int = 2) -> Bars:
    close = 100.0 * np.exp(np.cumsum(rng(4).normal(0, 0.01, (rows, symbols)), axis=0))
    opens = np.vstack([close[:1], close[:-1]]) * 1.001
    names = ["BTC/USDT", "ETH/USDT"][:symbols]
    high, low = np.maximum(opens, close) * 1.002, np.minimum(opens, close) * 0.997
    return Bars.of(
        Timeframe.parse("1h"), names, np.arange(rows) * HOUR, close=close,
        open=opens, high=high, low=low, volume=rng(5).random((rows, symbols)),
    )  # fmt: skip


def test_synthetic_bars_are_bars_and_keep_shapes_and_company():
    given = bars()
    made = montecarlo.synthetic_bars(given, 500, 20.0, rng())
    assert len(made) == 500
    assert made.ts.tolist() == (np.arange(500) * HOUR).tolist()
    assert (made.high >= np.maximum(made.open, made.close)).all()
    assert (made.low <= np.minimum(made.open, made.close)).all()
    moves = np.diff(np.log(made.close), axis=0)
    old = np.diff(np.log(given.close), axis=0)
    where = [int(np.argmin(np.abs(old[:, 0] - move))) for move in moves[:, 0]]
    np.testing.assert_allclose(moves, old[where], atol=1e-9)  # both symbols from the same bar
    np.testing.assert_allclose(made.open[1:] / made.close[:-1], 1.001)
    assert 1 - np.mean(np.diff(where) == 1) == pytest.approx(1 / 20, abs=0.04)


def test_synthetic_bars_refuse_holes():
    given = bars()
    close = given.close.copy()
    close[3, 0] = np.nan
    with pytest.raises(ValueError, match="every symbol"):
        montecarlo.synthetic_bars(
            Bars.of(given.timeframe, given.symbols, given.ts, close=close), 10, 2.0, rng()
        )


def test_spreads_leave_out_what_no_path_has():
    found = montecarlo.shuffled_trades(np.array([10.0, -5.0]), 100.0, 50, rng())
    observed = {"total_return": 0.05, "daily_sharpe_ratio": 1.0, "max_drawdown": -0.05}
    rows = montecarlo.spreads(observed, found)
    assert [row.figure for row in rows] == ["total_return", "max_drawdown"]
    for row in rows:
        assert row.p05 <= row.p25 <= row.median <= row.p75 <= row.p95


def test_the_fan_widens():
    paths, _ = montecarlo.resample(rng(6).normal(0, 0.01, 300), 400, rng())
    low, high = montecarlo.fan(paths, [0.05, 0.95])
    assert (high > low).all()
    assert high[-1] - low[-1] > 3 * (high[5] - low[5])
