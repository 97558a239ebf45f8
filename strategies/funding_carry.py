"""Carry of perpetual futures: take the side that is paid (Koijen et al. 2018; He et al. 2022)."""

import numpy as np

from xq import Bars, Strategy, param
from xq import indicators as ta


class FundingCarry(Strategy):
    """Long while funding is clearly negative; short while it is clearly positive, if allowed.

    The rate is the newest settled one at each close, averaged over a window. The price risk stays:
    this is the perpetual alone, without the spot leg that makes a hedge of it. Give it symbols
    with funding (BTC/USDT:USDT), and collect that first.
    """

    inputs = ("funding",)

    window: int = param(72, low=2, high=2000, unit="bars")
    threshold: float = param(0.00005, low=0.0, high=0.01, unit="fraction per interval")
    short: bool = param(False)

    @property
    def lookback(self) -> int:
        return ta.sma.memory(self.window)

    def target_weights(self, bars: Bars):
        rate = ta.sma(bars.extra["funding"], self.window)  # unknown is no reason to trade
        weights = np.where(rate < -self.threshold, 1.0, 0.0)
        if self.short:
            weights -= np.where(rate > self.threshold, 1.0, 0.0)
        return weights / len(bars.symbols)
