"""Momentum across symbols, weighted by rank (Asness, Moskowitz & Pedersen 2013, eq. 1)."""

import numpy as np

from xq import Bars, Strategy, param
from xq import indicators as ta


class CrossSection(Strategy):
    """Hold the symbols that rose most; sell those that rose least, if allowed.

    A symbol's weight is its rank less the mean rank, scaled to 1 in all, so that with short=true
    long and short are equal; without, only the winners' half is held. Which symbols there are
    to rank is the user's choice: a list of today's survivors flatters every result.
    """

    length: int = param(168, low=2, high=2000, unit="bars")
    short: bool = param(False)

    @property
    def lookback(self) -> int:
        return ta.roc.memory(self.length)

    def target_weights(self, bars: Bars):
        rise = ta.roc(bars.close, self.length)
        rank = np.zeros(rise.shape)  # symbols left behind less symbols ahead; ties share
        for column in range(rise.shape[1]):
            rank += np.nan_to_num(np.sign(rise - rise[:, [column]]))
        total = np.abs(rank).sum(axis=1, keepdims=True)
        weights = np.divide(rank, total, out=np.zeros(rank.shape), where=total > 0)
        return weights if self.short else weights.clip(0)
