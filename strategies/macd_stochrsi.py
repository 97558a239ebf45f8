"""MACD for direction, StochRSI for timing (Appel 2005; Chande & Kroll 1994)."""

from xq import Bars, Strategy, latch, param
from xq import indicators as ta


class MacdStochRsi(Strategy):
    """Enter a trend after a pause in it: MACD says where to, StochRSI that the pause is over."""

    fast: int = param(12, low=2, high=200, unit="bars")
    slow: int = param(26, low=5, high=500, unit="bars")
    signal: int = param(9, low=2, high=100, unit="bars")
    length: int = param(14, low=2, high=100, unit="bars")
    oversold: float = param(20.0, low=1.0, high=50.0)
    max_bars: int = param(72, low=1, high=1000, unit="bars")
    short: bool = param(False)

    @property
    def lookback(self) -> int:
        trend = ta.macd.memory(self.fast, self.slow, self.signal)
        timing = ta.stochrsi.memory(self.length, self.length) + 1  # a cross looks one bar back
        return max(trend, timing) + self.max_bars - 1

    def check(self) -> None:
        if self.fast >= self.slow:
            raise ValueError(f"fast must be below slow, found {self.fast} and {self.slow}")

    def target_weights(self, bars: Bars):
        up = ta.macd(bars.close, self.fast, self.slow, self.signal).histogram
        k = ta.stochrsi(bars.close, self.length, self.length).k
        bought = ta.cross_above(k, self.oversold) & (up > 0)
        weights = 1.0 * latch(bought, up < 0, self.max_bars)
        if self.short:
            sold = ta.cross_below(k, 100 - self.oversold) & (up < 0)
            weights -= latch(sold, up > 0, self.max_bars)
        return weights / len(bars.symbols)
