"""Funding of perpetuals, placed on bars.

Settlements reach an account that holds a position at that instant. One at a bar's open comes before
any fill there; one inside a longer bar meets what is held after it. One where there is no
bar meets what is held at the next one's open: nothing could be traded in between.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xq.backtest.simulation import Funding
from xq.bars import Bars

SETTLEMENT_JITTER_MS = 60_000
"""Venues stamp a settlement some milliseconds after the full hour."""


@dataclass(frozen=True, slots=True, eq=False)
class Settlements:
    """Funding of one symbol.

    Attributes
    ----------
    ts
        (K,) epoch ms.
    rate
        (K,) fraction of notional that longs pay to shorts.
    mark_price
        (K,) quote per base, NaN where the venue did not say.
    """

    ts: np.ndarray
    rate: np.ndarray
    mark_price: np.ndarray


def on_bars(bars: Bars, settlements: Sequence[Settlements]) -> Funding:
    """Quote asset owed per unit held, bar by bar.

    Without a mark price the bar's open stands in at its open, and the mean of open and close
    inside it.

    Parameters
    ----------
    settlements
        One per symbol, in the order of ``bars.symbols``; those before and after the bars are
        ignored.

    Examples
    --------
    >>> from xq.timeframe import Timeframe
    >>> bars = Bars.of(Timeframe.parse("1h"), ["A/B:B"], [0, 3600000], close=[10.0, 20.0])
    >>> nan = float("nan")
    >>> owed = on_bars(bars, [Settlements(np.array([3600004]), np.array([0.01]), np.array([nan]))])
    >>> owed.at_open.ravel().tolist(), owed.inside.ravel().tolist()
    ([0.0, 0.2], [0.0, 0.0])
    """
    at_open, inside = np.zeros(bars.close.shape), np.zeros(bars.close.shape)
    for j, paid in enumerate(settlements):
        row = np.searchsorted(bars.ts, paid.ts, side="right") - 1
        late = paid.ts >= bars.timeframe.end(bars.ts[row])
        row = row + late
        valid = (row >= late) & (row < len(bars)) & (paid.ts >= bars.ts[0])
        row, rate, mark = row[valid], paid.rate[valid], paid.mark_price[valid]
        opens = paid.ts[valid] - bars.ts[row] < min(SETTLEMENT_JITTER_MS, bars.timeframe.ms)
        middle = (bars.open[row, j] + bars.close[row, j]) / 2.0
        price = np.where(np.isnan(mark), np.where(opens, bars.open[row, j], middle), mark)
        owed = np.nan_to_num(rate * price)  # a symbol without a bar there is not traded
        np.add.at(at_open[:, j], row[opens], owed[opens])
        np.add.at(inside[:, j], row[~opens], owed[~opens])
    return Funding(at_open, inside)
