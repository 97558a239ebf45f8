"""The bootstrap's exam: how often its 90 % interval for the mean covers the true one.

    .venv/bin/python tests/support/bootstrap_exam.py [SERIES] [FIRST_SEED]

Paths and block lengths are those of ``xq montecarlo``. The true mean is 0. Single draws stand
beside it: what they cover shows that the exam can tell.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from xq.backtest.montecarlo import resample

DAYS, PATHS, LEVEL = 500, 400, 0.9
_BURNT = 200

Process = Callable[[np.random.Generator], np.ndarray]


def autoregressive(rng: np.random.Generator) -> np.ndarray:
    """AR(1) with 0.3."""
    noise = rng.normal(size=DAYS + _BURNT)
    values = np.zeros(len(noise))
    for i in range(1, len(noise)):
        values[i] = 0.3 * values[i - 1] + noise[i]
    return values[_BURNT:]


def clustered(rng: np.random.Generator) -> np.ndarray:
    """GARCH(1,1) with 0.1 and 0.85, of variance 1."""
    noise = rng.normal(size=DAYS + _BURNT)
    values, variance = np.zeros(len(noise)), 1.0
    for i, shock in enumerate(noise):
        values[i] = np.sqrt(variance) * shock
        variance = 0.05 + 0.1 * values[i] ** 2 + 0.85 * variance
    return values[_BURNT:]


LEAST: dict[str, tuple[Process, float]] = {
    "AR(0.3)": (autoregressive, 0.87),
    "GARCH(1,1)": (clustered, 0.85),
}


@dataclass(frozen=True, slots=True)
class Covered:
    """Shares of the intervals that hold the true mean."""

    blocks: float
    single: float


def coverage(process: Process, series: int, first_seed: int) -> Covered:
    """Of as many series, each with a seed of its own."""
    hits = np.zeros(2)
    for seed in range(first_seed, first_seed + series):
        rng = np.random.default_rng(seed)
        days = process(rng)
        for place, block in enumerate((None, 1.0)):
            means = resample(days, PATHS, rng, block)[0].mean(axis=1)
            low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
            hits[place] += low <= 0.0 <= high
    return Covered(*(hits / series).tolist())


def main(series: int = 2000, first_seed: int = 1) -> int:
    """Print what is covered; 1 if that is too little."""
    failed = 0
    for name, (process, least) in LEAST.items():
        found = coverage(process, series, first_seed)
        error = np.sqrt(found.blocks * (1 - found.blocks) / series)
        print(
            f"{name:11} {found.blocks:.3f} ± {error:.3f} of {series} intervals cover the mean, at "
            f"least {least}; single draws {found.single:.3f}"
        )
        failed += found.blocks < least
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
