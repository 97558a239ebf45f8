"""Probabilistic and deflated Sharpe ratio against published numbers."""

import math

import numpy as np
import pytest

from xq.metrics import overfit
from xq.metrics.returns import sharpe_ratio

DAYS = 250


@pytest.mark.parametrize(
    ("skewness", "kurtosis", "trials", "expected"),
    [(-3.0, 10.0, 100, 0.9004), (-3.0, 10.0, 46, 0.9505), (0.0, 3.0, 88, 0.9505)],
)
def test_the_example_of_bailey_and_lopez_de_prado_2014(skewness, kurtosis, trials, expected):
    value = overfit.deflated_sharpe(
        2.5 / math.sqrt(DAYS), 1250, skewness, kurtosis, 0.5 / DAYS, trials
    )
    assert value == pytest.approx(expected, abs=5e-5)


def test_the_benchmark_of_that_example():
    assert overfit.expected_maximum(0.5 / DAYS, 100) == pytest.approx(0.1132, abs=5e-5)


@pytest.mark.parametrize(
    ("trials", "expected"), [(10, 1.575), (45, 2.236), (100, 2.531), (1000, 3.255)]
)
def test_expected_maximum_of_normals(trials, expected):
    assert overfit.expected_maximum(1.0, trials) == pytest.approx(expected, abs=5e-4)


@pytest.mark.parametrize(
    ("skewness", "kurtosis", "expected"), [(-2.448, 10.164, 0.913), (0, 3, 0.982)]
)
def test_the_hedge_fund_of_2012(skewness, kurtosis, expected):
    value = overfit.probabilistic_sharpe(0.458, 24, skewness, kurtosis)  # as printed there
    assert value == pytest.approx(expected, abs=5e-4)


def test_excess_kurtosis_in_the_formula_would_be_noticed():
    wrong = overfit.deflated_sharpe(2.5 / math.sqrt(DAYS), 1250, -3, 7, 0.5 / DAYS, 100)
    assert wrong == pytest.approx(0.9018, abs=5e-5)
    assert wrong != pytest.approx(0.9004, abs=5e-4)


def test_the_only_trial_is_not_deflated():
    moves = np.random.default_rng(1).normal(0.001, 0.01, 500)
    alone = overfit.deflated_from(moves, np.array([sharpe_ratio(moves)]))
    skewness, kurtosis = overfit.moments(moves)
    assert alone == overfit.probabilistic_sharpe(sharpe_ratio(moves), 500, skewness, kurtosis)


def test_more_trials_deflate_more():
    moves = np.random.default_rng(2).normal(0.001, 0.01, 500)
    others = np.random.default_rng(3).normal(0, 0.05, 200)
    own = sharpe_ratio(moves)
    values = [overfit.deflated_from(moves, np.array([own, *others[:n]])) for n in (0, 20, 200)]
    assert values == sorted(values, reverse=True)
    assert values[0] > values[2] + 0.2


def test_flat_returns_have_no_probability():
    assert math.isnan(overfit.deflated_from(np.zeros(10), np.array([float("nan")])))


def test_moments_are_scipys():
    from scipy import stats

    moves = np.random.default_rng(5).standard_t(4, 2000)
    skewness, kurtosis = overfit.moments(moves)
    assert skewness == pytest.approx(stats.skew(moves), rel=1e-12)
    assert kurtosis == pytest.approx(stats.kurtosis(moves, fisher=False), rel=1e-12)
