"""Pairs: one symbol against the mean of all (Gatev, Goetzmann & Rouwenhorst 2006)."""

import numpy as np

from xq import Bars, Strategy, latch, param
from xq import indicators as ta


class Pairs(Strategy):
    """Buy what fell far behind the others, sell what ran ahead; out when they meet again.

    With two symbols this is the paper's trade: both legs open and close together. It chooses no
    pairs, give it symbols that belong together. Only with short=true is it hedged; without, it
    buys the laggard alone. With one symbol there is nothing to compare and it stays flat.
    """

    window: int = param(168, low=5, high=2000, unit="bars")
    enter: float = param(2.0, low=0.1, high=6.0, unit="standard deviations")
    leave: float = param(0.0, low=-3.0, high=3.0, unit="standard deviations")
    max_bars: int = param(168, low=1, high=2000, unit="bars")
    short: bool = param(False)

    @property
    def lookback(self) -> int:
        return ta.zscore.memory(self.window) + self.max_bars - 1

    def check(self) -> None:
        if self.leave >= self.enter:
            raise ValueError(f"leave must be below enter, found {self.leave} and {self.enter}")

    def target_weights(self, bars: Bars):
        price = np.log(bars.close)
        spread = price - price.mean(axis=1, keepdims=True)  # unknown while any symbol is
        score = ta.zscore(spread, self.window)
        weights = 1.0 * latch(score < -self.enter, score > -self.leave, self.max_bars)
        if self.short:
            weights -= latch(score > self.enter, score < self.leave, self.max_bars)
        return weights / len(bars.symbols)
