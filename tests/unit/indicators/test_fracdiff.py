"""Fractional differencing against three oracles; the test of a unit root; orders per fold."""

import numpy as np
import pytest
from scipy.special import binom

from xq.errors import UsageError
from xq.indicators import frac_diff
from xq.indicators.fracdiff import differenced, least_order, weights
from xq.indicators.unit_root import unit_root


@pytest.mark.parametrize("order", [0.1, 0.35, 0.7, 1.3, 1.9])
def test_weights_are_the_binomial_series(order: float) -> None:
    used = weights(order)
    k = np.arange(len(used))
    assert np.abs(used - (-1.0) ** k * binom(order, k)).max() <= 1e-14
    assert np.abs(used).min() >= 1e-4 > abs((-1.0) ** len(used) * binom(order, len(used)))


def test_two_orders_after_each_other_are_their_sum() -> None:
    first, second, both = (_uncut(order, 400) for order in (0.3, 0.4, 0.7))
    assert np.abs(np.convolve(first, second)[:400] - both).max() <= 1e-14


def _uncut(order: float, count: int) -> np.ndarray:
    k = np.arange(1, count)
    return np.concatenate([[1.0], np.cumprod((k - 1 - order) / k)])


def test_order_one_is_the_difference_and_the_transform_agrees() -> None:
    series = np.cumsum(np.random.default_rng(1).normal(size=3000))
    np.testing.assert_array_equal(differenced(series, weights(1.0))[1:], np.diff(series))
    used = weights(0.4)
    size = 8192
    product = np.fft.rfft(series, size) * np.fft.rfft(used, size)
    by_fourier = np.fft.irfft(product, size)[len(used) - 1 : 3000]
    plain = differenced(series, used)
    assert np.isnan(plain[: len(used) - 1]).all()
    assert np.abs(plain[len(used) - 1 :] - by_fourier).max() <= 1e-11


def test_lengths_that_explode_are_refused() -> None:
    assert len(weights(0.4, 1e-5)) == 1458
    with pytest.raises(UsageError, match="at most 10000 weights"):
        weights(0.01, 1e-8)


def test_it_takes_what_pandas_hands_out_read_only() -> None:
    import pandas as pd

    close = pd.Series(np.exp(np.random.default_rng(2).normal(size=900).cumsum() / 100)).to_numpy()
    close.flags.writeable = False
    assert np.isfinite(frac_diff(close, 0.4)[-1])


STATSMODELS = [
    # seed, rows, series, statistic by AIC, lags, 5 % value, statistic with one lag; 0.15.0
    (1, 300, "walk", 0.3551705807330834, 8, -2.871523926671883, -0.08978705791193584),
    (1, 300, "pull", -2.979834317145288, 1, -2.871288184343229, -2.979834317145288),
    (2, 1000, "walk", -1.5673237896066607, 0, -2.864437475834273, -1.5335964569021057),
    (3, 2500, "walk", -1.536631875710529, 0, -2.8626972631809684, -1.6392853962880602),
    (3, 2500, "pull", -8.321556285237014, 5, -2.862699584647827, -9.990444575481142),
]


@pytest.mark.parametrize("case", STATSMODELS, ids=lambda case: f"{case[2]}-{case[1]}")
def test_the_unit_root_test_gives_the_figures_of_statsmodels(case: tuple) -> None:
    seed, rows, kind, statistic, lags, critical, fixed = case
    chance = np.random.default_rng(seed)
    walk = np.cumsum(chance.normal(size=rows)) * 0.7 + np.cumsum(chance.normal(size=rows) * 0.01)
    noise, pull = chance.normal(size=rows), np.zeros(rows)
    for t in range(2, rows):
        pull[t] = 0.9 * pull[t - 1] - 0.2 * (pull[t - 1] - pull[t - 2]) + noise[t]
    series = walk if kind == "walk" else pull
    found = unit_root(series)
    assert found.lags == lags
    assert found.statistic == pytest.approx(statistic, abs=1e-10)
    assert found.critical == pytest.approx(critical, abs=1e-12)
    assert unit_root(series, rule="fixed", lags=1).statistic == pytest.approx(fixed, abs=1e-10)


def test_the_order_is_of_the_fold_and_says_how_it_was_found() -> None:
    """What comes after the fold cannot matter: it is not given. Folds differ, and so do rules."""
    chance = np.random.default_rng(7)
    series = np.cumsum(chance.normal(size=6000) * np.repeat([1.0, 3.0, 0.3], 2000))
    series[:2000] = chance.normal(size=2000)  # comes back by itself
    folds = [least_order(series[k : k + 2000], cut=1e-3) for k in (0, 2000, 4000)]
    assert folds[0].order == 0.0
    assert folds[1].order is not None
    assert folds[1].order > 0.0
    plain = least_order(series[2000:4000], cut=1e-3, rule="fixed", lags=1)
    assert (plain.test.rule, plain.test.lags, folds[1].test.rule) == ("fixed", 1, "aic")
    text = str(plain)
    for part in ("ADF", "1 lags by fixed", "cut 0.001", f"width {plain.width}", "2000 rows"):
        assert part in text
    assert 0 < plain.correlation <= 1


def test_what_cannot_be_tested_is_refused() -> None:
    for series, message in [
        (np.arange(5.0), "at least"),
        (np.ones(400), "constant"),
        (np.arange(400.0), "repeats itself"),
    ]:
        with pytest.raises(UsageError, match=message):
            unit_root(series)
    with pytest.raises(UsageError, match="rule of aic, fixed"):
        unit_root(np.arange(400.0), rule="bic")
    with pytest.raises(UsageError, match="finite"):
        least_order(np.array([1.0, np.nan, 2.0]))
    with pytest.raises(UsageError, match="at least"):
        least_order(np.arange(20.0))
