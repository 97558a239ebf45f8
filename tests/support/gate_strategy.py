"""The strategy that sits the gate's exam: long or short by one of fifty readings of volume."""

import numpy as np

from xq import Bars, Strategy, param


class Gate(Strategy):
    """Long where bit ``setting`` of the volume is set, else short."""

    setting: int = param(0, low=0, high=49)

    @property
    def lookback(self) -> int:
        return 1

    def target_weights(self, bars: Bars):
        bits = bars.volume.astype(np.int64) >> self.setting
        return np.where(bits & 1, 1.0, -1.0)
