"""Where a replayed price is at any moment.

An order that is sent when a bar has closed meets the next bar's open. Until the order has arrived
(`HANDOVER_MS`) the mark price is still the close, on which the decision was made. From there a bar
runs in three straight lines: open, nearer extreme, further extreme, close, as the venue's own
replay has it; where finer bars are known, it runs so through each of them. Between bars prices
stand still.
"""

from array import array
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

import numpy as np

from xq.backtest.conditions import Path
from xq.bars import Bars

HANDOVER_MS = 1
"""How long an order of the replayed loop travels: what is due at a bar's open comes before it."""

Corner = tuple[int, float]


@dataclass(frozen=True, slots=True, eq=False)
class Inside:
    """Finer prices inside bars, as in `xq.backtest.conditions.Conditions`.

    Without a path they are the bars' own, without marks those of the path.
    """

    path: Path | None = None
    marks: Path | None = None

    def extremes(self, bars: Bars) -> tuple[np.ndarray, np.ndarray]:
        """(T, N) lowest and highest price that anything is judged on in each bar.

        Examples
        --------
        >>> from xq.timeframe import Timeframe
        >>> bars = Bars.of(Timeframe.parse("1h"), ["A/B"], [0], close=[2.0])
        >>> marks = Path(np.array([0, 2]), *(np.array([[x], [y]]) for x, y in [(2, 2), (3, 2),
        ...                                                                     (2, 1)]))
        >>> [bound.tolist() for bound in Inside(marks=marks).extremes(bars)]
        [[[1.0]], [[3.0]]]
        """
        low, high = bars.low, bars.high
        for path in (self.path, self.marks):
            if path is not None:
                low = np.fmin(low, np.fmin.reduceat(path.low, path.first[:-1]))
                high = np.fmax(high, np.fmax.reduceat(path.high, path.first[:-1]))
        return low, high

    def step_ms(self, bars: Bars) -> int:
        """A step that meets every corner of every bar."""
        paths = [path for path in (self.path, self.marks) if path is not None]
        most = max((int(np.diff(path.first).max(initial=1)) for path in paths), default=1)
        return third_of(bars.timeframe.ms // most)


def moments(times: np.ndarray) -> "array[int]":
    """Times to look things up in, one by one: faster made than a list.

    Examples
    --------
    >>> bisect_right(moments(np.array([0, 60_000])), 59_999)
    1
    """
    return array("q", times.astype(np.int64).tobytes())


def third_of(length_ms: int) -> int:
    """How long each of the first two lines of a bar takes."""
    return length_ms // 3 if length_ms % 3 == 0 else max(1, length_ms // 4)


class Track:
    """One symbol's prices at any moment.

    Parameters
    ----------
    extremes
        Of `Inside.extremes`.
    """

    def __init__(
        self, bars: Bars, column: int, inside: Inside, extremes: tuple[np.ndarray, np.ndarray]
    ) -> None:
        known = np.isfinite(bars.close[:, column]) & np.isfinite(bars.open[:, column])
        self._rows = np.flatnonzero(known)
        self._column, self._inside = column, inside
        opens_at = bars.ts[self._rows]
        self._starts = moments(opens_at)
        self._ends = moments(np.asarray(bars.timeframe.end(opens_at)))
        self._open, self._high, self._low, self._close = (
            values[self._rows, column] for values in (bars.open, bars.high, bars.low, bars.close)
        )
        self._lowest, self._highest = (bound[self._rows, column] for bound in extremes)

    def row(self, ts: int) -> int:
        """The bar that a moment lies in or after; -1 before the first."""
        place = bisect_right(self._starts, ts) - 1
        return int(self._rows[place]) if place >= 0 else -1

    def last(self, ts: int) -> float | None:
        """Price of the newest trade; None before the first bar."""
        return self._at(ts, marked=False)

    def mark(self, ts: int) -> float | None:
        """Price that positions are valued at."""
        return self._at(ts, marked=True)

    def range(self, start_ms: int, end_ms: int) -> tuple[float, float] | None:
        """Lowest and highest of both in [start, end]."""
        ends = [self.mark(start_ms), self.last(start_ms), self.mark(end_ms), self.last(end_ms)]
        first = bisect_right(self._starts, start_ms)  # the bars that open inside
        after = bisect_right(self._starts, end_ms)
        found = [price for price in ends if price is not None]
        if first < after - 1:
            whole = slice(first, after - 1)
            found += [float(self._lowest[whole].min()), float(self._highest[whole].max())]
        for place in {first - 1, after - 1}:
            if place >= 0:
                corners = [*self._corners(place, marked=False), *self._corners(place, marked=True)]
                found += [price for ts, price in corners if start_ms <= ts <= end_ms]
                found += [float(self._close[place])] * (end_ms >= self._ends[place])
        return (min(found), max(found)) if found else None

    def reach(
        self, level: float, start_ms: int, end_ms: int, *, above: bool
    ) -> tuple[int, float] | None:
        """The first moment in (start, end] at which the price is at or beyond a level, and it.

        On its way it is the level itself; what a bar opens with is met after the orders that were
        sent for that open.
        """
        first = max(bisect_right(self._starts, start_ms) - 1, 0)
        for place in range(first, bisect_right(self._starts, end_ms)):
            bound = self._highest[place] if above else self._lowest[place]
            if bound >= level if above else bound <= level:
                found = self._met(place, level, start_ms, above=above)
                if found is not None:
                    return found if found[0] <= end_ms else None
        return None

    def _met(
        self, place: int, level: float, start_ms: int, *, above: bool
    ) -> tuple[int, float] | None:
        sign = 1.0 if above else -1.0
        corners = self._corners(place, marked=False)
        opened_ms = self._starts[place] + HANDOVER_MS + 1
        for (before, low), (after, high) in pairwise([(opened_ms, corners[0][1]), *corners[1:]]):
            if after <= start_ms or max(sign * (low - level), sign * (high - level)) < 0.0:
                continue
            ts, price = before, low
            if sign * (low - level) < 0.0:
                ts, price = before + ceil((level - low) / (high - low) * (after - before)), level
            if ts > start_ms:
                return ts, price
            late = self._at(start_ms + 1, marked=False)
            return start_ms + 1, low if late is None else late
        return None

    def _at(self, ts: int, *, marked: bool) -> float | None:
        place = bisect_right(self._starts, ts) - 1
        if place < 0:
            return None
        if ts >= self._ends[place]:
            return float(self._close[place])
        if ts - self._starts[place] <= HANDOVER_MS:
            early = marked and place > 0
            return float(self._close[place - 1] if early else self._open[place])
        corners = self._corners(place, marked=marked)
        following = bisect_right(corners, (ts, float("-inf")))
        if following == len(corners):
            return corners[-1][1]
        (before, low), (after, high) = corners[following - 1], corners[following]
        share = (ts - before) / (after - before)
        return high if share == 1.0 else low + share * (high - low)

    def _corners(self, place: int, *, marked: bool) -> list[Corner]:
        """Where a bar turns, oldest first; the first is its open."""
        finer = self._inside.path
        if marked and self._inside.marks is not None:
            finer = self._inside.marks
        legs = self._legs(place, finer)
        start, end = self._starts[place], self._ends[place]
        length = (end - start) // len(legs)
        third, found = third_of(length), []
        for number, (opened, high, low) in enumerate(legs):
            begin = start + number * length
            nearer = (high, low) if high - opened <= opened - low else (low, high)
            found.append((max(begin, start + HANDOVER_MS), opened))
            found += [(begin + third, nearer[0]), (begin + 2 * third, nearer[1])]
        return [*found, (end - 1, float(self._close[place]))]

    def _legs(self, place: int, path: Path | None) -> list[tuple[float, float, float]]:
        own = float(self._open[place]), float(self._high[place]), float(self._low[place])
        if path is None:
            return [own]
        row, j = self._rows[place], self._column
        inside = slice(path.first[row], path.first[row + 1])
        prices = (values[inside, j].tolist() for values in (path.open, path.high, path.low))
        return [leg for leg in zip(*prices, strict=True) if leg[0] == leg[0]] or [own]
