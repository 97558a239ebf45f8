"""What `xq status` asks of one wallet's venue."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from xq.ports import MarketData, Venue
from xq.types import Account, Book, Order, Symbol


@dataclass(frozen=True, slots=True)
class Seen:
    """One wallet at one moment.

    Attributes
    ----------
    now_ms
        Venue time.
    books
        Of the symbols that are traded or held.
    """

    exchange: str
    contracts: bool
    quote: str
    now_ms: int
    account: Account
    orders: Sequence[Order]
    books: dict[Symbol, Book]
    lots: dict[Symbol, Decimal]

    def price(self, symbol: Symbol) -> Decimal | None:
        """Middle of the best prices; None where one side is empty."""
        book = self.books[symbol]
        if not (book.bids and book.asks):
            return None
        return (book.bids[0][0] + book.asks[0][0]) / 2


@dataclass(frozen=True, slots=True)
class WalletView:
    """An open venue, and the symbols of the wallet."""

    market: MarketData
    venue: Venue
    symbols: tuple[Symbol, ...]

    def read(self) -> Seen:
        """Everything that one wallet tells. Raises `VenueError`."""
        known = self.market.instruments()
        books = {s: self.market.book(s, 5) for s in self.symbols if s in known}
        first = self.symbols[0]
        return Seen(
            self.market.name,
            first.is_contract,
            first.quote,
            self.market.now_ms(),
            self.venue.account(),
            self.venue.open_orders(),
            books,
            {symbol: known[symbol].lot for symbol in books},
        )
