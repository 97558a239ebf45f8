"""Crossing of two simple averages, with a band (Brock, Lakonishok & LeBaron 1992, rule VMA)."""

import numpy as np

from xq import Bars, Strategy, param
from xq import indicators as ta


class MaCrossover(Strategy):
    """Long while the fast average is above the slow one by more than a band; flat inside it.

    The band keeps out of the market while the averages are entangled. The paper's own rule is
    (2, 200, 0.01) on daily bars of an index, before costs; what it earned there says nothing here.
    """

    fast: int = param(2, low=2, high=200, unit="bars")
    slow: int = param(200, low=3, high=1000, unit="bars")
    band: float = param(0.01, low=0.0, high=0.2, unit="fraction of the slow average")
    short: bool = param(False)

    @property
    def lookback(self) -> int:
        return max(ta.sma.memory(self.fast), ta.sma.memory(self.slow))

    def check(self) -> None:
        if self.fast >= self.slow:
            raise ValueError(f"fast must be below slow, found {self.fast} and {self.slow}")

    def target_weights(self, bars: Bars):
        slow = ta.sma(bars.close, self.slow)
        distance = ta.sma(bars.close, self.fast) / slow - 1
        weights = np.where(distance > self.band, 1.0, 0.0)
        if self.short:
            weights -= np.where(distance < -self.band, 1.0, 0.0)
        return weights / len(bars.symbols)
