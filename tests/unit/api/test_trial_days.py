"""Which trials are compared, and on which days."""

import numpy as np
import pytest

from xq.api.trial_days import daily, judged
from xq.metrics.returns import sharpe_ratio
from xq.timeframe import DAY_MS


def curve(days: int, seed: int, *, first: int = 0, edge: float = 0.0):
    moves = np.random.default_rng(seed).normal(edge, 0.01, days)
    return (first + 1 + np.arange(days)) * DAY_MS, 100.0 * np.cumprod(1 + moves)


def trial(*args, **kwargs):
    return daily("x", *curve(*args, **kwargs), 100.0)


def spread(trials):
    return [sharpe_ratio(one.returns) for one in trials]


def test_days_are_those_that_a_bar_ends_in():
    found = trial(3, 1, first=10)
    assert found.days.tolist() == [10, 11, 12]


def test_a_single_run_has_no_overfitting_and_is_not_deflated():
    found = judged(trial(100, 1), [])
    assert found.trials == 1
    assert found.probability_of_overfitting is None
    assert found.deflated_sharpe_ratio == found.probabilistic_sharpe_ratio


def test_trials_of_the_same_days_are_compared_and_longer_ones_cut():
    others = [trial(100, seed) for seed in range(2, 5)] + [trial(150, 9, first=-20)]
    found = judged(trial(100, 1, edge=0.005), others)
    assert found.trials == 5
    assert found.probability_of_overfitting < 0.1


@pytest.mark.parametrize("other", [(60, 2, 0), (100, 2, 50)], ids=["shorter", "later"])
def test_trials_of_other_days_count_but_are_not_compared(other):
    days, seed, first = other
    found = judged(trial(100, 1), [trial(days, seed, first=first)])
    assert found.trials == 2
    assert found.probability_of_overfitting is None


def test_too_few_days_are_not_split():
    found = judged(trial(31, 1), [trial(31, 2)])
    assert found.probability_of_overfitting is None


def test_more_trials_deflate_more():
    values = [
        judged(trial(300, 1, edge=0.001), [trial(300, k) for k in range(2, 2 + n)])
        for n in (0, 5, 50)
    ]
    deflated = [found.deflated_sharpe_ratio_2026 for found in values]
    assert deflated == sorted(deflated, reverse=True)
    assert deflated[0] - deflated[2] > 0.3


def test_a_trial_without_days_counts_and_spreads_like_one_with_other_days():
    own, others = trial(300, 1, edge=0.001), [trial(60, k) for k in range(2, 12)]
    kept, told = judged(own, others), judged(own, [], spread(others))
    assert told == kept
    assert told.trials == 11
    unknown = judged(own, [], [float("nan")] * 10)
    assert unknown.trials == 11
    assert unknown.deflated_sharpe_ratio_2026 == told.deflated_sharpe_ratio_2026
