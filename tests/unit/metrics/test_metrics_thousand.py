"""A thousand random series against empyrical-reloaded and quantstats-lumi, to 1e-12.

Where the libraries differ from each other or from xq by convention, the convention is undone here,
in the open; docs/significance.md lists them.
"""

import math
import sys

import numpy as np
import pandas as pd
import pytest

from xq.metrics import drawdown, overfit, relative, returns, rolling, tails, trades

YEAR = 365
CHUNKS = 10
EXACT = {"rtol": 1e-12, "atol": 1e-14}

pytestmark = pytest.mark.filterwarnings('ignore:Module "zipline:UserWarning')


def moves_of(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns and those of a benchmark; lengths, tails and flat stretches vary."""
    random = np.random.default_rng(seed)
    rows = int(random.integers(30, 300))
    scale = 10.0 ** random.uniform(-4, -1.3)
    moves = np.clip(random.standard_t(random.integers(3, 30), rows) * scale, -0.5, 1.0)
    moves[random.random(rows) < random.choice([0.0, 0.4])] = 0.0
    market = random.normal(0.0005, 0.02, rows)
    return moves + random.normal() * 0.3 * market, market


def callers() -> list[tuple[None, None, None, str]]:
    """What `inspect.stack` says about names, at once."""
    frames, frame = [], sys._getframe(1)
    while frame is not None and len(frames) < 3:
        frames.append((None, None, None, frame.f_code.co_name))
        frame = frame.f_back
    return frames


def check(pairs: dict[str, tuple[float, float]], seed: int) -> None:
    for name, (ours, theirs) in pairs.items():
        np.testing.assert_allclose(ours, float(theirs), **EXACT, err_msg=f"{name}, seed {seed}")


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_empyrical(chunk):
    import empyrical

    for seed in range(chunk, 1000, CHUNKS):
        moves, market = moves_of(seed)
        equity = np.cumprod(1.0 + moves)
        ours = returns.bar_returns(equity, 1.0)
        year = {"annualization": YEAR}
        excess = relative.information_ratio(moves, market, 1.0)
        pairs = {
            "total": (returns.total_return(equity, 1.0), empyrical.cum_returns_final(moves)),
            "annual": (
                returns.annual_return(equity, 1.0, YEAR), empyrical.annual_return(moves, **year),
            ),
            "volatility": (
                returns.volatility(moves, YEAR), empyrical.annual_volatility(moves, **year),
            ),
            "sharpe": (returns.sharpe_ratio(moves, YEAR), empyrical.sharpe_ratio(moves, **year)),
            "sortino": (returns.sortino_ratio(moves, YEAR), empyrical.sortino_ratio(moves, **year)),
            "drawdown": (drawdown.max_drawdown(equity, 1.0), empyrical.max_drawdown(moves)),
            "calmar": (
                drawdown.calmar_ratio(equity, 1.0, YEAR), empyrical.calmar_ratio(moves, **year),
            ),
            "tail": (tails.tail_ratio(moves), empyrical.tail_ratio(moves)),
            "var": (tails.value_at_risk(moves), empyrical.value_at_risk(moves)),
            "cvar": (
                tails.expected_shortfall(moves), empyrical.conditional_value_at_risk(moves),
            ),
            "beta": (relative.beta(moves, market), empyrical.beta(moves, market)),
            "information": (excess, empyrical.excess_sharpe(moves, market)),
        }  # fmt: skip
        np.testing.assert_allclose(ours, moves, rtol=1e-9, atol=1e-14)
        check(pairs, seed)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_quantstats(chunk):
    from quantstats_lumi import stats

    raw = {"prepare_returns": False}
    for seed in range(chunk, 1000, CHUNKS):
        moves, market = moves_of(seed)
        rows = len(moves)
        equity = np.cumprod(1.0 + moves)
        days = pd.date_range("2023-01-01", periods=rows, freq="D")
        series = pd.Series(moves, days)
        pairs = {
            "volatility": (
                returns.volatility(moves, YEAR), stats.volatility(series, periods=YEAR, **raw),
            ),
            "drawdown": (drawdown.max_drawdown(equity, 1.0), stats.max_drawdown(series)),
            # quantstats divides by n - 1
            "ulcer": (
                drawdown.ulcer_index(equity, 1.0) * math.sqrt(rows / (rows - 1)),
                stats.ulcer_index(series),
            ),
            "profit factor": (trades.profit_factor(moves), stats.profit_factor(series, **raw)),
            "tail": (tails.tail_ratio(moves), stats.tail_ratio(series, **raw)),
            "information": (
                relative.information_ratio(moves, market, 1.0),
                (series - market).mean() / (series - market).std(),
            ),
            # quantstats corrects moments for small samples, PSR must not
            "skewness": (
                overfit.moments(moves)[0] * math.sqrt(rows * (rows - 1)) / (rows - 2),
                stats.skew(series, **raw),
            ),
        }  # fmt: skip
        check(pairs, seed)
        ours = rolling.rolling_sharpe(moves, 20, YEAR)
        theirs = stats.rolling_sharpe(series, rolling_period=20, periods_per_year=YEAR, **raw)
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)  # pandas carries rounding


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_quantstats_by_trade(chunk, monkeypatch):
    from quantstats_lumi import stats, utils

    # It asks the whole stack, source lines included, for the name of its caller.
    monkeypatch.setattr(utils.inspect, "stack", callers)
    for seed in range(chunk, 1000, CHUNKS):
        moves, market = moves_of(seed)
        days = pd.date_range("2023-01-01", periods=len(moves), freq="D")
        series, benchmark = pd.Series(moves, days), pd.Series(market, days)
        greeks = stats.greeks(series, benchmark, periods=YEAR)
        traded = moves[moves != 0.0]  # quantstats leaves out bars without a return
        pairs = {
            "sharpe": (returns.sharpe_ratio(moves, YEAR), stats.sharpe(series, periods=YEAR)),
            "sortino": (returns.sortino_ratio(moves, YEAR), stats.sortino(series, periods=YEAR)),
            "win rate": (trades.win_rate(traded), stats.win_rate(series)),
            "payoff": (trades.payoff_ratio(moves), stats.payoff_ratio(series)),
            "kelly": (trades.kelly_fraction(moves), stats.kelly_criterion(series)),
            "wins in a row": (
                trades.longest_streak(moves, winning=True), stats.consecutive_wins(series),
            ),
            "losses in a row": (
                trades.longest_streak(moves, winning=False), stats.consecutive_losses(series),
            ),
            "beta": (relative.beta(moves, market), greeks["beta"]),
            "alpha": (relative.alpha(moves, market, YEAR), greeks["alpha"]),
        }  # fmt: skip
        check(pairs, seed)
