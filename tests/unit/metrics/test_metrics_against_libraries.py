"""Metrics against empyrical-reloaded and quantstats-lumi, to 1e-9, on real and random series."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from xq.metrics import drawdown, returns, trades

HOURS = 8760.0
EXACT = {"rtol": 1e-9, "atol": 1e-12}

pytestmark = pytest.mark.filterwarnings('ignore:Module "zipline:UserWarning')


def random_equity(seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    moves = random.standard_t(3, 3000) * 0.01
    moves[random.random(3000) < 0.3] = 0.0  # flat stretches, as a strategy has
    moves = np.clip(moves, -0.5, 0.5)
    return 10_000.0 * np.cumprod(1.0 + moves)


@pytest.fixture(scope="module", params=["btc-1h", "eth-1h", "random-1", "random-2", "random-3"])
def equity(request) -> np.ndarray:
    name = request.param
    if name.startswith("random"):
        return random_equity(int(name[-1]))
    folder: Path = request.getfixturevalue("market_data")
    table = pq.read_table(folder / "ohlcv" / f"binance_spot_{name[:3].upper()}USDT_1h.parquet")
    return table["close"].to_numpy()[-5000:]


@pytest.fixture
def start(equity) -> float:
    return float(equity[0]) * 1.01  # so that the first bar already loses


@pytest.fixture
def series(equity, start) -> pd.Series:
    moves = returns.bar_returns(equity, start)
    return pd.Series(moves, pd.date_range("2023-01-01", periods=len(moves), freq="h"))


def test_empyrical_agrees(equity, start, series):
    import empyrical

    year = {"annualization": HOURS}
    pairs = {
        "total": (returns.total_return(equity, start), empyrical.cum_returns_final(series)),
        "annual": (
            returns.annual_return(equity, start, HOURS),
            empyrical.annual_return(series, **year),
        ),
        "volatility": (
            returns.volatility(series.to_numpy(), HOURS),
            empyrical.annual_volatility(series, **year),
        ),
        "sharpe": (
            returns.sharpe_ratio(series.to_numpy(), HOURS),
            empyrical.sharpe_ratio(series, **year),
        ),
        "sortino": (
            returns.sortino_ratio(series.to_numpy(), HOURS),
            empyrical.sortino_ratio(series, **year),
        ),
        "drawdown": (drawdown.max_drawdown(equity, start), empyrical.max_drawdown(series)),
        "calmar": (
            drawdown.calmar_ratio(equity, start, HOURS),
            empyrical.calmar_ratio(series, **year),
        ),
    }
    for name, (ours, theirs) in pairs.items():
        np.testing.assert_allclose(ours, theirs, **EXACT, err_msg=name)


def test_quantstats_agrees(equity, start, series):
    from quantstats_lumi import stats

    pairs = {
        "total": (returns.total_return(equity, start), stats.comp(series)),
        "volatility": (
            returns.volatility(series.to_numpy(), HOURS),
            stats.volatility(series, periods=int(HOURS)),
        ),
        "sharpe": (
            returns.sharpe_ratio(series.to_numpy(), HOURS),
            stats.sharpe(series, periods=int(HOURS)),
        ),
        "sortino": (
            returns.sortino_ratio(series.to_numpy(), HOURS),
            stats.sortino(series, periods=int(HOURS)),
        ),
        "drawdown": (drawdown.max_drawdown(equity, start), stats.max_drawdown(series)),
        "profit factor": (
            trades.profit_factor(series.to_numpy()),
            stats.profit_factor(series),
        ),
    }
    for name, (ours, theirs) in pairs.items():
        np.testing.assert_allclose(ours, float(theirs), **EXACT, err_msg=name)


@pytest.mark.parametrize("seed", range(20))
def test_round_trip_statistics_are_those_of_quantstats_on_pnl(seed):
    from quantstats_lumi import stats

    pnl = np.random.default_rng(seed).normal(0.5, 20, 300)
    series = pd.Series(pnl, pd.date_range("2023-01-01", periods=len(pnl), freq="D"))
    np.testing.assert_allclose(trades.win_rate(pnl), stats.win_rate(series, prepare_returns=False))
    np.testing.assert_allclose(
        trades.profit_factor(pnl), stats.profit_factor(series, prepare_returns=False)
    )
    win, loss = pnl[pnl > 0].mean(), -pnl[pnl < 0].mean()
    rate = trades.win_rate(pnl)
    np.testing.assert_allclose(trades.expectancy(pnl), rate * win - (1 - rate) * loss, **EXACT)
