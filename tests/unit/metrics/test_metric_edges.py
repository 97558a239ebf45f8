"""What a metric says when its denominator is missing, and after ruin."""

import math

import numpy as np
import pytest

from xq.metrics import drawdown, returns, trades

FLAT = np.full(10, 100.0)
RISING = np.linspace(101, 120, 20)
NOTHING = np.empty(0)


@pytest.mark.parametrize("function", [returns.sharpe_ratio, returns.sortino_ratio])
def test_flat_equity_has_no_ratio(function):
    assert math.isnan(function(returns.bar_returns(FLAT, 100.0)))


def test_constant_returns_have_no_sharpe_ratio_although_rounding_leaves_a_deviation():
    moves = np.full(1000, 0.001) + np.array([1e-19, -1e-19] * 500)
    assert math.isnan(returns.sharpe_ratio(moves))


def test_without_a_loss_there_is_no_sortino_no_calmar_and_no_profit_factor():
    moves = returns.bar_returns(RISING, 100.0)
    assert math.isnan(returns.sortino_ratio(moves))
    assert math.isnan(drawdown.calmar_ratio(RISING, 100.0, 8760))
    assert math.isnan(trades.profit_factor(np.array([1.0, 2.0])))
    assert drawdown.max_drawdown(RISING, 100.0) == 0.0


def test_a_loss_in_the_first_bar_is_a_drawdown():
    assert drawdown.max_drawdown(np.array([90.0, 95.0]), 100.0) == pytest.approx(-0.1)


def test_ruin_is_minus_one_and_returns_nothing_afterwards():
    equity = np.array([100.0, 0.0, 0.0])
    moves = returns.bar_returns(equity, 100.0)
    assert moves.tolist() == [0.0, -1.0, 0.0]
    assert returns.total_return(equity, 100.0) == -1.0
    assert returns.annual_return(equity, 100.0, 8760) == -1.0
    assert drawdown.max_drawdown(equity, 100.0) == -1.0
    assert drawdown.calmar_ratio(equity, 100.0, 8760) == -1.0


def test_no_bars_no_numbers():
    assert returns.total_return(NOTHING, 100.0) == 0.0
    assert drawdown.max_drawdown(NOTHING, 100.0) == 0.0
    for value in (
        returns.annual_return(NOTHING, 100.0, 8760),
        returns.volatility(NOTHING, 8760),
        returns.sharpe_ratio(NOTHING),
        returns.sortino_ratio(NOTHING),
        drawdown.calmar_ratio(NOTHING, 100.0, 8760),
        trades.win_rate(NOTHING),
        trades.profit_factor(NOTHING),
        trades.expectancy(NOTHING),
        trades.turnover(NOTHING, NOTHING),
        trades.exposure(np.empty((0, 1))),
    ):
        assert math.isnan(value)


def test_a_year_of_growth_in_one_bar_does_not_overflow():
    assert math.isnan(returns.annual_return(np.array([1e6]), 1.0, 525_600))


def test_a_round_trip_of_exactly_zero_is_no_win():
    assert trades.win_rate(np.array([0.0, 1.0])) == 0.5
