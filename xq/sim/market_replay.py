"""Recorded prices as the venue's own: bars and trades of a lake, at the moment they became known.

Where only bars were recorded the trades inside them are invented from their four prices, see
`xq.sim.market_path`; the book is always invented, see `xq.sim.depth`. Mark and index price come
from the lake where it has bars of at most fifteen minutes, else the last price stands in. Funding
comes from the lake; eight hours of which it has none pay the interest rate, 0.01 %.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import islice

import numpy as np

from xq.errors import UsageError, VenueUnclear, unknown
from xq.sim import lookup
from xq.sim.basis import FUNDING_MS, INTEREST
from xq.sim.depth import depth, levels_of
from xq.sim.fair import Price
from xq.sim.instruments import Face, SimInstrument
from xq.sim.market import Funding, Levels, SimTrade, trades_of
from xq.sim.market_bars import bars_of
from xq.sim.market_lake import Recordings
from xq.sim.market_listing import grid, listed, market
from xq.sim.market_models import Liquidity
from xq.sim.market_series import Grid, Series
from xq.sim.tape import KLINE_COLUMNS, decimal_of
from xq.timeframe import MINUTE_MS, Timeframe

KINDS = ("ohlcv", "trades")

_COARSEST_MARK_MS = 15 * MINUTE_MS
_VOLUMES = slice(5, 6), slice(7, 11)  # columns


class ReplayFeed:
    """`xq.sim.feed.Feed` of one face from recordings.

    The same recordings and time give the same answer, whatever was asked before; nothing that was
    not known at a time is shown at it. Holes in the recordings stay holes. Not for use from two
    threads at once.

    Parameters
    ----------
    seed
        Of the invented book.
    start_ms
        Rules are those of this time; markets that ended before it are left out.

    Examples
    --------
    ``ReplayFeed(Face.SPOT, recordings(lake, "binance", KINDS), 7, start_ms)``
    """

    def __init__(
        self,
        face: Face,
        recordings: Recordings,
        seed: int,
        start_ms: int,
        liquidity: Liquidity | None = None,
    ) -> None:
        self.face = face
        self._recordings = recordings
        self._liquidity = liquidity
        self._seed = seed
        self._markets: dict[str, SimInstrument] = {}
        self._series: dict[str, Series] = {}
        self._fair: dict[tuple[str, str], Series] = {}
        self._begin(start_ms)

    def symbols(self) -> tuple[SimInstrument, ...]:
        """Every recorded market of the face quoted in USDT."""
        return tuple(self._markets.values())

    def instrument(self, symbol_id: str) -> SimInstrument:
        """One market by its native id. Raises `UnknownName`."""
        if symbol_id not in self._markets:
            raise unknown("recorded market", symbol_id, self._markets, hint="xq data ls")
        return self._markets[symbol_id]

    def bars(
        self,
        symbol_id: str,
        timeframe: Timeframe,
        start_ms: int | None,
        end_ms: int | None,
        limit: int,
        now_ms: int,
    ) -> np.ndarray:
        """Bars with ``start_ms <= open time <= end_ms``, float64 (n, 11).

        The first ``limit`` from ``start_ms`` on, or the last ``limit`` when it is None. Closed bars
        of a stored length are the lake's own, to the last digit.
        """
        return bars_of(self._series_of(symbol_id), timeframe, (start_ms, end_ms), limit, now_ms)

    def price_bars(
        self,
        price: Price,
        symbol_id: str,
        timeframe: Timeframe,
        span: tuple[int | None, int | None],
        limit: int,
        now_ms: int,
    ) -> np.ndarray:
        """Bars of the mark or index price, or of the last price that stands in for it."""
        if not self.instrument(symbol_id).contract:
            return np.empty((0, len(KLINE_COLUMNS)))
        series = self._fair.get((price.value, symbol_id), self._series[symbol_id])
        table = bars_of(series, timeframe, span, limit, now_ms)
        for columns in _VOLUMES:
            table[:, columns] = 0
        return table

    def open_interest(self, symbol_id: str, ts_ms: int) -> Decimal:  # noqa: ARG002
        """Not replayed. Raises `VenueUnclear`."""
        raise VenueUnclear(f"the venue replays no open interest of {symbol_id}")

    def trades(
        self,
        symbol_id: str,
        *,
        from_id: int | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 500,
        now_ms: int,
    ) -> list[SimTrade]:
        """Trades, oldest first, times inclusive, as `SimMarket.trades`; ids are the venue's own."""
        series = self._series_of(symbol_id)
        until = now_ms if end_ms is None else min(end_ms, now_ms)
        if limit < 1:
            return []
        if from_id is not None:
            rows = lookup.first(series.from_id(from_id, until), limit)
        elif start_ms is not None:
            rows = lookup.first(series.between(start_ms - 1, until), limit)
        else:
            rows = lookup.last(series.backwards(until), limit)
        return [trade for tape in rows for trade in trades_of(series.grid, tape)]

    def last_price(self, symbol_id: str, now_ms: int) -> Decimal:
        """Price of the newest trade."""
        return _newest(self._series_of(symbol_id), now_ms)

    def mark_price(self, symbol_id: str, now_ms: int) -> Decimal:
        """The recorded mark price, else the last price."""
        return self._level("mark", symbol_id, now_ms)

    def index_price(self, symbol_id: str, now_ms: int) -> Decimal:
        """The recorded index price, else the last price."""
        return self._level("index", symbol_id, now_ms)

    def book(self, symbol_id: str, now_ms: int, limit: int) -> tuple[Levels, Levels]:
        """Synthetic depth around the last price: (bids, asks), best first, (price, quantity)."""
        item = self.instrument(symbol_id)
        series = self._series[symbol_id]
        price, taker_sold = series.newest(now_ms)
        at = Decimal(price).scaleb(-series.grid.price_digits)
        ticks = math.floor(at / item.instrument.tick) * item.tick_units
        best_bid = ticks if taker_sold else ticks - item.tick_units
        sides = depth(item, self._seed, now_ms // 1000, max(best_bid, item.tick_units), limit)
        bids, asks = (levels_of(item, *side) for side in sides)
        model = self._liquidity
        return (bids, asks) if model is None else model.book(item, bids, asks, limit)

    def funding(self, symbol_id: str, start_ms: int, end_ms: int, limit: int) -> list[Funding]:
        """Settlements with ``start_ms <= ts <= end_ms``, as recorded; none on spot."""
        item = self.instrument(symbol_id)
        if not item.contract:
            return []
        found = islice(self._settled(item, start_ms, end_ms), limit)
        return [
            Funding(ts, rate, self.mark_price(symbol_id, ts) if mark is None else mark)
            for ts, rate, mark in found
        ]

    def funding_estimate(self, symbol_id: str, now_ms: int) -> Funding:
        """The rate of the last settlement, at the next one."""
        item = self.instrument(symbol_id)
        if not item.contract:
            raise UsageError(f"expected a perpetual contract, found {symbol_id} on spot")
        past = list(self._settled(item, now_ms - 3 * FUNDING_MS, now_ms))
        rate = past[-1][1] if past else Decimal(repr(INTEREST))
        coming = (now_ms // FUNDING_MS + 1) * FUNDING_MS
        return Funding(coming, rate, self.mark_price(symbol_id, now_ms))

    def price_range(self, symbol_id: str, start_ms: int, end_ms: int) -> tuple[Decimal, Decimal]:
        """Lowest and highest price traded in (start_ms, end_ms]; the last price if none was."""
        series = self._series_of(symbol_id)
        found = list(series.extremes(start_ms, end_ms))
        if not found:
            last = self.last_price(symbol_id, end_ms)
            return last, last
        low, high = min(pair[0] for pair in found), max(pair[1] for pair in found)
        return decimal_of(low, series.grid.price_digits), decimal_of(high, series.grid.price_digits)

    def mark_range(self, symbol_id: str, start_ms: int, end_ms: int) -> tuple[Decimal, Decimal]:
        """Bounds of the mark price in [start_ms, end_ms]."""
        known = [self.mark_price(symbol_id, ts) for ts in (start_ms, end_ms)]
        series = self._fair.get(("mark", symbol_id))
        if series is not None:
            digits = series.grid.price_digits
            for pair in series.extremes(start_ms, end_ms):
                known += (decimal_of(price, digits) for price in pair)
        if series is None or not series.span.start_ms <= start_ms <= end_ms < series.span.end_ms:
            known.append(self.last_price(symbol_id, start_ms))
            known += self.price_range(symbol_id, start_ms, end_ms)
        return min(known), max(known)

    def first_reach(
        self, symbol_id: str, price: Decimal, *, above: bool, start_ms: int, end_ms: int
    ) -> SimTrade | None:
        """The first trade in (start_ms, end_ms] at or above (else at or below) a price, or None."""
        series = self._series_of(symbol_id)
        scaled = price.scaleb(series.grid.price_digits)
        bound = math.ceil(scaled) if above else math.floor(scaled)
        for tape in series.reaching(bound, above=above, start_ms=start_ms, end_ms=end_ms):
            reached = tape.price >= bound if above else tape.price <= bound
            if reached.any():
                row = int(reached.argmax())
                return next(iter(trades_of(series.grid, tape.rows(row, row + 1))))
        return None

    def _begin(self, start_ms: int) -> None:
        """Get to know the markets that have not ended."""
        for name in self._names():
            item = market(self._recordings, self.face, name, start_ms)
            series = Series(self._recordings, "ohlcv", name, grid(self._recordings, item, start_ms))
            begins, ends = self._life(name, series)
            if ends > max(begins, start_ms - 1):
                self._markets[item.id] = replace(item, listed_ms=begins)
                self._series[item.id] = series
                self._add_fair(item, series.grid)

    def _names(self) -> list[str]:
        return listed(self._recordings, self.face, KINDS)

    def _series_of(self, symbol_id: str) -> Series:
        self.instrument(symbol_id)
        return self._series[symbol_id]

    def _life(self, name: str, series: Series) -> tuple[int, int]:  # noqa: ARG002
        """When a market begins and ends."""
        return series.span.start_ms, series.span.end_ms

    def _add_fair(self, item: SimInstrument, units: Grid) -> None:
        """Mark and index price, where they were recorded finely enough."""
        name = str(item.instrument.symbol)
        for kind in ("mark", "index") if item.contract else ():
            bars = self._recordings.spans.get((kind, name), {})
            if any(bar is not None and bar.ms <= _COARSEST_MARK_MS for bar in bars):
                self._fair[kind, item.id] = Series(self._recordings, kind, name, units)

    def _level(self, kind: str, symbol_id: str, now_ms: int) -> Decimal:
        series = self._fair.get((kind, symbol_id))
        if series is None or not series.span.start_ms <= now_ms < series.span.end_ms:
            return self.last_price(symbol_id, now_ms)
        return _newest(series, now_ms)

    def _settled(
        self, item: SimInstrument, start_ms: int, end_ms: int
    ) -> Iterator[tuple[int, Decimal, Decimal | None]]:
        """Time, rate and mark price of settlements, times in whole minutes, oldest first.

        Every eight hours of which no settlement is recorded are settled at the interest rate.
        """
        rows = self._recordings.funding(str(item.instrument.symbol))
        first, last = np.searchsorted(rows[:, 0], (start_ms - MINUTE_MS, end_ms + MINUTE_MS))
        begins = -(-max(start_ms, item.listed_ms) // FUNDING_MS)
        found: dict[int, tuple[Decimal, Decimal | None]] = {
            knot * FUNDING_MS: (Decimal(repr(INTEREST)), None)
            for knot in range(begins, end_ms // FUNDING_MS + 1)
        }
        for ts, rate, mark in rows[first:last].tolist():
            whole = (int(ts) + MINUTE_MS // 2) // MINUTE_MS * MINUTE_MS
            known = None if math.isnan(mark) else Decimal(repr(mark))
            found[whole] = Decimal(repr(rate)), known
        for ts in sorted(found):
            if start_ms <= ts <= end_ms:
                yield ts, *found[ts]


def _newest(series: Series, now_ms: int) -> Decimal:
    return decimal_of(series.newest(now_ms)[0], series.grid.price_digits)
