"""Stored bars as a feed of the simulated venue, laid so that a replay meets the engine's prices.

An order that is sent when a bar has closed meets the next bar's open. Until the order has arrived
(`HANDOVER_MS`) the mark price is still the close, on which the decision was made. From there a bar
runs in three straight lines: open, nearer extreme, further extreme, close, as the venue's own
replay has it. Between bars prices stand still.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from xq.backtest.simulation import Funding as BarFunding
from xq.bars import Bars
from xq.errors import VenueUnclear, unknown
from xq.sim.feed import Paced
from xq.sim.instruments import SimInstrument
from xq.sim.market import Funding, Levels, SimTrade

HANDOVER_MS = 1
"""How long an order of the replayed loop travels: what is due at a bar's open comes before it."""

NEVER_MS = 4_133_404_800_000
_STEP_MS = 20_000  # a third of the shortest bar whose inside is looked at
_DEPTH = Decimal(10) ** 15
_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Quotes:
    """The two sides of the book around the price.

    Attributes
    ----------
    slippage
        Fraction by which both sides are worse than the price.
    """

    slippage: Decimal = Decimal(0)

    def around(self, price: Decimal) -> tuple[Levels, Levels]:
        """(bids, asks): one level each, deep enough for every order."""
        bid, ask = price * (_ONE - self.slippage), price * (_ONE + self.slippage)
        return [(bid, _DEPTH)], [(ask, _DEPTH)]


class Track:
    """One symbol's prices at any moment."""

    def __init__(self, bars: Bars, column: int) -> None:
        known = np.isfinite(bars.close[:, column]) & np.isfinite(bars.open[:, column])
        rows = np.flatnonzero(known)
        self._opens_at = bars.ts[rows]
        self._starts = self._opens_at.tolist()
        self._ends: list[int] = np.asarray(bars.timeframe.end(self._opens_at)).tolist()
        self._open = bars.open[rows, column]
        self._high, self._low = bars.high[rows, column], bars.low[rows, column]
        self._close = bars.close[rows, column]

    def last(self, ts: int) -> float | None:
        """Price of the newest trade; None before the first bar."""
        return self._at(ts, handed_over=True)

    def mark(self, ts: int) -> float | None:
        """Price that positions are valued at."""
        return self._at(ts, handed_over=False)

    def range(self, start_ms: int, end_ms: int) -> tuple[float, float] | None:
        """Lowest and highest of both in [start, end]."""
        ends = [self.mark(start_ms), self.last(start_ms), self.mark(end_ms), self.last(end_ms)]
        first = bisect_right(self._starts, start_ms)  # the bars that open inside
        after = bisect_right(self._starts, end_ms)
        found = [price for price in ends if price is not None]
        if first < after - 1:
            whole = slice(first, after - 1)
            found += [float(self._low[whole].min()), float(self._high[whole].max())]
        for row in {first - 1, after - 1}:
            if row >= 0:
                inside = [p for t, p in self._corners(row) if start_ms <= t <= end_ms]
                found += [
                    *inside,
                    *([float(self._close[row])] if end_ms >= self._ends[row] else []),
                ]
        return (min(found), max(found)) if found else None

    def _at(self, ts: int, *, handed_over: bool) -> float | None:
        row = bisect_right(self._starts, ts) - 1
        if row < 0:
            return None
        if ts >= self._ends[row]:
            return float(self._close[row])
        if ts - self._starts[row] <= HANDOVER_MS:
            if handed_over or row == 0:
                return float(self._open[row])
            return float(self._close[row - 1])
        corners = self._corners(row)
        for (before, low), (after, high) in pairwise(corners):
            if ts <= after:
                share = (ts - before) / (after - before)
                return high if share == 1.0 else low + share * (high - low)
        return corners[-1][1]

    def _corners(self, row: int) -> list[tuple[int, float]]:
        start, end = self._starts[row], self._ends[row]
        opened, high, low = float(self._open[row]), float(self._high[row]), float(self._low[row])
        first, second = (high, low) if high - opened <= opened - low else (low, high)
        third = (end - start) // 3
        return [
            (start + HANDOVER_MS, opened),
            (start + third, first),
            (start + 2 * third, second),
            (end - 1, float(self._close[row])),
        ]


