"""What the replayed loop is told of a bar: stored weights, or the strategy asked anew."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from math import isfinite

import numpy as np

from xq.backtest.hold import last_known
from xq.backtest.replay_feed import exact
from xq.backtest.replay_track import moments
from xq.bars import Bars
from xq.live.desk import Forecast
from xq.strategy.base import Exits
from xq.types import Symbol

Decide = Callable[[int], np.ndarray]
"""Row to (N,) target weights, made from bars up to that row alone."""


class Told:
    """Which row a bar is, and what is known of the symbols at its close.

    Parameters
    ----------
    usable
        (T, N) whether a weight of that bar decides anything.
    """

    def __init__(
        self, bars: Bars, symbols: Sequence[Symbol], usable: np.ndarray, exits: Exits | None = None
    ) -> None:
        self._exits = exits
        self._ts, self._usable, self._symbols = moments(bars.ts), usable, symbols
        self._close = np.column_stack([last_known(column) for column in bars.close.T])

    def row(self, bar_ms: int) -> int:
        """The last bar that had closed by then."""
        return bisect_right(self._ts, bar_ms) - 1

    def forecast(self, bar_ms: int, row: int, weights: np.ndarray) -> Forecast:
        """Weights and closes by symbol."""
        weight, close = weights.tolist(), self._close[row].tolist()
        told = self._usable[row].tolist()
        return Forecast(
            bar_ms,
            dict(zip(self._symbols, weight, strict=True)),
            {  # none before the first bar of a symbol
                symbol: exact(price)
                for symbol, price in zip(self._symbols, close, strict=True)
                if isfinite(price)
            },
            frozenset(s for s, known in zip(self._symbols, told, strict=True) if not known),
            self._exits,
        )


class Stored:
    """`xq.live.desk.Forecaster` of weights computed in advance."""

    def __init__(self, told: Told, weights: np.ndarray) -> None:
        self._told, self._weights = told, weights

    def __call__(self, bar_ms: int) -> Forecast:
        """The weights of that bar."""
        row = self._told.row(bar_ms)
        return self._told.forecast(bar_ms, row, self._weights[row])


class Asked:
    """`xq.live.desk.Forecaster` that lets the strategy decide bar by bar."""

    def __init__(self, told: Told, usable: np.ndarray, decide: Decide) -> None:
        self._told, self._usable, self._decide = told, usable, decide

    def __call__(self, bar_ms: int) -> Forecast:
        """The strategy's newest row."""
        row = self._told.row(bar_ms)
        weights = self._decide(row) if self._usable[row].any() else np.zeros(len(self._usable[row]))
        return self._told.forecast(bar_ms, row, weights)
