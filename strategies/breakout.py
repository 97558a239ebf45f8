"""Breakout of a price channel (Donchian 1960; Faith 2007, the Turtles' system 1)."""

import numpy as np

from xq import Bars, Strategy, latch, param
from xq import indicators as ta


class Breakout(Strategy):
    """Long from a close above the highest high of the bars before, until one below a nearer low.

    The Turtles bought the moment the price passed; here the close decides and the next open fills,
    later and dearer. Their position sizing, pyramids and skipped winners are left out.
    """

    enter: int = param(20, low=2, high=1000, unit="bars")
    leave: int = param(10, low=2, high=1000, unit="bars")
    max_bars: int = param(240, low=1, high=2000, unit="bars")
    short: bool = param(False)

    @property
    def lookback(self) -> int:
        channel = max(ta.donchian.memory(self.enter), ta.donchian.memory(self.leave))
        return channel + 1 + self.max_bars - 1  # the channel is that of the bar before

    def target_weights(self, bars: Bars):
        outer, inner = ta.donchian(bars, self.enter), ta.donchian(bars, self.leave)
        above, below = bars.close > _before(outer.upper), bars.close < _before(outer.lower)
        weights = 1.0 * latch(above, bars.close < _before(inner.lower), self.max_bars)
        if self.short:
            weights -= latch(below, bars.close > _before(inner.upper), self.max_bars)
        return weights / len(bars.symbols)


def _before(series: np.ndarray) -> np.ndarray:
    return np.vstack([np.full((1, series.shape[1]), np.nan), series[:-1]])
