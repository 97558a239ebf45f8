"""Wavelet denoising: Stein's estimate is unbiased and minimised, and nothing looks ahead."""

import numpy as np
import pytest

from xq.indicators import ema, wavelet
from xq.indicators.wavelets import thresholds


def shrunk(values: np.ndarray, threshold: float) -> np.ndarray:
    return np.sign(values) * np.maximum(np.abs(values) - threshold, 0.0)


def risk(values: np.ndarray, threshold: float) -> float:
    """Stein's estimate as it is written down, for noise of 1."""
    small = np.minimum(np.abs(values), threshold)
    return len(values) - 2 * int((np.abs(values) <= threshold).sum()) + float((small**2).sum())


def test_steins_estimate_is_unbiased() -> None:
    means = np.concatenate([np.zeros(90), np.full(10, 4.0)])
    chance = np.random.default_rng(2)
    draws = means + chance.normal(size=(4000, 100))
    errors = np.array([risk(x, 1.5) - ((shrunk(x, 1.5) - means) ** 2).sum() for x in draws])
    assert abs(errors.mean()) < 3 * errors.std() / np.sqrt(len(errors))


@pytest.mark.parametrize("noise", [1.0, 0.3, 7.0])
def test_the_threshold_is_the_exact_minimum(noise: float) -> None:
    chance = np.random.default_rng(2)
    rows = noise * chance.standard_t(3, size=(40, 64))
    found = thresholds(rows, np.full(40, noise))
    for row, threshold in zip(rows / noise, found.sure / noise, strict=True):
        best = min(risk(row, t) for t in np.abs(row))
        assert risk(row, float(threshold)) == pytest.approx(best, abs=1e-9)
        assert best <= min(risk(row, t) for t in np.linspace(0.01, 4, 200)) + 0.5
    np.testing.assert_allclose(found.universal, noise * np.sqrt(2 * np.log(64)))


def test_the_rule_takes_the_universal_threshold_for_noise_alone() -> None:
    chance = np.random.default_rng(3)
    noise = chance.normal(size=(300, 256))
    signal = noise + np.where(chance.random((300, 256)) < 0.4, 5.0, 0.0)
    for rows, wanted in ((noise, "universal"), (signal, "sure")):
        found = thresholds(rows, np.ones(300))
        assert np.mean(found.hybrid == getattr(found, wanted)) > 0.99


def haar(series: np.ndarray) -> list[np.ndarray]:
    """Orthonormal Haar details from fine to coarse, then the rest."""
    parts = []
    while len(series) > 32:
        even, odd = series[::2], series[1::2]
        parts.append((even - odd) / np.sqrt(2))
        series = (even + odd) / np.sqrt(2)
    return [*parts, series]


def signals() -> dict[str, np.ndarray]:
    """Donoho & Johnstone 1994, table 1; 2048 points, standard deviation 7."""
    t = np.arange(1, 2049) / 2048
    at = np.array([0.1, 0.13, 0.15, 0.23, 0.25, 0.40, 0.44, 0.65, 0.76, 0.78, 0.81])
    steps = np.array([4, -5, 3, -4, 5, -4.2, 2.1, 4.3, -3.1, 2.1, -4.2])
    peaks = np.array([4, 5, 3, 4, 5, 4.2, 2.1, 4.3, 3.1, 5.1, 4.2])
    widths = np.array([5, 5, 6, 10, 10, 30, 10, 10, 5, 8, 5]) / 1000
    found = {
        "blocks": ((1 + np.sign(t[:, None] - at)) / 2) @ steps,
        "bumps": (1 + np.abs((t[:, None] - at) / widths)) ** -4 @ peaks,
        "heavisine": 4 * np.sin(4 * np.pi * t) - np.sign(t - 0.3) - np.sign(0.72 - t),
        "doppler": np.sqrt(t * (1 - t)) * np.sin(2 * np.pi * 1.05 / (t + 0.05)),
    }
    return {name: 7 * signal / signal.std() for name, signal in found.items()}


@pytest.mark.parametrize("name", ["blocks", "bumps", "heavisine", "doppler"])
def test_stein_beats_the_universal_threshold_on_the_known_signals(name: str) -> None:
    """The transform is orthonormal, so that errors of coefficients are errors of the signal."""
    clean = haar(signals()[name])
    error = {"sure": 0.0, "hybrid": 0.0, "universal": 0.0}
    for seed in range(10):
        noisy = haar(signals()[name] + np.random.default_rng(seed).normal(size=2048))
        for true, seen in zip(clean[:-1], noisy[:-1], strict=True):
            found = thresholds(seen[None], np.ones(1))
            for rule in error:
                error[rule] += ((shrunk(seen, getattr(found, rule)[0]) - true) ** 2).sum()
    assert error["sure"] < error["universal"]
    assert error["hybrid"] < error["universal"]


def test_levels_add_up_to_the_series() -> None:
    """Without noise in the finest level (two bars alike) nothing is shrunk away."""
    series = np.repeat(np.random.default_rng(4).normal(size=300), 2) + 50.0
    exact = wavelet(series, levels=1, length=16)
    settled = ~np.isnan(exact)
    assert settled.sum() == 600 - 17 + 1
    steps = np.abs(exact - series)[settled]
    assert np.median(steps) <= 1e-12


def test_on_a_random_walk_it_knows_nothing_and_its_leaking_twin_does() -> None:
    right, leaked, count = 0, 0, 0
    for seed in range(20):
        moves = np.random.default_rng(seed).normal(size=3001)
        walk = 1000 + np.cumsum(moves)
        plain = wavelet(walk)
        both = (plain + wavelet(walk[::-1])[::-1]) / 2  # from the other end as well
        settled = np.arange(200, 2800)
        later = np.sign(moves[settled + 1])
        right += int((np.sign(plain[settled] - plain[settled - 1]) == later).sum())
        leaked += int((np.sign(both[settled + 1] - both[settled - 1]) == later).sum())
        count += len(settled)
    assert abs(right / count - 0.5) < 3 * 0.5 / np.sqrt(count)
    assert leaked / count > 0.6


def test_it_follows_a_slow_wave_about_as_well_as_an_average_tuned_to_it() -> None:
    wave = 2 * np.sin(2 * np.pi * np.arange(20_000) / 128)
    noisy = 100 + wave + np.random.default_rng(5).normal(size=20_000)

    def error(values: np.ndarray) -> float:
        return float(np.sqrt(np.mean((values - 100 - wave)[500:] ** 2)))

    tuned = min(error(ema(noisy, length)) for length in (5, 7, 9, 12, 15))
    assert error(wavelet(noisy, levels=3)) <= 0.45
    assert error(wavelet(noisy, levels=3)) <= 1.05 * tuned


def test_it_takes_what_pandas_hands_out_read_only() -> None:
    import pandas as pd

    close = pd.Series(np.random.default_rng(6).normal(100, 1, 500)).to_numpy()
    close.flags.writeable = False
    assert np.isfinite(wavelet(close)[-1])
