"""Trend following by two exponential averages (Brock, Lakonishok & LeBaron 1992)."""

from xq import Bars, Strategy, param
from xq import indicators as ta


class TrendFollowing(Strategy):
    """Long while the fast average is above the slow one; short while below, if allowed."""

    fast: int = param(12, low=2, high=200, unit="bars")
    slow: int = param(26, low=5, high=500, unit="bars")
    short: bool = param(False)

    @property
    def lookback(self) -> int:
        return ta.ema.memory(max(self.fast, self.slow))

    def check(self) -> None:
        if self.fast >= self.slow:
            raise ValueError(f"fast must be below slow, found {self.fast} and {self.slow}")

    def target_weights(self, bars: Bars):
        trend = ta.sign(ta.ema(bars.close, self.fast) - ta.ema(bars.close, self.slow))
        return (trend if self.short else trend.clip(0)) / len(bars.symbols)
