"""The protocols through which the core speaks to the outside world."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from xq.timeframe import Timeframe
from xq.types import (
    Account,
    Book,
    Fill,
    Instrument,
    Order,
    OrderRequest,
    Outcome,
    Symbol,
)
from xq.venue_types import CashFlow, KeyScope, Mark, Ticker, UserEvent

if TYPE_CHECKING:
    import numpy as np


@runtime_checkable
class Clock(Protocol):
    """Time: wall, simulated or replayed."""

    def now_ms(self) -> int:
        """Epoch milliseconds, UTC."""

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""

    def sleep(self, seconds: float) -> None:
        """Wait, or move a simulated clock."""


class MarketData(Protocol):
    """Public data of one venue. Methods raise `VenueError` and nothing else."""

    name: str

    def now_ms(self) -> int:
        """The venue's own time, epoch ms."""

    def instruments(self) -> Mapping[Symbol, Instrument]:
        """Trading rules of every active symbol."""

    def tickers(self) -> Sequence[Ticker]:
        """Every symbol's last price and daily turnover."""

    def bars(self, symbol: Symbol, timeframe: Timeframe, since_ms: int, limit: int) -> "np.ndarray":
        """Closed and open bars from ``since_ms`` on, float64 (n, 6): ts, o, h, l, c, volume."""

    def book(self, symbol: Symbol, depth: int) -> Book:
        """Resting orders, best first."""

    def close(self) -> None:
        """Release connections."""


class UserEvents(Protocol):
    """What happens to an account, heard by a thread of its own; what is true is asked by REST."""

    def __iter__(self) -> Iterator[UserEvent]:
        """Every event until it is closed."""

    def get(self, seconds: float) -> UserEvent | None:
        """The next event; None if there is none for so long."""

    def witness(self, fills: Sequence[Fill]) -> None:
        """What REST tells; a stream that keeps missing some of it is opened anew."""

    def close(self) -> None:
        """End it."""


class Venue(Protocol):
    """The signed side of one venue. Only `xq.execution.send` may call place and cancel."""

    name: str

    def account(self) -> Account:
        """Balances and positions. Raises `VenueError`."""

    def open_orders(self, symbol: Symbol | None = None) -> Sequence[Order]:
        """Resting orders, plain and conditional. Raises `VenueError`."""

    def order_by_client_id(self, symbol: Symbol, client_id: str) -> Order | None:
        """The order, or None when the venue says it does not exist. Raises `VenueError`."""

    def fills(self, symbol: Symbol, since_ms: int) -> Sequence[Fill]:
        """Own executions, oldest first. Raises `VenueError`."""

    def marks(self, symbol: Symbol) -> Mark:
        """Mark and index price. Raises `VenueError`."""

    def cash_flows(self, since_ms: int) -> Sequence[CashFlow]:
        """What moved money of the account from ``since_ms`` on, oldest first.

        Raises `VenueError`. It tells deposits and withdrawals apart from profit.
        """

    def permissions(self) -> KeyScope:
        """What the key may do. Raises `VenueError`, `VenueRefused` where no venue tells it."""

    def extend_dead_man(self, symbol: Symbol, seconds: int) -> bool:
        """Let the venue cancel the symbol's plain orders unless asked again within ``seconds``.

        0 ends it. Protective stops stay: False, and nothing is asked, where that is not certain
        or where there is no such timer. Raises `VenueError`.
        """

    def user_events(self, symbols: Sequence[Symbol]) -> UserEvents:
        """Listen to the account; after a gap the fills of ``symbols`` are asked for."""

    def set_leverage(self, symbol: Symbol, leverage: int) -> None:
        """Idempotent. Raises `VenueError`; a no-op on spot."""

    def place(self, request: OrderRequest) -> Outcome:
        """Send one order once. Never raises for anything the network or venue does."""

    def cancel(self, symbol: Symbol, client_id: str) -> Outcome:
        """Cancel one order. Never raises for anything the network or venue does."""

    def replace(
        self, order: Order, *, price: Decimal | None = None, quantity: Decimal | None = None
    ) -> Outcome:
        """Give a resting limit order another price or quantity, in place, under its own id.

        NOT_SENT where the venue has no such request. Never raises for anything else either.
        """

    def close(self) -> None:
        """Release connections."""
