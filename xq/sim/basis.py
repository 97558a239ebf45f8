"""How far perpetual contracts stand from their coin, and the funding that follows from it."""

import math

import numpy as np

from xq.sim.spine import FIRST_DAY, Spine, generator
from xq.timeframe import DAY_MS, HOUR_MS

FUNDING_MS = 8 * HOUR_MS

_CHUNK = 512  # settlements drawn together
_MEMORY = 40  # earlier settlements that still matter; the weight of the next is below 0.2 %
_DECAY = 0.85
_SPREAD = 4.5e-4  # standard deviation of the basis
_MEAN = 1e-4
_TILT = 2e-3  # basis per unit of the last three days' log return: longs pay in rising markets
_WEIGHTS = _DECAY ** np.arange(_MEMORY) * math.sqrt(1 - _DECAY**2) * _SPREAD

INTEREST = 1e-4
DAMPER = 5e-4
CAP = 3e-3


class Basis:
    """Log distance between one perpetual and its coin; a line between 8-hour knots."""

    def __init__(self, spine: Spine, seed: int, base: str) -> None:
        self._spine = spine
        self._seed = seed
        self._base = base
        self._known: tuple[tuple[int, int], np.ndarray] | None = None

    def knots(self, first: int, last: int) -> np.ndarray:
        """Basis at settlements ``first`` to ``last`` (epoch ms / 8 h), float64 (last-first+1,)."""
        if self._known is not None and self._known[0] == (first, last):
            return self._known[1]
        shocks = self._shocks(first - _MEMORY + 1, last)
        swing = np.convolve(shocks, _WEIGHTS, mode="valid")
        knots: np.ndarray = swing + _MEAN + _TILT * self._trend(first, last)
        self._known = (first, last), knots
        return knots

    def at(self, ts: np.ndarray) -> np.ndarray:
        """Basis at ascending times, float64 like ``ts``."""
        first, last = int(ts[0]) // FUNDING_MS, int(ts[-1]) // FUNDING_MS + 1
        edges = np.arange(first, last + 1) * FUNDING_MS
        basis: np.ndarray = np.interp(ts, edges, self.knots(first, last))
        return basis

    def at_one(self, ts_ms: int) -> float:
        """Basis at one moment, much quicker than by `at`."""
        knot = ts_ms // FUNDING_MS
        before, after = (float(value) for value in self.knots(knot, knot + 1))
        slope = (after - before) / FUNDING_MS
        return slope * (ts_ms - knot * FUNDING_MS) + before

    def premium(self, settlement: int, until_ms: int) -> float:
        """Mean basis of the eight hours before a settlement, as far as ``until_ms``."""
        before, after = (float(knot) for knot in self.knots(settlement - 1, settlement))
        elapsed = (until_ms - (settlement - 1) * FUNDING_MS) / FUNDING_MS
        return before + (after - before) * min(max(elapsed, 0.0), 1.0) / 2

    def _shocks(self, first: int, last: int) -> np.ndarray:
        chunks = range(first // _CHUNK, last // _CHUNK + 1)
        name = f"basis {self._base}"
        drawn = [generator(self._seed, name, chunk).standard_normal(_CHUNK) for chunk in chunks]
        start = first - chunks[0] * _CHUNK
        shocks: np.ndarray = np.concatenate(drawn)[start : start + last - first + 1]
        return shocks

    def _trend(self, first: int, last: int) -> np.ndarray:
        """Three days' log return of the coin, as known a day before each settlement."""
        days = np.arange(first, last + 1) * FUNDING_MS // DAY_MS
        known = np.arange(days[0] - 1, days[-1])
        change = [self._level(day) - self._level(day - 3) for day in known.tolist()]
        trend: np.ndarray = np.array(change)[days - days[0]]
        return trend

    def _level(self, day: int) -> float:
        return self._spine.level(self._base, max(day, FIRST_DAY))


def funding_rate(premium: float) -> float:
    """Rate of one settlement: premium, pulled toward the interest rate, within the cap.

    Examples
    --------
    >>> funding_rate(0.0002), round(funding_rate(0.001), 6), round(funding_rate(-0.02), 6)
    (0.0001, 0.0005, -0.003)
    """
    pull = min(max(INTEREST - premium, -DAMPER), DAMPER)
    return min(max(premium + pull, -CAP), CAP)
