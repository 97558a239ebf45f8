"""One look at account and market before a decision, so that its orders wait for no question."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import TypeVar

from xq.errors import VenueError
from xq.live.desk import Desk, Terms
from xq.types import Account, Book, Symbol
from xq.venue_types import Mark

T = TypeVar("T")
_DEPTH = 100
_ACCOUNT_GOOD_FOR_S, _PRICES_GOOD_FOR_MS = 1.0, 5_000
_MOST_AHEAD = 20  # a book of this depth weighs 5 of the 2,400 that a venue allows a minute


class Look:
    """What the venue showed at one moment; what is not known yet is asked when it is needed.

    Attributes
    ----------
    account
        Balances and positions.
    """

    account: Account

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._books: dict[Symbol, Book] = {}
        self._marks: dict[Symbol, Mark] = {}
        market_ms = desk.market.now_ms()
        self._ask_account()
        self._ahead_ms = market_ms - self.account.ts  # on paper they are two venues

    def _ask_account(self) -> None:
        self._asked = self._desk.clock.monotonic()
        self.account = self._desk.venue.account()

    @classmethod
    def ahead(cls, desk: Desk, terms: Terms) -> "Look":
        """A look at everything that orders of few symbols will ask for.

        Raises
        ------
        VenueError
            If the account cannot be asked; what else fails is asked again when it is needed.
        """
        symbols = terms.symbols
        if desk.pool is None or len(symbols) > _MOST_AHEAD:
            return cls(desk)
        books = _each(desk.pool, symbols, lambda symbol: desk.market.book(symbol, _DEPTH))
        contracts = [s for s in symbols if s.is_contract and terms.limits.marked]
        marks = _each(desk.pool, contracts, lambda symbol: desk.venue.marks(symbol))
        seen = cls(desk)
        seen._books.update(books())
        seen._marks.update(marks())
        return seen

    def renewed(self, terms: Terms) -> "Look":
        """A look to decide on: an account a second old is asked again, old prices too.

        The age of prices is the venue's, whose clock may run faster than ours.
        """
        if self._desk.clock.monotonic() - self._asked <= _ACCOUNT_GOOD_FOR_S:
            return self
        began_ms = self.account.ts
        self._ask_account()
        if self.account.ts - began_ms > _PRICES_GOOD_FOR_MS:
            return Look.ahead(self._desk, terms)
        return self

    def now_ms(self) -> int:
        """Time of the market now, by how long ago the account was asked for."""
        elapsed = self._desk.clock.monotonic() - self._asked
        return self.account.ts + self._ahead_ms + int(elapsed * 1000)

    def book(self, symbol: Symbol) -> Book:
        """Resting orders of a symbol. Raises `VenueError`."""
        if symbol not in self._books:
            self._books[symbol] = self._desk.market.book(symbol, _DEPTH)
        return self._books[symbol]

    def mark(self, symbol: Symbol) -> Mark:
        """Mark and index price of a contract. Raises `VenueError`."""
        if symbol not in self._marks:
            self._marks[symbol] = self._desk.venue.marks(symbol)
        return self._marks[symbol]


def _each(
    pool: Executor, symbols: Sequence[Symbol], ask: Callable[[Symbol], T]
) -> Callable[[], dict[Symbol, T]]:
    """Ask for every symbol at once; called, it waits, and leaves out what could not be asked."""
    asked = {symbol: pool.submit(ask, symbol) for symbol in symbols}

    def collect() -> dict[Symbol, T]:
        found = {}
        for symbol, answer in asked.items():
            try:
                found[symbol] = answer.result()
            except VenueError:
                continue
        return found

    return collect
