"""Mean reversion of a rolling z-score (Gatev, Goetzmann & Rouwenhorst 2006; Chan 2013, ch. 2)."""

from xq import Bars, Strategy, latch, param
from xq import indicators as ta


class MeanReversion(Strategy):
    """Buy a close far below its mean, sell at the mean; the mirror image short, if allowed."""

    window: int = param(48, low=5, high=1000, unit="bars")
    enter: float = param(2.0, low=0.1, high=6.0, unit="standard deviations")
    leave: float = param(0.0, low=-3.0, high=3.0, unit="standard deviations")
    max_bars: int = param(96, low=1, high=2000, unit="bars")
    short: bool = param(False)

    @property
    def lookback(self) -> int:
        return ta.zscore.memory(self.window) + self.max_bars - 1

    def check(self) -> None:
        if self.leave >= self.enter:
            raise ValueError(f"leave must be below enter, found {self.leave} and {self.enter}")

    def target_weights(self, bars: Bars):
        score = ta.zscore(bars.close, self.window)
        weights = 1.0 * latch(score < -self.enter, score > -self.leave, self.max_bars)
        if self.short:
            weights -= latch(score > self.enter, score < self.leave, self.max_bars)
        return weights / len(bars.symbols)
