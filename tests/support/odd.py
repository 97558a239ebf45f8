"""A strategy of one parameter, and what it does when that is three."""

from pathlib import Path

from support.backtests import workspace

from xq.api.workspace import Workspace, open_workspace

STRATEGY = '''"""Long after a rise (x)."""

import os
import signal

import numpy as np

from xq import Bars, Strategy, param


class Odd(Strategy):
    n: int = param(1, low=1, high=100)

    @property
    def lookback(self) -> int:
        return self.n + 1

    def target_weights(self, bars: Bars):
        CHEAT
        risen = bars.close > np.roll(bars.close, self.n, axis=0)
        risen[: self.n] = False
        return risen.astype(float)
'''


def odd(folder: Path, cheat: str = "pass") -> Workspace:
    """A workspace with the strategy ``odd``."""
    workspace(folder, rows=900)
    (folder / "strategies" / "odd.py").write_text(STRATEGY.replace("CHEAT", cheat))
    return open_workspace(cwd=folder, environ={})
