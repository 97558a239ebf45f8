"""The duel's facts as a feed of the venue under test."""

from bisect import bisect_right
from collections.abc import Sequence
from decimal import Decimal

from support.reference_venue.records import Levels, Market

from xq.errors import unknown
from xq.sim.instruments import Face, SimInstrument, instruments
from xq.sim.market import Funding, SimTrade


class TapeFeed:
    """One face of the markets that the reference reads too."""

    def __init__(self, face: Face, markets: Sequence[Market]) -> None:
        self._markets = {item.symbol: item for item in markets if item.face == face.value}
        self._items = {item.id: item for item in instruments(face) if item.id in self._markets}

    def symbols(self) -> tuple[SimInstrument, ...]:
        """Every market."""
        return tuple(self._items.values())

    def instrument(self, symbol_id: str) -> SimInstrument:
        """One market."""
        if symbol_id not in self._items:
            raise unknown("symbol", symbol_id, self._items)
        return self._items[symbol_id]

    def last_price(self, symbol_id: str, now_ms: int) -> Decimal:
        """Price of the newest trade."""
        trades = self._markets[symbol_id].trades
        return trades[bisect_right(trades, now_ms, key=lambda item: item.ts) - 1].price

    def mark_price(self, symbol_id: str, now_ms: int) -> Decimal:
        """The mark price told last."""
        marks = self._markets[symbol_id].marks
        place = bisect_right(marks, now_ms, key=lambda item: item[0])
        return marks[place - 1][1] if place else self.last_price(symbol_id, now_ms)

    index_price = mark_price

    def book(self, symbol_id: str, now_ms: int, limit: int) -> tuple[Levels, Levels]:
        """The book shown last."""
        books = self._markets[symbol_id].books
        shown = books[bisect_right(books, now_ms, key=lambda item: item.ts) - 1]
        return shown.bids[:limit], shown.asks[:limit]

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
        """Trades, oldest first; ids count from 0."""
        last = now_ms if end_ms is None else min(end_ms, now_ms)
        found = [
            SimTrade(number, item.price, item.quantity, item.ts, buyer_is_maker=item.sold)
            for number, item in enumerate(self._markets[symbol_id].trades)
            if item.ts <= last
            and (from_id is None or number >= from_id)
            and (start_ms is None or item.ts >= start_ms)
        ]
        whole = from_id is None and start_ms is None
        return found[-limit:] if whole else found[:limit]

    def funding(self, symbol_id: str, start_ms: int, end_ms: int, limit: int) -> list[Funding]:
        """Settlements of a contract."""
        market = self._markets[symbol_id]
        found = [
            Funding(ts, rate, self.mark_price(symbol_id, ts))
            for ts, rate in market.settlements
            if start_ms <= ts <= end_ms
        ]
        return found[:limit]

    def price_range(self, symbol_id: str, start_ms: int, end_ms: int) -> tuple[Decimal, Decimal]:
        """Lowest and highest price traded in (start_ms, end_ms]."""
        trades = self._markets[symbol_id].trades
        seen = [item.price for item in trades if start_ms < item.ts <= end_ms]
        seen = seen or [self.last_price(symbol_id, end_ms)]
        return min(seen), max(seen)

    def mark_range(self, symbol_id: str, start_ms: int, end_ms: int) -> tuple[Decimal, Decimal]:
        """Lowest and highest mark price told in [start_ms, end_ms]."""
        told = self._markets[symbol_id].marks
        seen = [price for ts, price in told if start_ms < ts <= end_ms]
        if not told or told[0][0] > start_ms:
            seen += self.price_range(symbol_id, start_ms, end_ms)
        seen.append(self.mark_price(symbol_id, start_ms))
        return min(seen), max(seen)

    def first_reach(
        self, symbol_id: str, price: Decimal, *, above: bool, start_ms: int, end_ms: int
    ) -> SimTrade | None:
        """The first trade in (start_ms, end_ms] at or beyond ``price``."""
        for number, item in enumerate(self._markets[symbol_id].trades):
            reached = item.price >= price if above else item.price <= price
            if start_ms < item.ts <= end_ms and reached:
                return SimTrade(
                    number, item.price, item.quantity, item.ts, buyer_is_maker=item.sold
                )
        return None
