"""A vote of five indicators (Hsu & Kuan 2005, voting rules)."""

import numpy as np

from xq import Bars, Strategy, param
from xq import indicators as ta


class IndicatorVote(Strategy):
    """Long while enough of five indicators say up; short while enough say down, if allowed.

    The five look at the same closes and mostly repeat each other: agreement is less evidence than
    five voices suggest. The quorum trades fewer, later entries for fewer false ones.
    """

    fast: int = param(12, low=2, high=200, unit="bars")
    slow: int = param(26, low=3, high=400, unit="bars")
    length: int = param(14, low=2, high=100, unit="bars")
    channel: int = param(48, low=2, high=1000, unit="bars")
    quorum: int = param(4, low=3, high=5, unit="votes of 5")
    short: bool = param(False)

    @property
    def lookback(self) -> int:
        return max(
            ta.ema.memory(max(self.fast, self.slow)),
            ta.macd.memory(self.fast, self.slow, 9),
            ta.rsi.memory(self.length),
            ta.adx.memory(self.length),
            ta.donchian.memory(self.channel),
        )

    def check(self) -> None:
        if self.fast >= self.slow:
            raise ValueError(f"fast must be below slow, found {self.fast} and {self.slow}")

    def target_weights(self, bars: Bars):
        direction = ta.adx(bars, self.length)
        said = (
            ta.ema(bars.close, self.fast) - ta.ema(bars.close, self.slow),
            ta.macd(bars.close, self.fast, self.slow, 9).histogram,
            ta.rsi(bars.close, self.length) - 50,
            direction.plus_di - direction.minus_di,
            bars.close - ta.donchian(bars, self.channel).middle,
        )
        weights = np.where(sum(voice > 0 for voice in said) >= self.quorum, 1.0, 0.0)
        if self.short:
            weights -= np.where(sum(voice < 0 for voice in said) >= self.quorum, 1.0, 0.0)
        return weights / len(bars.symbols)
