"""What the venue needs to know of prices; `xq.sim.market.SimMarket` has all of it."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

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

    def first_reach(
        self, symbol_id: str, price: Decimal, *, above: bool, start_ms: int, end_ms: int
    ) -> SimTrade | None:
        """The first trade in (start_ms, end_ms] at or beyond ``price``."""
