"""Breakout of the Bollinger bands (Bollinger 2001, ch. 16, method I: volatility breakout)."""

from xq import Bars, Strategy, latch, param
from xq import indicators as ta


class Bollinger(Strategy):
    """Long from a close above the upper band until one below the middle; the mirror image short."""

    length: int = param(20, low=5, high=500, unit="bars")
    width: float = param(2.0, low=0.5, high=5.0, unit="standard deviations")
    max_bars: int = param(240, low=1, high=2000, unit="bars")
    short: bool = param(False)

    @property
    def lookback(self) -> int:
        return ta.bbands.memory(self.length, self.width) + self.max_bars - 1

    def target_weights(self, bars: Bars):
        bands = ta.bbands(bars.close, self.length, self.width)
        weights = 1.0 * latch(bars.close > bands.upper, bars.close < bands.middle, self.max_bars)
        if self.short:
            weights -= latch(bars.close < bands.lower, bars.close > bands.middle, self.max_bars)
        return weights / len(bars.symbols)
