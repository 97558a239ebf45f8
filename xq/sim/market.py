"""Prices of the simulated venue: bars, trades, book, mark price and funding of every market."""

import math
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from xq.errors import UsageError, unknown
from xq.sim import lookup
from xq.sim.basis import FUNDING_MS, funding_rate
from xq.sim.depth import depth, levels_of
from xq.sim.fair import Price, fair_bars, mark_extremes
from xq.sim.instruments import Face, SimInstrument, instruments
from xq.sim.interest import open_contracts
from xq.sim.market_models import Liquidity
from xq.sim.tape import KLINE_COLUMNS, Digits, Tape, decimal_of, klines
from xq.sim.tapes import Recent, Tapes
from xq.timeframe import HOUR_MS, Timeframe

Levels = list[tuple[Decimal, Decimal]]

_MOST_SHOWN = 32  # books kept as they are shown, for who asks again within the second


@dataclass(frozen=True, slots=True)
class SimTrade:
    """A trade on the venue's tape.

    Attributes
    ----------
    buyer_is_maker
        The buyer's order was the resting one: the taker sold.
    first_execution, last_execution
        Ids of the single executions that one recorded trade stands for.
    """

    id: int
    price: Decimal
    quantity: Decimal
    ts: int
    buyer_is_maker: bool
    first_execution: int = 0
    last_execution: int = 0


@dataclass(frozen=True, slots=True)
class Funding:
    """One settlement: time, rate as a fraction of notional, mark price it applies to."""

    ts: int
    rate: Decimal
    mark: Decimal


