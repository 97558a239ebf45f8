"""A market whose every trade a test writes down, and a venue on top of it."""

from decimal import Decimal
from pathlib import Path

from xq.clock import ManualClock
from xq.errors import unknown
from xq.sim.accounts import MAIN
from xq.sim.instruments import TRADES_START_MS, Face, SimInstrument, instruments
from xq.sim.ledger import FILE_NAME, Ledger
from xq.sim.market import Funding, SimTrade
from xq.sim.venue import SimVenue

START = TRADES_START_MS
HOUR = 3_600_000
EIGHT_HOURS = 8 * HOUR
WALL = 1_800_000_000_000
SPREAD = Decimal("0.5")
FUTURES_MARKET = {"BTCUSDT": [(START - 1, "40000")], "ETHUSDT": [(START - 1, "2000")]}
LEVELS = ((Decimal(0), Decimal(1)), (Decimal(10), Decimal(2)), (Decimal(50), Decimal(50)))


class ScriptedFeed:
    """One face; the book stands half a unit around the last trade, or as a test puts it.

    A trade is (ts, price) or (ts, price, quantity, taker_sold); one without a quantity is of
    nothing: it moves the price and fills only what it goes beyond.
    """

    def __init__(self, face: Face, trades: dict[str, list[tuple[int, str]]]) -> None:
        self._markets = {item.id: item for item in instruments(face) if item.id in trades}
        self.trades_of = {
            symbol: [(ts, Decimal(price)) for ts, price in rows] for symbol, rows in trades.items()
        }
        self.sizes: dict[tuple[str, int], tuple[Decimal, bool]] = {}
        self.books: dict[str, list[tuple[int, list, list]]] = {}
        self.rates: dict[int, Decimal] = {}
        self.is_futures = face is Face.FUTURES

    def print(
        self, symbol: str, ts: int, price: str, quantity: str = "0", *, sold: bool = False
    ) -> None:
        """Add a trade to the tape."""
        self.trades_of[symbol].append((ts, Decimal(price)))
        self.trades_of[symbol].sort()
        self.sizes[symbol, ts] = Decimal(quantity), sold

    def show(self, symbol: str, ts: int, bids: dict[str, str], asks: dict[str, str]) -> None:
        """From a moment on the book is this, until another one is shown."""
        sides = (
            [(Decimal(price), Decimal(size)) for price, size in levels.items()]
            for levels in (bids, asks)
        )
        self.books.setdefault(symbol, []).append((ts, *sides))

    def symbols(self) -> tuple[SimInstrument, ...]:
        return tuple(self._markets.values())

    def instrument(self, symbol_id: str) -> SimInstrument:
        if symbol_id not in self._markets:
            raise unknown("symbol", symbol_id, self._markets)
        return self._markets[symbol_id]

    def last_price(self, symbol_id: str, now_ms: int) -> Decimal:
        return [price for ts, price in self.trades_of[symbol_id] if ts <= now_ms][-1]

    mark_price = last_price
    index_price = last_price

    def book(self, symbol_id: str, now_ms: int, limit: int):
        shown = [sides for ts, *sides in self.books.get(symbol_id, []) if ts <= now_ms]
        if shown:
            bids, asks = shown[-1]
            return bids[:limit], asks[:limit]
        last = self.last_price(symbol_id, now_ms)
        bids = [(last - SPREAD - away, size) for away, size in LEVELS]
        asks = [(last + SPREAD + away, size) for away, size in LEVELS]
        return bids[:limit], asks[:limit]

    def trades(self, symbol_id: str, *, start_ms: int, end_ms: int, limit: int, now_ms: int):
        rows = []
        for ts, price in self.trades_of[symbol_id]:
            if start_ms <= ts <= min(end_ms, now_ms):
                quantity, sold = self.sizes.get((symbol_id, ts), (Decimal(0), False))
                rows.append(SimTrade(ts, price, quantity, ts, buyer_is_maker=sold))
        return rows[:limit]

    def funding(self, symbol_id: str, start_ms: int, end_ms: int, limit: int) -> list[Funding]:
        found = [
            Funding(ts, rate, self.mark_price(symbol_id, ts))
            for ts, rate in sorted(self.rates.items())
            if start_ms <= ts <= end_ms
        ]
        return found[:limit] if self.is_futures else []

    def price_range(self, symbol_id: str, start_ms: int, end_ms: int) -> tuple[Decimal, Decimal]:
        seen = [price for ts, price in self.trades_of[symbol_id] if start_ms < ts <= end_ms]
        seen = seen or [self.last_price(symbol_id, end_ms)]
        return min(seen), max(seen)

    def mark_range(self, symbol_id: str, start_ms: int, end_ms: int) -> tuple[Decimal, Decimal]:
        before = self.mark_price(symbol_id, start_ms)
        low, high = self.price_range(symbol_id, start_ms, end_ms)
        return min(low, before), max(high, before)

    def first_reach(self, symbol_id, price, *, above, start_ms, end_ms) -> SimTrade | None:
        for ts, traded in self.trades_of[symbol_id]:
            reached = traded >= price if above else traded <= price
            if start_ms < ts <= end_ms and reached:
                return SimTrade(ts, traded, Decimal(1), ts, buyer_is_maker=not above)
        return None


class Bench:
    """A venue on a scripted market, with a clock of its own and a ledger in a folder."""

    def __init__(
        self,
        folder: Path,
        spot: str = "40000",
        futures: str = "40000",
        accounts: tuple[str, ...] = (MAIN,),
    ) -> None:
        self.folder = folder
        self.accounts = accounts
        self.clock = ManualClock(WALL)
        self.spot = ScriptedFeed(Face.SPOT, {"BTCUSDT": [(START - 1, spot)]})
        self.futures = ScriptedFeed(
            Face.FUTURES, {"BTCUSDT": [(START - 1, futures)], "ETHUSDT": [(START - 1, "2000")]}
        )
        self.venue = self.open()

    def open(self) -> SimVenue:
        """The venue of the ledger as it is on disk."""
        feeds = {Face.SPOT: self.spot, Face.FUTURES: self.futures}
        venue = SimVenue(
            Ledger(self.folder / FILE_NAME), feeds, self.clock, seed=7, accounts=self.accounts
        )
        venue.settle()
        return venue

    def reopen(self) -> SimVenue:
        """Forget everything but the file."""
        self.venue.ledger.close()
        self.venue = self.open()
        return self.venue

    def advance(self, milliseconds: int) -> None:
        """Let time pass and settle."""
        self.clock.advance_to(self.clock.now_ms() + milliseconds)
        self.venue.settle()
