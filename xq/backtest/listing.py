"""What the engines see of symbols whose listing ends in a run: a last price, and a target of 0."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from xq.bars import FIELDS, Bars


@dataclass(frozen=True, slots=True)
class Delistings:
    """Closes what is held of delisted symbols at their last close.

    For as long as an order waits after the last bar, the symbol can be traded at its last close;
    the target is 0 from the last bar on. Weights where a symbol is not listed count for nothing.

    Attributes
    ----------
    last
        Row of the last bar by column; None where symbols were named by hand: nothing is changed.
    delay
        Bars that an order waits.
    """

    last: Mapping[int, int] | None = None
    delay: int = 0

    def bars(self, bars: Bars) -> Bars:
        """The bars as engines see them.

        Examples
        --------
        >>> from xq.timeframe import Timeframe
        >>> close = [[1.0, 5.0], [1.0, np.nan], [1.0, np.nan]]
        >>> bars = Bars.of(Timeframe.parse("1h"), ["A/B", "C/B"], [0, 3600000, 7200000],
        ...                open=close, close=close)
        >>> Delistings({1: 0}, delay=1).bars(bars).close[:, 1].tolist()
        [5.0, 5.0, nan]
        """
        if not self.last:
            return bars
        fields = {name: getattr(bars, name).copy() for name in FIELDS}
        for column, last in self.last.items():
            waiting = slice(last + 1, last + 1 + self.delay)
            for name, values in fields.items():
                values[waiting, column] = 0.0 if name == "volume" else bars.close[last, column]
        return replace(bars, **fields)

    def weights(self, weights: np.ndarray, bars: Bars) -> np.ndarray:
        """(T, N) targets as engines see them, of bars as the strategy saw them."""
        if self.last is None:
            return weights
        listed = np.where(np.isfinite(bars.close), weights, np.nan)
        for column, last in self.last.items():
            listed[last : last + 1 + self.delay, column] = 0.0
        return listed


BY_HAND = Delistings()
"""Symbols named by hand."""
