"""Hand-computed cases where libraries disagree or say something that is not a number."""

import math

import numpy as np
import pytest

from xq.metrics import daily, drawdown, excursions, relative, rolling, tails, trades
from xq.metrics.statistics import statistics

HOUR = 3_600_000
NAN = float("nan")
NOTHING = np.empty(0)


def test_days_end_at_midnight_and_incomplete_ones_count():
    known_at = np.arange(1, 61) * HOUR + 6 * HOUR  # 07:00 of day one to 18:00 of day three
    assert daily.last_of_days(known_at).tolist() == [17, 41, 59]
    equity = np.linspace(101, 160, 60)
    found = daily.daily_returns(known_at, equity, 100.0)
    assert np.prod(1 + found) * 100 == pytest.approx(160)
    assert daily.daily_returns(NOTHING.astype(int), NOTHING, 100.0).tolist() == []


def test_days_without_a_bar_are_no_days():
    known_at = np.array([24, 24 * 5]) * HOUR
    assert len(daily.daily_returns(known_at, np.array([1.0, 2.0]), 1.0)) == 2


def test_ruin_has_a_drawdown_that_never_ends():
    equity = np.array([120.0, 0.0, 0.0, 0.0])
    assert drawdown.longest_drawdown(equity, 100.0) == 3
    assert drawdown.ulcer_index(equity, 100.0) == pytest.approx(math.sqrt(3 / 4))


def test_no_drawdown():
    assert drawdown.longest_drawdown(np.array([100.0, 101.0]), 100.0) == 0
    assert drawdown.ulcer_index(np.array([100.0, 101.0]), 100.0) == 0.0
    assert drawdown.longest_drawdown(NOTHING, 100.0) == 0
    assert math.isnan(drawdown.ulcer_index(NOTHING, 100.0))


def test_tails_of_one_bar_of_nothing_and_of_nan():
    assert tails.value_at_risk(np.array([-0.1])) == -0.1
    assert tails.expected_shortfall(np.array([-0.1, 0.3])) == -0.1
    for function in (tails.value_at_risk, tails.expected_shortfall, tails.tail_ratio):
        assert math.isnan(function(NOTHING))
        assert math.isnan(function(np.array([0.1, NAN, -0.2])))
    assert math.isnan(tails.tail_ratio(np.zeros(50)))  # empyrical divides zero by zero


def test_a_benchmark_that_stands_still():
    moves, still = np.array([0.01, -0.02, 0.03]), np.full(3, 0.1)
    assert math.isnan(relative.beta(moves, still))
    assert math.isnan(relative.alpha(moves, still, 365.0))
    assert math.isnan(relative.information_ratio(moves, moves, 365.0))
    assert relative.tracking_error(moves, moves, 365.0) == 0.0
    assert math.isnan(relative.beta(moves[:1], still[:1]))
    assert math.isnan(relative.tracking_error(moves[:1], still[:1], 365.0))


def test_nothing_lost_nothing_won():
    wins = np.array([1.0, 2.0])
    for pnl in (wins, -wins, np.zeros(3), NOTHING):
        assert math.isnan(trades.payoff_ratio(pnl))
        assert math.isnan(trades.kelly_fraction(pnl))
    assert trades.longest_streak(wins, winning=True) == 2
    assert trades.longest_streak(wins, winning=False) == 0
    assert trades.longest_streak(NOTHING, winning=True) == 0
    assert trades.longest_streak(np.array([1.0, 0.0, 1.0]), winning=True) == 1


def test_kelly_by_hand():
    pnl = np.array([3.0, 3.0, -2.0, -2.0, 0.0])  # p = 1/2, payoff = 3/2
    assert trades.kelly_fraction(pnl) == pytest.approx(0.5 - 0.5 / 1.5)


def test_a_window_that_does_not_vary_has_no_sharpe_ratio():
    found = rolling.rolling_sharpe(np.array([0.1, 0.1, 0.1, 0.2]), 2, 1.0)
    assert np.isnan(found).tolist() == [True, True, True, False]
    assert np.isnan(rolling.rolling_sharpe(np.zeros(3), 5, 1.0)).all()


def held(direction: int, entry: float, leaving: float, rows=(1, 3)) -> excursions.Held:
    values = (0, direction, *rows, entry, leaving)
    return excursions.Held(*(np.array([value]) for value in values))


def test_excursions_of_a_short_and_of_one_bar():
    high, low = (
        np.array([[9.0], [110.0], [105.0], [999.0]]),
        np.array([[1.0], [95.0], [80.0], [1.0]]),
    )
    short = excursions.excursions(high, low, held(-1, 100.0, 90.0))
    assert short.adverse[0] == pytest.approx(-0.1)
    assert short.favourable[0] == pytest.approx(0.2)
    stopped = excursions.excursions(high, low, held(1, 100.0, 98.0, rows=(1, 1)))
    assert stopped.adverse[0] == pytest.approx(-0.02)  # the bar's range is not known to be before
    assert stopped.favourable[0] == 0.0


def test_excursions_pass_over_bars_that_a_symbol_does_not_have():
    high, low = np.array([[NAN], [105.0]]), np.array([[NAN], [90.0]])
    found = excursions.excursions(high, low, held(1, 100.0, 101.0, rows=(0, 2)))
    assert (found.adverse[0], found.favourable[0]) == (pytest.approx(-0.1), pytest.approx(0.05))


def test_statistics_of_nothing_are_not_numbers_and_of_days_are():
    empty = statistics(NOTHING, NOTHING)
    assert empty.days == 0
    assert math.isnan(empty.sharpe_ratio)
    assert empty.as_dict()["beta"] is None
    moves = np.random.default_rng(1).normal(0.002, 0.02, 400)
    full = statistics(moves, moves / 2)
    assert full.beta == pytest.approx(2.0)
    assert full.days == 400
    assert all(value is not None for value in full.as_dict().values())


def test_statistics_refuse_series_of_different_lengths():
    with pytest.raises(ValueError, match="expected 5 days"):
        statistics(np.zeros(5), np.zeros(4))
