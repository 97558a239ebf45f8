"""The seeded series that both xq and the recorded libraries were given."""

import numpy as np

AR_CASES = [
    (500, 0.0, 1),
    (500, 0.3, 2),
    (1000, 0.6, 3),
    (2500, 0.9, 4),
    (250, -0.4, 5),
    (60, 0.5, 6),
]
SPA_CASES = [(1, 0.0), (2, 0.0), (3, 0.0008), (4, 0.0015), (5, -0.001), (6, 0.0004)]
PBO_CASES = [(256, 12, seed, 8) for seed in range(8)] + [(160, 20, 9, 10), (96, 6, 10, 6)]
LABELS = np.minimum(np.arange(80) + np.random.default_rng(11).integers(0, 6, 80), 79)


def ar(rows: int, rho: float, seed: int) -> np.ndarray:
    """An autoregression of order one."""
    noise = np.random.default_rng(seed).normal(size=rows)
    values = np.empty(rows)
    last = 0.0
    for k in range(rows):
        last = values[k] = rho * last + noise[k]
    return values


def spa_case(seed: int, edge: float) -> tuple[np.ndarray, np.ndarray]:
    """Eight trials, one with an edge, one hopeless, and a benchmark."""
    rng = np.random.default_rng(seed)
    returns = rng.normal(0.0, 0.01, (400, 8))
    returns[:, 3] += edge
    returns[:, 5] -= 0.004
    return returns, rng.normal(0.0, 0.01, 400)


def trials(rows: int, count: int, seed: int) -> np.ndarray:
    """Trials of which the first has a little skill."""
    returns = np.random.default_rng(seed).standard_t(4, (rows, count)) * 0.01
    returns[:, 0] += 0.0008
    return returns