class BarFeed(Paced):
    """`xq.sim.feed.Feed` of one face from a block of bars.

    Parameters
    ----------
    markets
        One per symbol of the bars, in their order; of the other face there are none.
    funding
        Settled a moment after a bar's open, and in its middle; None: nothing.
    """

    mark_step_ms = _STEP_MS

    def __init__(
        self,
        bars: Bars,
        markets: Sequence[SimInstrument],
        quotes: Quotes,
        funding: BarFunding | None = None,
    ) -> None:
        self._markets = {market.id: market for market in markets}
        self._tracks = {market.id: Track(bars, j) for j, market in enumerate(markets)}
        self._quotes = quotes
        self._owed: dict[str, dict[int, float]] = {market.id: {} for market in markets}
        if funding is not None:
            self._add_funding(bars, funding)
        self._settlements = sorted({ts for owed in self._owed.values() for ts in owed})
        self._known: dict[tuple[str, bool], tuple[int, Decimal]] = {}

    def _add_funding(self, bars: Bars, funding: BarFunding) -> None:
        middles = (bars.ts + np.asarray(bars.timeframe.end(bars.ts))) // 2
        for owed, times in ((funding.at_open, bars.ts + HANDOVER_MS), (funding.inside, middles)):
            for j, settled in enumerate(self._owed.values()):
                rows = np.flatnonzero(owed[:, j])
                settled |= dict(zip(times[rows].tolist(), owed[rows, j].tolist(), strict=True))

    def symbols(self) -> tuple[SimInstrument, ...]:
        """Every market."""
        return tuple(self._markets.values())

    def instrument(self, symbol_id: str) -> SimInstrument:
        """One market by its native id. Raises `UnknownName`."""
        if symbol_id not in self._markets:
            raise unknown("replayed market", symbol_id, self._markets)
        return self._markets[symbol_id]

    def last_price(self, symbol_id: str, now_ms: int) -> Decimal:
        """Price of the newest trade."""
        return self._price(symbol_id, now_ms, handed_over=True)

    def mark_price(self, symbol_id: str, now_ms: int) -> Decimal:
        """Price that positions are valued at."""
        return self._price(symbol_id, now_ms, handed_over=False)

    index_price = mark_price

    def book(self, symbol_id: str, now_ms: int, limit: int) -> tuple[Levels, Levels]:  # noqa: ARG002
        """One level on each side of the last price."""
        return self._quotes.around(self.last_price(symbol_id, now_ms))

    def next_funding(self, after_ms: int) -> int:
        """The first settlement after a moment."""
        row = bisect_right(self._settlements, after_ms)
        return self._settlements[row] if row < len(self._settlements) else NEVER_MS

    def funding(self, symbol_id: str, start_ms: int, end_ms: int, limit: int) -> list[Funding]:
        """Settlements with ``start_ms <= ts <= end_ms``: what one unit held long owes, as rate."""
        owed = self._owed[symbol_id]
        times = [start_ms] if start_ms == end_ms else sorted(owed)
        found = [Funding(t, exact(owed[t]), _ONE) for t in times if t in owed]
        return [item for item in found if start_ms <= item.ts <= end_ms][:limit]

    def funding_estimate(self, symbol_id: str, now_ms: int) -> Funding:
        """Nothing is known beforehand."""
        return Funding(self.next_funding(now_ms), Decimal(0), self.mark_price(symbol_id, now_ms))

    def price_range(self, symbol_id: str, start_ms: int, end_ms: int) -> tuple[Decimal, Decimal]:
        """Lowest and highest price in [start, end]."""
        found = self._tracks[symbol_id].range(start_ms, end_ms)
        if found is None:
            raise _no_price(symbol_id)
        return exact(found[0]), exact(found[1])

    def first_reach(self, symbol_id: str, *_which: Any, **_when: Any) -> SimTrade | None:
        """Nothing rests at a replayed venue: the loop sends market orders."""
        raise VenueUnclear(f"a replay knows no trades of {symbol_id}")

    def trades(self, symbol_id: str, **_which: int | None) -> Sequence[SimTrade]:
        """None: only bars are replayed."""
        self.instrument(symbol_id)
        return ()

    def bars(self, symbol_id: str, *_which: Any) -> np.ndarray:
        """Not served. Raises `VenueUnclear`."""
        raise VenueUnclear(f"a replay serves no bars of {symbol_id}: they are in the lake")

    price_bars = bars

    def open_interest(self, symbol_id: str, ts_ms: int) -> Decimal:  # noqa: ARG002
        """Not replayed. Raises `VenueUnclear`."""
        raise VenueUnclear(f"a replay knows no open interest of {symbol_id}")

    def _price(self, symbol_id: str, now_ms: int, *, handed_over: bool) -> Decimal:
        key = symbol_id, handed_over
        known = self._known.get(key)
        if known is None or known[0] != now_ms:
            track = self._tracks[symbol_id]
            price = track.last(now_ms) if handed_over else track.mark(now_ms)
            if price is None:
                raise _no_price(symbol_id)
            known = self._known[key] = now_ms, exact(price)
        return known[1]


@lru_cache(maxsize=64)
def exact(value: float) -> Decimal:
    """A stored number as orders and money count it, to the last digit."""
    return Decimal(repr(float(value)))


def _no_price(symbol_id: str) -> VenueUnclear:
    return VenueUnclear(f"{symbol_id} has no price yet")
