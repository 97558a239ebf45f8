"""Prices of a real exchange as a feed of the simulated venue: paper trading.

Nothing here is invented. Orders walk the exchange's own book as it stands when they arrive; resting
orders and liquidations meet the highs and lows of its bars. Three simplifications: a resting order
ignores the rest of the minute it was placed in (it could not be known which trades came before it),
the last price stands in for the mark price, and funding is booked on the venue's eight-hour grid.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

import numpy as np

from xq.errors import VenueUnclear, unknown
from xq.sim.fair import Price
from xq.sim.instruments import Face, Profile, SimInstrument
from xq.sim.market import Funding, Levels, SimTrade
from xq.timeframe import DAY_MS, HOUR_MS, MINUTE_MS, Timeframe
from xq.types import Book, Instrument, Symbol

QUOTE = "USDT"  # what the paper account holds; nothing else can be bought with it
_NEVER_MS = 4_133_404_800_000
_RECENT_MS = 10 * MINUTE_MS
_PAGE = 1000
_DEPTHS = (100, 500, 1000)
_OPEN, _HIGH, _LOW, _CLOSE, _VOLUME = 1, 2, 3, 4, 5


class Prices(Protocol):
    """What paper trading reads of a real exchange."""

    def listed(self, contract: bool) -> Mapping[Symbol, Instrument]:
        """Trading rules of one face."""

    def bars(self, symbol: Symbol, timeframe: Timeframe, since_ms: int, limit: int) -> np.ndarray:
        """Closed and open bars, float64 (n, 6)."""

    def book(self, symbol: Symbol, depth: int) -> Book:
        """Resting orders, best first."""

    def funding(
        self, symbol: Symbol, since_ms: int, limit: int
    ) -> Sequence[tuple[int, Decimal, Decimal]]:
        """Past settlements: time, rate, mark price."""


@dataclass(frozen=True, slots=True)
class _Tape:
    """Bars that cover ``start_ms`` to ``end_ms``; ``live`` when the last one is still running."""

    start_ms: int
    end_ms: int
    length_ms: int
    rows: np.ndarray
    live: bool

    def past(self, start_ms: int, end_ms: int) -> np.ndarray:
        """Bars that opened at or after ``start_ms`` and hold nothing later than ``end_ms``."""
        opens = self.rows[:, 0]
        known = opens + self.length_ms <= end_ms
        known[-1:] |= self.live
        return self.rows[(opens >= start_ms) & (opens <= end_ms) & known]

    def price(self, at_ms: int) -> Decimal | None:
        """The last price known at a time; None before the first bar."""
        count = int(np.searchsorted(self.rows[:, 0], at_ms, side="right"))
        if not count:
            return None
        last = self.rows[count - 1]
        present = self.live and count == len(self.rows)
        closed = last[0] + self.length_ms <= at_ms
        return _exact(last[_CLOSE if present or closed else _OPEN])


class PaperFeed:
    """`xq.sim.feed.Feed` of one face of a real exchange. Raises `VenueError` when that fails.

    Not for use from two threads at once.
    """

    def __init__(self, face: Face, prices: Prices, *, active: bool = True) -> None:
        self._prices = prices
        self._contract = face is Face.FUTURES
        listed = prices.listed(self._contract) if active else {}
        found = (_instrument(symbol, rules) for symbol, rules in listed.items())
        self._instruments = {item.id: item for item in found if item.quote == QUOTE}
        self._tapes: dict[str, _Tape] = {}
        self._book: tuple[tuple[str, int, int], tuple[Levels, Levels]] | None = None

    def symbols(self) -> tuple[SimInstrument, ...]:
        """Every market quoted in USDT."""
        return tuple(self._instruments.values())

    def instrument(self, symbol_id: str) -> SimInstrument:
        """One market by its native id. Raises `UnknownName`."""
        if symbol_id not in self._instruments:
            raise unknown("paper market", symbol_id, self._instruments)
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
        """Bars in the venue's eleven columns; turnover is volume times close."""
        start = timeframe.shift(now_ms, -limit) if start_ms is None else start_ms
        rows = self._prices.bars(self._symbol(symbol_id), timeframe, start, limit)
        rows = rows[rows[:, 0] <= (now_ms if end_ms is None else min(end_ms, now_ms))]
        closes = timeframe.end(rows[:, 0].astype(np.int64)) - 1
        turnover = rows[:, _VOLUME] * rows[:, _CLOSE]
        nothing = np.zeros(len(rows))
        return np.column_stack([rows[:, :6], closes, turnover, nothing, nothing, nothing])

    def price_bars(
        self,
        _price: Price,
        symbol_id: str,
        timeframe: Timeframe,
        span: tuple[int | None, int | None],
        limit: int,
        now_ms: int,
    ) -> np.ndarray:
        """Bars of the last price, which stands in for mark and index here."""
        return self.bars(symbol_id, timeframe, *span, limit, now_ms)

    def open_interest(self, symbol_id: str, ts_ms: int) -> Decimal:  # noqa: ARG002
        """Not known here: ask the exchange itself. Raises `VenueUnclear`."""
        raise VenueUnclear(f"paper trading knows no open interest of {symbol_id}")

    def trades(self, symbol_id: str, **_which: int | None) -> Sequence[SimTrade]:
        """None: the tape is the exchange's own."""
        self.instrument(symbol_id)
        return ()

    def last_price(self, symbol_id: str, now_ms: int) -> Decimal:
        """Close of the running bar; for a time in the past, the last price known then."""
        for reach in (_RECENT_MS, 3 * DAY_MS):
            price = self._tape(symbol_id, now_ms - reach, now_ms).price(now_ms)
            if price is not None:
                return price
        raise VenueUnclear(f"no price of {symbol_id} in the last three days")

    def mark_price(self, symbol_id: str, now_ms: int) -> Decimal:
        """The last price."""
        return self.last_price(symbol_id, now_ms)

    def index_price(self, symbol_id: str, now_ms: int) -> Decimal:
        """The last price."""
        return self.last_price(symbol_id, now_ms)

    def book(self, symbol_id: str, now_ms: int, limit: int) -> tuple[Levels, Levels]:
        """The exchange's book as it is now, asked for once per request."""
        key = (symbol_id, now_ms, limit)
        if self._book is None or self._book[0] != key:
            depth = next((depth for depth in _DEPTHS if depth >= limit), _DEPTHS[-1])
            book = self._prices.book(self._symbol(symbol_id), depth)
            self._book = key, (list(book.bids[:limit]), list(book.asks[:limit]))
        return self._book[1]

    def funding(self, symbol_id: str, start_ms: int, end_ms: int, limit: int) -> list[Funding]:
        """Settlements with ``start_ms <= ts <= end_ms``, times rounded to the minute."""
        if not self._contract:
            return []
        found = self._prices.funding(self._symbol(symbol_id), start_ms - MINUTE_MS, limit + 2)
        snapped = (Funding(_minute(ts), rate, mark) for ts, rate, mark in found)
        return [item for item in snapped if start_ms <= item.ts <= end_ms][:limit]

    def funding_estimate(self, symbol_id: str, now_ms: int) -> Funding:
        """The newest settlement's rate, at the next eight-hour mark."""
        past = self.funding(symbol_id, now_ms - DAY_MS, now_ms, 10)
        rate = past[-1].rate if past else Decimal(0)
        step = 8 * HOUR_MS
        return Funding((now_ms // step + 1) * step, rate, self.mark_price(symbol_id, now_ms))

    def price_range(self, symbol_id: str, start_ms: int, end_ms: int) -> tuple[Decimal, Decimal]:
        """Lowest and highest price in (start_ms, end_ms]; the last price if none is known."""
        tape = self._tape(symbol_id, start_ms, end_ms)
        rows = tape.past(start_ms, end_ms)
        last = self.last_price(symbol_id, end_ms)
        low = min([last, *(_exact(value) for value in rows[:, _LOW])])
        high = max([last, *(_exact(value) for value in rows[:, _HIGH])])
        return low, high

    def mark_range(self, symbol_id: str, start_ms: int, end_ms: int) -> tuple[Decimal, Decimal]:
        """Bounds of the last price in [start_ms, end_ms]."""
        before = self.last_price(symbol_id, start_ms)
        low, high = self.price_range(symbol_id, start_ms, end_ms)
        return min(low, before), max(high, before)

    def first_reach(
        self, symbol_id: str, price: Decimal, *, above: bool, start_ms: int, end_ms: int
    ) -> SimTrade | None:
        """The end of the first bar that reached ``price``, or now if only the last price does."""
        tape = self._tape(symbol_id, start_ms, end_ms)
        column, sign = (_HIGH, 1) if above else (_LOW, -1)
        for row in tape.past(start_ms, end_ms):
            if _exact(row[column]) * sign >= price * sign:
                ts = min(int(row[0]) + tape.length_ms, end_ms)
                return SimTrade(int(row[0]), price, Decimal(0), ts, buyer_is_maker=not above)
        last = self.last_price(symbol_id, end_ms)
        if last * sign >= price * sign and end_ms > start_ms:
            return SimTrade(end_ms, last, Decimal(0), end_ms, buyer_is_maker=not above)
        return None

    def _symbol(self, symbol_id: str) -> Symbol:
        return self.instrument(symbol_id).instrument.symbol

    def _tape(self, symbol_id: str, start_ms: int, end_ms: int) -> _Tape:
        """Bars of the span, from memory where a wider one was read for the same present."""
        tape = self._tapes.get(symbol_id)
        if tape is None or start_ms < tape.start_ms or end_ms > tape.end_ms:
            start = start_ms if tape is None else min(start_ms, tape.start_ms)
            keep = end_ms - start <= 2 * DAY_MS
            tape = self._read(symbol_id, start if keep else start_ms, end_ms)
            self._tapes[symbol_id] = tape
        return tape

    def _read(self, symbol_id: str, start_ms: int, end_ms: int) -> _Tape:
        timeframe = _resolution(end_ms - start_ms)
        since = timeframe.floor(start_ms)
        pages: list[np.ndarray] = []
        full = True
        while full and since <= end_ms:
            page = self._prices.bars(self._symbol(symbol_id), timeframe, since, _PAGE)
            page = page[page[:, 0] >= since]
            full = len(page) >= _PAGE
            pages.append(page)
            since = int(page[-1, 0]) + timeframe.ms if len(page) else end_ms + 1
        rows = np.concatenate(pages)
        wanted = rows[rows[:, 0] <= end_ms]
        live = not full and len(wanted) == len(rows)
        return _Tape(start_ms, end_ms, timeframe.ms, wanted, live)


def _resolution(span_ms: int) -> Timeframe:
    """The finest bars that a few requests can bring."""
    if span_ms <= 3 * DAY_MS + HOUR_MS:
        return Timeframe.parse("1m")
    return Timeframe.parse("1h" if span_ms <= 180 * DAY_MS else "1d")


def _instrument(symbol: Symbol, rules: Instrument) -> SimInstrument:
    return SimInstrument(
        id=symbol.base + symbol.quote,
        instrument=rules,
        base=symbol.base,
        quote=symbol.quote,
        contract=symbol.is_contract,
        listed_ms=0,
        synthetic_from_ms=_NEVER_MS,
        profile=Profile(symbol.base, price=0.0, turnover=0.0, beta=0.0, volatility=0.0),
    )


def _exact(value: float) -> Decimal:
    return Decimal(repr(float(value)))


def _minute(ts_ms: int) -> int:
    return (ts_ms + MINUTE_MS // 2) // MINUTE_MS * MINUTE_MS