class SimMarket:
    """Every price of one face of the simulated venue.

    Pure: the same seed, symbol and time give the same answer, whatever was asked before. Nothing
    after ``now_ms`` is ever shown. Safe to call from several threads.

    Raises
    ------
    UnknownName
        From every method that takes a symbol id, if there is no such market.
    NoData
        If a price is asked for before the market existed.

    Examples
    --------
    >>> market = SimMarket(Face.SPOT, seed=7)
    >>> market.last_price("BTCUSDT", 1_704_067_200_000)
    Decimal('42283.58')
    """

    def __init__(self, face: Face, seed: int, liquidity: Liquidity | None = None) -> None:
        if seed < 0:
            raise UsageError(f"seed must be 0 or greater, found {seed}")
        self.face = face
        self.seed = seed
        self._liquidity = liquidity
        self._instruments = {item.id: item for item in instruments(face)}
        self._tapes = Tapes(seed)
        self._shown = Recent[tuple[Levels, Levels]](_MOST_SHOWN)
        self._lock = threading.RLock()

    def symbols(self) -> tuple[SimInstrument, ...]:
        """Every market, BTC first."""
        return tuple(self._instruments.values())

    def instrument(self, symbol_id: str) -> SimInstrument:
        """One market by its native id."""
        if symbol_id not in self._instruments:
            raise unknown("symbol", symbol_id, self._instruments, hint="xq symbols --exchange sim")
        return self._instruments[symbol_id]

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

        Columns are `xq.sim.tape.KLINE_COLUMNS`. The first ``limit`` bars from ``start_ms`` on, or
        the last ``limit`` when it is None. The bar still open at ``now_ms`` is included, flat while
        nothing has traded in it. There are no holes. BTC/USDT spot has none finer than 1h before
        2024.
        """
        item = self.instrument(symbol_id)
        listed = item.listed_ms if timeframe.ms >= HOUR_MS else item.tape_from_ms
        edges = lookup.window(listed, timeframe, (start_ms, end_ms), limit, now_ms)
        if edges is None:
            return np.empty((0, len(KLINE_COLUMNS)))
        with self._lock:
            rows = lookup.bars_between(self._tapes, item, timeframe, edges, now_ms)
        return klines(rows, timeframe, item.price_digits, item.quantity_digits)

    def price_bars(
        self,
        price: Price,
        symbol_id: str,
        timeframe: Timeframe,
        span: tuple[int | None, int | None],
        limit: int,
        now_ms: int,
    ) -> np.ndarray:
        """Bars of the mark or index price of a perpetual, as `bars` has them, without volume."""
        item = self.instrument(symbol_id)
        edges = lookup.window(item.listed_ms, timeframe, span, limit, now_ms)
        if edges is None or not item.contract:
            return np.empty((0, len(KLINE_COLUMNS)))
        with self._lock:
            rows = fair_bars(self._tapes, item, price, timeframe, edges, now_ms)
        return klines(rows, timeframe, item.price_digits, item.quantity_digits)

    def open_interest(self, symbol_id: str, ts_ms: int) -> Decimal:
        """Contracts of a perpetual that are held, base asset; the same for each five minutes."""
        item = self.instrument(symbol_id)
        with self._lock:
            units = open_contracts(self._tapes.spine, self.seed, item, ts_ms)
        return decimal_of(units, item.quantity_digits)

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
        """Trades, oldest first, times inclusive.

        With ``from_id`` or ``start_ms`` the first ``limit`` from there on; otherwise the newest
        ``limit`` up to ``end_ms`` or now.
        """
        item = self.instrument(symbol_id)
        until = now_ms if end_ms is None else min(end_ms, now_ms)
        if limit < 1 or until < item.tape_from_ms:
            return []
        with self._lock:
            if from_id is not None:
                rows = lookup.first(lookup.from_id(self._tapes, item, from_id, until), limit)
            elif start_ms is not None:
                days = lookup.between(self._tapes, item, start_ms - 1, until)
                rows = lookup.first(days, limit)
            else:
                rows = lookup.last(lookup.backwards(self._tapes, item, until), limit)
        return [trade for tape in rows for trade in trades_of(item, tape)]

    def last_price(self, symbol_id: str, now_ms: int) -> Decimal:
        """Price of the newest trade at ``now_ms``."""
        item = self.instrument(symbol_id)
        with self._lock:
            return decimal_of(lookup.newest(self._tapes, item, now_ms)[0], item.price_digits)

    def index_price(self, symbol_id: str, now_ms: int) -> Decimal:
        """Price of the coin itself, without a market's spread and basis; the last price on spot."""
        item = self.instrument(symbol_id)
        if not item.contract:
            return self.last_price(symbol_id, now_ms)
        with self._lock:
            return lookup.nearest(lookup.index_level(self._tapes, item, now_ms), item)

    def mark_price(self, symbol_id: str, now_ms: int) -> Decimal:
        """Fair price for margin and funding: index and basis, no bounce; last price on spot."""
        item = self.instrument(symbol_id)
        if not item.contract:
            return self.last_price(symbol_id, now_ms)
        with self._lock:
            return lookup.nearest(lookup.mark_level(self._tapes, item, now_ms), item)

    def book(self, symbol_id: str, now_ms: int, limit: int) -> tuple[Levels, Levels]:
        """Synthetic depth around the last price: (bids, asks), best first, (price, quantity)."""
        item = self.instrument(symbol_id)
        with self._lock:
            price, taker_sold = lookup.newest(self._tapes, item, now_ms)
        best_bid = price if taker_sold else price - item.tick_units
        second, model = now_ms // 1000, self._liquidity

        def show() -> tuple[Levels, Levels]:
            sides = depth(item, self.seed, second, best_bid, limit)
            bids, asks = (levels_of(item, *side) for side in sides)
            return (bids, asks) if model is None else model.book(item, bids, asks, limit)

        with self._lock:
            bids, asks = self._shown.get((symbol_id, second, best_bid, limit), show)
        return bids.copy(), asks.copy()

    def funding(self, symbol_id: str, start_ms: int, end_ms: int, limit: int) -> list[Funding]:
        """Settlements with ``start_ms <= ts <= end_ms``, oldest first; none on spot.

        At 00:00, 08:00 and 16:00 UTC. The caller keeps ``end_ms`` from lying after now.
        """
        item = self.instrument(symbol_id)
        if not item.contract:
            return []
        start = max(start_ms, item.listed_ms + FUNDING_MS)
        first, last = -(-start // FUNDING_MS), end_ms // FUNDING_MS
        with self._lock:
            return [
                self._settlement(item, knot, knot * FUNDING_MS)
                for knot in range(first, min(last + 1, first + limit))
            ]

    def funding_estimate(self, symbol_id: str, now_ms: int) -> Funding:
        """The next settlement as it stands at ``now_ms``; perpetuals only."""
        item = self.instrument(symbol_id)
        if not item.contract:
            raise UsageError(f"expected a perpetual contract, found {symbol_id} on spot")
        with self._lock:
            return self._settlement(item, now_ms // FUNDING_MS + 1, now_ms)

    def price_range(self, symbol_id: str, start_ms: int, end_ms: int) -> tuple[Decimal, Decimal]:
        """Lowest and highest price traded in (start_ms, end_ms]; the last price if none was."""
        item = self.instrument(symbol_id)
        with self._lock:
            low, high = lookup.extremes(self._tapes, item, start_ms, end_ms)
        return decimal_of(low, item.price_digits), decimal_of(high, item.price_digits)

    def mark_range(self, symbol_id: str, start_ms: int, end_ms: int) -> tuple[Decimal, Decimal]:
        """Lowest and highest mark price in [start_ms, end_ms]; perpetuals only."""
        item = self.instrument(symbol_id)
        with self._lock:
            return mark_extremes(self._tapes, item, max(start_ms, item.listed_ms), end_ms)

    def first_reach(
        self, symbol_id: str, price: Decimal, *, above: bool, start_ms: int, end_ms: int
    ) -> SimTrade | None:
        """The first trade in (start_ms, end_ms] at or above (else at or below) a price, or None."""
        item = self.instrument(symbol_id)
        scaled = price.scaleb(item.price_digits)
        bound = math.ceil(scaled) if above else math.floor(scaled)
        with self._lock:
            for tape in lookup.between(self._tapes, item, start_ms, end_ms):
                reached = tape.price >= bound if above else tape.price <= bound
                if reached.any():
                    row = int(reached.argmax())
                    return next(iter(trades_of(item, tape.rows(row, row + 1))))
        return None

    def _settlement(self, item: SimInstrument, knot: int, now_ms: int) -> Funding:
        ts_ms = knot * FUNDING_MS
        rate = funding_rate(lookup.premium(self._tapes, item, knot, now_ms))
        mark = lookup.nearest(lookup.mark_level(self._tapes, item, min(ts_ms, now_ms)), item)
        return Funding(ts_ms, Decimal(f"{rate:.8f}"), mark)


def trades_of(item: Digits, tape: Tape) -> Iterable[SimTrade]:
    """The rows of a tape as trades."""
    price_digits, quantity_digits = item.price_digits, item.quantity_digits
    columns = zip(
        tape.price.tolist(),
        tape.quantity.tolist(),
        tape.ts.tolist(),
        tape.taker_sold.tolist(),
        tape.raw.tolist(),
        tape.raw[1:].tolist(),
        strict=False,
    )
    for row, (price, quantity, ts, sold, raw, after) in enumerate(columns):
        yield SimTrade(
            id=tape.first_id + row,
            price=decimal_of(price, price_digits),
            quantity=decimal_of(quantity, quantity_digits),
            ts=ts,
            buyer_is_maker=sold,
            first_execution=raw,
            last_execution=after - 1,
        )
