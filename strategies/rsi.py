"""Return of the RSI from an extreme (Wilder 1978, section VI)."""

from xq import Bars, Strategy, latch, param
from xq import indicators as ta


class Rsi(Strategy):
    """Long when the RSI comes back above its lower level, until it is neutral; the mirror short.

    Waiting for the return is Wilder's own reading: in a strong trend the RSI stays extreme for
    long, and the level alone would buy all the way down.
    """

    length: int = param(14, low=2, high=200, unit="bars")
    oversold: float = param(30.0, low=1.0, high=49.0)
    neutral: float = param(55.0, low=50.0, high=90.0)
    max_bars: int = param(96, low=1, high=2000, unit="bars")
    short: bool = param(False)

    @property
    def lookback(self) -> int:
        return ta.rsi.memory(self.length) + 1 + self.max_bars - 1  # a cross looks one bar back

    def target_weights(self, bars: Bars):
        strength = ta.rsi(bars.close, self.length)
        bought = ta.cross_above(strength, self.oversold)
        weights = 1.0 * latch(bought, strength > self.neutral, self.max_bars)
        if self.short:
            sold = ta.cross_below(strength, 100 - self.oversold)
            weights -= latch(sold, strength < 100 - self.neutral, self.max_bars)
        return weights / len(bars.symbols)
