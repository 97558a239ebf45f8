"""Which bars the replayed loop must look at: those at which it could do anything.

A tick trades a symbol only if its target is new, was not met, or has drifted out of its band
(`xq.live.plan.is_due`). Between two trades positions and money stand still but for funding and
liquidation, so that the first bar at which that can be so is found by looking at arrays. What is
found may be too early (the tick then holds), never too late: rounding is allowed for, and stretches
in which a margin account could be liquidated are looked at bar by bar.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from xq.backtest.hold import last_known
from xq.backtest.simulation import Funding
from xq.bars import Bars
from xq.sim.brackets import tier_at

_CHUNK = 2_048
_ROUNDING = 1e-9
_SLACK = 1e-3  # share of price, for the rounding of money


@dataclass(frozen=True, slots=True)
class Standing:
    """An account between two trades.

    Attributes
    ----------
    money
        Equity less the value of what is held, quote asset.
    positions
        Signed quantities in the order of the columns, base asset.
    """

    money: float
    positions: tuple[float, ...]


def usable(weights: np.ndarray, bars: Bars) -> np.ndarray:
    """(T, N) whether a weight decides anything: it exists, its bar does, and so does the next.

    Examples
    --------
    >>> from xq.timeframe import Timeframe
    >>> hour, times = Timeframe.parse("1h"), [0, 3600000, 7200000]
    >>> bars = Bars.of(hour, ["A/B"], times, close=[1.0, 2.0, 3.0])
    >>> usable(np.array([[float("nan")], [0.5], [0.2]]), bars).ravel().tolist()
    [False, True, False]
    """
    found: np.ndarray = np.isfinite(weights) & np.isfinite(bars.close)
    found[:-1] &= np.isfinite(bars.open[1:])
    found[-1:] = False
    return found


def carried(weights: np.ndarray, decides: np.ndarray) -> np.ndarray:
    """(T, N) the weight each symbol was last decided on: 0 at first.

    Examples
    --------
    >>> weights, decides = np.array([[0.1], [0.5], [0.2]]), np.array([[False], [True], [False]])
    >>> carried(weights, decides).ravel().tolist()
    [0.0, 0.5, 0.5]
    """
    kept = np.where(decides, weights, np.nan)
    columns = [np.nan_to_num(last_known(kept[:, j])) for j in range(kept.shape[1])]
    return np.column_stack(columns)


def moves_of(funding: Funding | None, flows: np.ndarray | None) -> np.ndarray | None:
    """(T,) whether money comes or goes in a bar without a trade; None: never.

    Examples
    --------
    >>> moves_of(None, np.array([0.0, 2.0])).tolist()
    [False, True]
    """
    found = None if flows is None else flows != 0.0
    if funding is None:
        return found
    settled = np.asarray(np.any((funding.at_open != 0) | (funding.inside != 0), axis=1))
    return settled if found is None else settled | found


class Wakes:
    """The rows of a block of bars at which the loop is woken.

    Parameters
    ----------
    targets, decides
        (T, N) of `carried` and `usable`.
    extremes
        (T, N) lowest and highest prices that margin is judged on.
    band
        As in `xq.live.desk.Terms`.
    moved
        (T,) of `moves_of`.
    ids
        Native ids of contracts, for their brackets; None on spot.
    """

    def __init__(
        self,
        targets: np.ndarray,
        decides: np.ndarray,
        bars: Bars,
        extremes: tuple[np.ndarray, np.ndarray],
        band: float | None,
        moved: np.ndarray | None,
        ids: Sequence[str] | None,
    ) -> None:
        self._targets, self._decides, self._band, self._ids = targets, decides, band, ids
        first = np.flatnonzero(decides.any(axis=1))
        self.end = max(len(bars) - 1, 0)  # nothing follows the last bar
        self.start = int(first[0]) if len(first) else self.end
        changed = np.any(np.diff(targets, axis=0, prepend=0.0) != 0.0, axis=1)
        if band is not None:
            columns = range(len(bars.symbols))
            close, low, high = (
                np.column_stack([last_known(values[:, j]) for j in columns])
                for values in (bars.close, *extremes)
            )
            self._close, self._low, self._high = close, low, high
            if moved is not None:
                changed |= moved
        self._changes: list[int] = np.flatnonzero(changed[: self.end]).tolist()

    def after(self, row: int, standing: Callable[[], Standing]) -> int:
        """The first row after ``row`` at which a tick can differ from doing nothing; or `end`.

        Parameters
        ----------
        standing
            Asked only if what is held matters.
        """
        place = bisect_right(self._changes, row)
        change = self._changes[place] if place < len(self._changes) else self.end
        if self._band is None:
            return change
        now = standing()
        for start in range(row + 1, change, _CHUNK):
            stop = min(start + _CHUNK, change)
            found = np.flatnonzero(self._may_act(slice(start, stop), now))
            if len(found):
                return start + int(found[0])
        return change

    def _may_act(self, rows: slice, standing: Standing) -> np.ndarray:
        """Whether a target may have drifted, or the account may have been liquidated."""
        held = np.array(standing.positions)
        values = np.nan_to_num(self._close[rows] * held)
        equity = standing.money + values.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            drift = np.abs(values / equity[:, None] - self._targets[rows])
        band = (self._band or 0.0) * (1.0 - _ROUNDING) - _ROUNDING
        drifted = np.any((drift > band) & self._decides[rows], axis=1)
        return np.asarray((equity > 0.0) & drifted | self._in_danger(rows, standing))

    def _in_danger(self, rows: slice, standing: Standing) -> np.ndarray:
        held = np.array(standing.positions)
        count = rows.stop - rows.start
        if self._ids is None or not held.any():
            return np.zeros(count, dtype=bool)
        before = slice(max(rows.start - 1, 0), max(rows.start - 1, 0) + count)  # opens may gap
        low = np.fmin(self._low[rows], self._close[before]) * (1.0 - _SLACK)
        high = np.fmax(self._high[rows], self._close[before]) * (1.0 + _SLACK)
        worst = np.nan_to_num(np.where(held > 0, low, high) * held).sum(axis=1)
        largest = np.nan_to_num(high * np.abs(held))
        rates = [
            float(tier_at(name, Decimal(float(largest[:, j].max()))).rate)
            for j, name in enumerate(self._ids)
        ]
        needed = (largest * np.array(rates)).sum(axis=1)
        return np.asarray(standing.money + worst <= needed)
