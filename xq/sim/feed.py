"""What the venue needs to know of prices; `xq.sim.market.SimMarket` has all of it."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from xq.sim.fair import Price
from xq.sim.instruments import SimInstrument
from xq.sim.market import Funding, Levels, SimTrade
from xq.timeframe import Timeframe

if TYPE_CHECKING:
    import numpy as np


class Feed(Protocol):
    """Prices of one face at any venue time."""

    def symbols(self) -> Sequence[SimInstrument]:
        """Every market."""

    def instrument(self, symbol_id: str) -> SimInstrument:
        """One market by its native id. Raises `UnknownName`."""

    def bars(
        self,
        symbol_id: str,
        timeframe: Timeframe,
        start_ms: int | None,
        end_ms: int | None,
        limit: int,
        now_ms: int,
    ) -> "np.ndarray":
        """Bars, float64 (n, 11), columns as `xq.sim.tape.KLINE_COLUMNS`."""

    def price_bars(
        self,
        price: Price,
        symbol_id: str,
        timeframe: Timeframe,
        span: tuple[int | None, int | None],
        limit: int,
        now_ms: int,
    ) -> "np.ndarray":
        """Bars of the mark or index price, columns as of `bars`."""

    def open_interest(self, symbol_id: str, ts_ms: int) -> Decimal:
        """Contracts held at a time, base asset."""

    def trades(
        self,
        symbol_id: str,
        *,
        from_id: int | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 500,
        now_ms: int,
    ) -> Sequence[SimTrade]:
        """Trades, oldest first."""

    def last_price(self, symbol_id: str, now_ms: int) -> Decimal:
        """Price of the newest trade."""

    def mark_price(self, symbol_id: str, now_ms: int) -> Decimal:
        """Smooth price for margin and funding."""

    def index_price(self, symbol_id: str, now_ms: int) -> Decimal:
        """Price of the coin itself."""

    def book(self, symbol_id: str, now_ms: int, limit: int) -> tuple[Levels, Levels]:
        """(bids, asks), best first, (price, quantity)."""

    def funding(self, symbol_id: str, start_ms: int, end_ms: int, limit: int) -> Sequence[Funding]:
        """Settlements with ``start_ms <= ts <= end_ms``."""

    def funding_estimate(self, symbol_id: str, now_ms: int) -> Funding:
        """The next settlement as it stands."""

    def price_range(self, symbol_id: str, start_ms: int, end_ms: int) -> tuple[Decimal, Decimal]:
        """Lowest and highest price traded in (start_ms, end_ms]."""

    def mark_range(self, symbol_id: str, start_ms: int, end_ms: int) -> tuple[Decimal, Decimal]:
        """Bounds of every mark price told for a whole second in [start_ms, end_ms]."""

    def first_reach(
        self, symbol_id: str, price: Decimal, *, above: bool, start_ms: int, end_ms: int
    ) -> SimTrade | None:
        """The first trade in (start_ms, end_ms] at or beyond ``price``."""


class Paced(ABC):
    """What a feed inherits that sets the pace at which its contracts are looked at.

    Any other is settled every eight hours and its mark price looked at on full minutes.
    """

    mark_step_ms: int

    @abstractmethod
    def next_funding(self, after_ms: int) -> int:
        """The first funding time after a moment; far away if there is none."""


class BookChange(Protocol):
    """One recorded change of a book: new quantities by price, 0 where a level is gone."""

    @property
    def ts(self) -> int:
        """Venue time, epoch ms."""

    @property
    def first_id(self) -> int:
        """Id of the first update in it."""

    @property
    def last_id(self) -> int:
        """Id of the last."""

    @property
    def previous_id(self) -> int | None:
        """``last_id`` of the change before, on contracts."""

    @property
    def bids(self) -> Sequence[tuple[Decimal, Decimal]]:
        """(price, quantity)."""

    @property
    def asks(self) -> Sequence[tuple[Decimal, Decimal]]:
        """(price, quantity)."""


@runtime_checkable
class RecordedBook(Protocol):
    """A feed whose book was recorded change by change; `xq.sim.market_book.BookFeed`."""

    def update_id(self, symbol_id: str, now_ms: int) -> int:
        """The recorded id of the book at a moment."""

    def levels(
        self, symbol_id: str, now_ms: int
    ) -> tuple[Mapping[Decimal, Decimal], Mapping[Decimal, Decimal]]:
        """Quantities by price of bids and asks; not to be changed."""

    def changes(self, symbol_id: str, start_ms: int, end_ms: int) -> Iterator[BookChange]:
        """The recorded changes in (start, end], in the order of their ids."""
