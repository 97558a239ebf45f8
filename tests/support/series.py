"""Compare indicator values with those of another implementation."""

import numpy as np

SETTLED = 1000
"""Bars after which no start is remembered."""


def same(found: np.ndarray, expected: object, start: int = 0) -> None:
    ours = np.asarray(found)[:, 0] if np.ndim(found) == 2 else np.asarray(found)
    theirs = np.asarray(expected, dtype=float)
    assert np.array_equal(np.isnan(ours[start:]), np.isnan(theirs[start:]))
    np.testing.assert_allclose(ours[start:], theirs[start:], rtol=1e-9, atol=1e-9)


def recursive(values: np.ndarray, alpha: float, length: int) -> np.ndarray:
    """An exponential average by its definition, seeded with the mean of the first ``length``."""
    out = np.full(len(values), np.nan)
    first = int(np.argmax(np.isfinite(values)))
    at = first + length - 1
    out[at] = values[first : at + 1].mean()
    for t in range(at + 1, len(values)):
        out[t] = out[t - 1] + alpha * (values[t] - out[t - 1])
    return out
