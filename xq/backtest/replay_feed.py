"""Stored bars as a feed of the simulated venue, laid so that a replay meets the engine's prices."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

import numpy as np

from xq.backtest.replay_track import HANDOVER_MS, Inside, Track
from xq.backtest.simulation import Funding as BarFunding
from xq.bars import Bars
from xq.errors import VenueUnclear, unknown
from xq.portfolio.sizing import round_to_tick
from xq.sim.feed import Paced
from xq.sim.instruments import SimInstrument
from xq.sim.market import Funding, Levels, SimTrade

NEVER_MS = 4_133_404_800_000
_STEP_MS = 20_000  # a third of a minute; shorter where prices are known more finely
_DEPTH = Decimal(10) ** 15
_ONE = Decimal(1)


@dataclass(frozen=True, slots=True, eq=False)
class Quotes:
    """The two sides of the book around the price: one level each, deep enough for every order.

    Attributes
    ----------
    slippage
        Fraction by which both sides are worse than the price; (T, N) where it was measured.
    ticks
        Smallest step of price of each symbol; 0: none.
    """

    slippage: float | np.ndarray = 0.0
    ticks: tuple[float, ...] = ()

    def around(self, price: float, row: int, column: int) -> tuple[float, float]:
        """(bid, ask), on the tick that is worse for who takes it."""
        slip = self.slippage
        if not isinstance(slip, float):
            slip = min(float(slip[row, column]), 1.0)
        tick = self.ticks[column] if self.ticks else 0.0
        bid, ask = price * (1.0 - slip), price * (1.0 + slip)
        return round_to_tick(bid, tick, False), round_to_tick(ask, tick, True)


class BarFeed(Paced):
    """`xq.sim.feed.Feed` of one face from a block of bars.

    Parameters
    ----------
    markets
        One per symbol of the bars, in their order; of the other face there are none.
    funding
        Settled a moment after a bar's open, and in its middle; None: nothing.
    inside
        What prices did inside bars.

    Attributes
    ----------
    met
        Prices at which levels were met, by market and moment.
    """

    def __init__(
        self,
        bars: Bars,
        markets: Sequence[SimInstrument],
        quotes: Quotes,
        funding: BarFunding | None = None,
        inside: Inside | None = None,
    ) -> None:
        inside = inside or Inside()
        self.timeframe = bars.timeframe
        self._bars, self._ends = bars, np.asarray(bars.timeframe.end(bars.ts))
        extremes = inside.extremes(bars)
        self.mark_step_ms = min(_STEP_MS, inside.step_ms(bars))
        self._markets = {market.id: market for market in markets}
        self._columns = {market.id: j for j, market in enumerate(markets)}
        self._tracks = {name: Track(bars, j, inside, extremes) for name, j in self._columns.items()}
        self._quotes = quotes
        self._owed: dict[str, dict[int, float]] = {market.id: {} for market in markets}
        if funding is not None:
            self._add_funding(bars, funding)
        self._settlements = sorted({ts for owed in self._owed.values() for ts in owed})
        self._known: dict[tuple[str, bool], tuple[int, float]] = {}
        self.met: dict[tuple[str, int], float] = {}

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
        return exact(self._price(symbol_id, now_ms, marked=False))

    def mark_price(self, symbol_id: str, now_ms: int) -> Decimal:
        """Price that positions are valued at."""
        return exact(self._price(symbol_id, now_ms, marked=True))

    index_price = mark_price

    def book(self, symbol_id: str, now_ms: int, limit: int) -> tuple[Levels, Levels]:  # noqa: ARG002
        """One level on each side of the last price."""
        price = self._price(symbol_id, now_ms, marked=False)
        row = self._tracks[symbol_id].row(now_ms)
        bid, ask = self._quotes.around(price, row, self._columns[symbol_id])
        return [(exact(bid), _DEPTH)], [(exact(ask), _DEPTH)]

    def closed(self, symbol_id: str, since_ms: int, now_ms: int) -> np.ndarray:
        """Bars from a moment on that have closed by another, float64 (n, 6)."""
        first = int(np.searchsorted(self._bars.ts, since_ms))
        last, j = int(np.searchsorted(self._ends, now_ms, side="right")), self._columns[symbol_id]
        rows = slice(first, max(first, last))
        names = ("open", "high", "low", "close", "volume")
        values = [getattr(self._bars, name)[rows, j] for name in names]
        found = np.column_stack([self._bars.ts[rows].astype(np.float64), *values])
        return np.asarray(found[np.isfinite(found[:, 4])])

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
            raise VenueUnclear(f"{symbol_id} has no price yet")
        return exact(found[0]), exact(found[1])

    mark_range = price_range

    def first_reach(
        self, symbol_id: str, price: Decimal, *, above: bool, start_ms: int, end_ms: int
    ) -> SimTrade | None:
        """The first moment in (start, end] at which the price is at or beyond ``price``."""
        found = self._tracks[symbol_id].reach(float(price), start_ms, end_ms, above=above)
        if found is None:
            return None
        self.met[symbol_id, found[0]] = found[1]
        return SimTrade(0, exact(found[1]), _DEPTH, found[0], buyer_is_maker=not above)

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

    def _price(self, symbol_id: str, now_ms: int, *, marked: bool) -> float:
        key = symbol_id, marked
        known = self._known.get(key)
        if known is None or known[0] != now_ms:
            track = self._tracks[symbol_id]
            price = track.mark(now_ms) if marked else track.last(now_ms)
            price = price if marked else self.met.get((symbol_id, now_ms), price)
            if price is None:
                raise VenueUnclear(f"{symbol_id} has no price yet")
            known = self._known[key] = now_ms, price
        return known[1]


@lru_cache(maxsize=64)
def exact(value: float) -> Decimal:
    """A stored number as orders and money count it, to the last digit."""
    return Decimal(repr(float(value)))
