"""Significance against arch and purgedcv (recorded) and against the published tables."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from support.significance_cases import AR_CASES, PBO_CASES, SPA_CASES, ar, spa_case, trials

from xq.errors import UsageError
from xq.metrics import sharpe_inference as inference
from xq.metrics.bootstrap import block_length, stationary_bootstrap, stationary_indices
from xq.metrics.overfit import expected_maximum, probabilistic_sharpe
from xq.metrics.pbo import pbo
from xq.metrics.reality import long_run_variance, reality_check
from xq.metrics.returns import sharpe_ratio

RECORDED = json.loads((Path(__file__).parent / "oracles.json").read_text())
FUND = inference.Shape(-2.448, 10.164)
FUND_SHARPE = 0.036 / 0.079


def test_psr_of_2012_and_2026_on_the_same_fund():
    assert round(probabilistic_sharpe(0.458, 24, -2.448, 10.164), 3) == 0.913
    assert round(inference.probabilistic_sharpe_2026(FUND_SHARPE, 24, FUND), 3) == 0.987
    assert round(inference.probabilistic_sharpe_2026(FUND_SHARPE, 24, FUND, 0.1), 3) == 0.939


def test_standard_deviations_of_the_reference_code_of_2026():
    assert round(inference.sharpe_variance(FUND_SHARPE, 24, FUND) ** 0.5, 3) == 0.329
    assert round(inference.sharpe_variance(FUND_SHARPE, 24) ** 0.5, 3) == 0.214


def test_minimum_track_record_in_both_forms():
    assert round(inference.minimum_track_record_2026(FUND_SHARPE, FUND), 3) == 13.029
    assert round(inference.minimum_track_record(0.458, FUND), 1) == 34.6  # 0.458 as printed


@pytest.mark.parametrize(("bars", "years"), [(250, 2.73), (52, 2.83), (12, 3.24)])
def test_minimum_track_record_of_two_against_one(bars, years):
    found = inference.minimum_track_record(2 / bars**0.5, benchmark=1 / bars**0.5)
    assert round(found / bars, 2) == years


@pytest.mark.parametrize(("count", "years"), [(7, 1.92), (45, 5.00), (1000, 10.6)])
def test_minimum_backtest_length(count, years):
    assert inference.minimum_backtest_years(count) == pytest.approx(years, abs=6e-3)


@pytest.mark.parametrize("count", [10, 45, 100, 1000])
def test_expected_maximum_is_near_what_is_drawn(count):
    drawn = np.random.default_rng(count).normal(size=(4000, count)).max(axis=1).mean()
    assert expected_maximum(1.0, count) == pytest.approx(drawn, abs=0.06)


@pytest.mark.parametrize("count", [1, 2, 50, 1000, 10**6])
def test_variance_of_the_maximum_is_the_integral(count):
    from scipy import integrate, stats

    def moment(power):
        def density(z):
            return count * stats.norm.pdf(z) * stats.norm.cdf(z) ** (count - 1) * z**power

        return integrate.quad(density, -12, 12, points=[0, 2, 4, 5], epsabs=1e-13, limit=400)[0]

    assert inference.maximum_variance(count) == pytest.approx(moment(2) - moment(1) ** 2, abs=1e-9)


def test_variance_of_2026_by_hand():
    shape = inference.Shape(0.5, 4.0, 0.25)  # a = 5/3, b = 1.4, c = 17/15
    by_hand = (5 / 3 - 1.4 * 0.5 * 0.1 + 17 / 15 * 3 / 4 * 0.01) / 100
    assert inference.sharpe_variance(0.1, 100, shape) == pytest.approx(by_hand, rel=1e-12)


def test_autocorrelation_widens_the_test():
    alone = inference.probabilistic_sharpe_2026(0.1, 250, inference.Shape())
    dragged = inference.probabilistic_sharpe_2026(0.1, 250, inference.Shape(autocorrelation=0.3))
    assert dragged < alone


def test_no_record_is_long_enough_for_what_is_not_better():
    assert math.isinf(inference.minimum_track_record(0.1, benchmark=0.1))
    assert math.isinf(inference.minimum_track_record_2026(0.1, benchmark=0.2))
    assert math.isnan(inference.minimum_track_record(float("nan")))
    assert math.isnan(inference.minimum_track_record_2026(float("nan")))


def test_flat_returns_have_no_probability_in_the_new_form_either():
    assert math.isnan(inference.deflated_sharpe_2026(np.zeros(10), 1))


@pytest.mark.parametrize(("common", "least", "most"), [(0.0, 3, 27), (0.9, 0, 9)])
def test_the_new_form_is_calibrated_on_the_best_of_fifty(common, least, most):
    rng = np.random.default_rng(12)
    fired = 0
    for _ in range(300):
        shared = rng.standard_t(4, (500, 1))
        returns = (1 - common) ** 0.5 * rng.standard_t(4, (500, 50)) + common**0.5 * shared
        sharpes = returns.mean(axis=0) / returns.std(axis=0, ddof=1)
        fired += inference.deflated_sharpe_2026(returns[:, np.argmax(sharpes)], 50) > 0.95
    assert least <= fired <= most  # 5 % of 300 is 15; of related trials fewer


@pytest.mark.parametrize("case", range(len(AR_CASES)))
def test_block_lengths_are_those_of_arch(case):
    recorded = max(1.0, RECORDED["block_lengths"][case])
    assert block_length(ar(*AR_CASES[case])) == pytest.approx(recorded, rel=1e-10)


def test_constant_values_have_no_block_length():
    assert math.isnan(block_length(np.full(100, 0.1)))
    assert math.isnan(block_length(np.arange(9.0)))


def test_blocks_have_the_mean_length_asked_for_and_stay_in_order():
    drawn = stationary_indices(1000, 20.0, 200, np.random.default_rng(1))
    follows = drawn[:, 1:] == (drawn[:, :-1] + 1) % 1000
    assert 1 - follows.mean() == pytest.approx(1 / 20, rel=0.1)
    assert drawn.min() == 0
    assert drawn.max() == 999
    assert np.bincount(drawn.ravel(), minlength=1000).std() / 200 < 0.2  # no row is preferred


def test_columns_move_together():
    values = np.arange(50.0)[:, None] * np.array([1.0, 2.0])
    path = stationary_bootstrap(values, 5.0, 3, np.random.default_rng(2))
    assert path.shape == (3, 50, 2)
    assert (path[..., 1] == 2 * path[..., 0]).all()


def test_intervals_of_dependent_returns_cover_and_single_draws_do_not():
    blocks = singles = 0
    rng = np.random.default_rng(5)
    count = 250
    for seed in range(count):
        values = ar(500, 0.3, 1000 + seed)
        for block in (block_length(values), 1.0):
            means = stationary_bootstrap(values, block, 200, rng).mean(axis=1)
            low, high = np.quantile(means, [0.05, 0.95])
            blocks += (low <= 0.0 <= high) * (block > 1.0)
            singles += (low <= 0.0 <= high) * (block == 1.0)
    assert blocks / count >= 0.83  # 90 % wanted; 0.87 is what blocks reach at this length
    assert singles / count <= 0.80


@pytest.mark.parametrize("case", range(len(PBO_CASES)))
def test_pbo_is_that_of_purgedcv(case):
    *shape, splits = PBO_CASES[case]
    ours, recorded = pbo(trials(*shape), splits), RECORDED["pbo"][case]
    assert ours.probability == pytest.approx(recorded["probability"], abs=1e-12)
    assert ours.slope == pytest.approx(recorded["slope"], rel=1e-8)


def test_pbo_split_by_split_as_written():
    from itertools import combinations

    returns, splits = trials(50, 7, 3), 6  # blocks of unequal length
    blocks = np.split(returns, np.linspace(0, 50, splits + 1).round().astype(int)[1:-1])
    logits = []
    for chosen in combinations(range(splits), 3):
        inside = np.concatenate([blocks[k] for k in chosen])
        outside = np.concatenate([blocks[k] for k in range(splits) if k not in chosen])
        best = int(np.argmax([sharpe_ratio(column) for column in inside.T]))
        ranks = np.argsort(np.argsort([sharpe_ratio(column) for column in outside.T])) + 1
        share = ranks[best] / 8
        logits.append(math.log(share / (1 - share)))
    found = pbo(returns, splits)
    np.testing.assert_allclose(found.logits, logits, atol=1e-12)
    assert found.probability == np.mean(np.array(logits) <= 0)


def test_a_choice_exactly_at_the_median_counts_as_overfitted():
    returns = np.array([[0.0, 1.0, 2.0]] * 8) + np.array([[1.0], [-1.0]] * 4)
    returns = np.vstack([returns[:, [0, 2, 1]], returns])  # the best of one half is second there
    found = pbo(returns, 2)
    assert found.logits.tolist() == [0.0, 0.0]
    assert found.probability == 1.0


def test_pbo_of_noise_and_of_skill():
    noise = [pbo(np.random.default_rng(k).normal(size=(320, 20)), 8).probability for k in range(60)]
    assert np.mean(noise) == pytest.approx(0.5, abs=0.08)
    skill = np.random.default_rng(1).normal(size=(320, 20))
    skill[:, 4] += 0.5
    found = pbo(skill)
    assert found.probability < 0.01
    assert (found.chosen == 4).mean() > 0.99
    assert found.loss < 0.01


def test_trials_that_never_trade_neither_win_nor_break_pbo():
    returns = np.random.default_rng(2).normal(0.5, 1.0, (64, 4))
    returns[:, 2] = 0.0
    assert 2 not in pbo(returns, 8).chosen
    nothing = pbo(np.zeros((64, 4)), 8)
    assert nothing.probability == 1.0  # nothing tells one from the other
    assert math.isnan(nothing.slope)


@pytest.mark.parametrize(
    ("returns", "splits", "text"),
    [
        (np.zeros((64, 1)), 8, "at least two trials"),
        (np.zeros(64), 8, "at least two trials"),
        (np.zeros((64, 2)), 7, "even number"),
        (np.zeros((15, 2)), 8, "at least 16 rows"),
        (np.full((64, 2), np.nan), 8, "must be finite"),
    ],
)
def test_pbo_refuses(returns, splits, text):
    with pytest.raises(UsageError, match=text):
        pbo(returns, splits)


@pytest.mark.parametrize("case", range(len(SPA_CASES)))
def test_reality_check_is_that_of_arch(case):
    returns, benchmark = spa_case(*SPA_CASES[case])
    recorded = RECORDED["spa"][case]
    variance = long_run_variance(returns - benchmark[:, None], 10.0)
    np.testing.assert_allclose(variance, recorded["variance"], rtol=1e-9)
    found = reality_check(returns, benchmark, 1, block=10.0, paths=4000)
    assert found.white == pytest.approx(recorded["upper"], abs=0.03)
    assert found.lower <= found.consistent <= found.upper


def test_a_hopeless_trial_weakens_white_and_not_hansen():
    rng = np.random.default_rng(8)
    returns = rng.normal(0.0, 0.01, (500, 3))
    returns[:, 0] += 0.0011
    wild = np.column_stack([returns, rng.normal(-0.02, 0.08, 500)])
    alone, beside = (
        reality_check(values, np.zeros(500), 1, block=5.0) for values in (returns, wild)
    )
    assert beside.white > alone.white + 0.2
    assert beside.consistent == pytest.approx(alone.consistent, abs=0.03)


def test_size_of_hansens_test_on_noise():
    low = sum(
        reality_check(
            np.random.default_rng(seed).normal(size=(250, 10)), np.zeros(250), 1, paths=200
        ).consistent
        <= 0.1
        for seed in range(100)
    )
    assert low <= 20  # 10 wanted


def test_reality_check_gives_the_same_answer_for_the_same_seed():
    returns, benchmark = spa_case(1, 0.0)
    assert reality_check(returns, benchmark, 7) == reality_check(returns, benchmark, 7)


@pytest.mark.parametrize(
    ("returns", "benchmark", "text"),
    [
        (np.zeros((20, 2)), np.zeros(19), "needs .T, N. returns"),
        (np.zeros((5, 2)), np.zeros(5), "at least 10 bars"),
        (np.full((20, 2), np.inf), np.zeros(20), "finite"),
    ],
)
def test_reality_check_refuses(returns, benchmark, text):
    with pytest.raises(UsageError, match=text):
        reality_check(returns, benchmark, 1)


def test_trials_equal_to_the_benchmark_are_not_better():
    found = reality_check(np.zeros((50, 2)), np.zeros(50), 1)
    assert found.white == found.consistent == 1.0
