"""How orders are said to one venue: what its clients' requests are made of, and what comes back.

A dialect speaks through the unmodified clients of ccxt. Its methods that send an order or a cancel
make exactly one request; their answers are judged elsewhere, by the wire alone.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

from xq.errors import UsageError
from xq.types import Account, Fill, Instrument, Order, OrderRequest, OrderType, Symbol, TimeInForce
from xq.venue_types import CashFlow, KeyScope, Mark

Client = Any  # of ccxt
Payload = Mapping[str, Any]

PRICED = (OrderType.LIMIT, OrderType.STOP, OrderType.TAKE_PROFIT)
STOPS = (OrderType.STOP, OrderType.STOP_MARKET)
PROFITS = (OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_MARKET)


class Dialect(Protocol):
    """One venue's manner of speaking.

    Attributes
    ----------
    missing
        Error codes by which the venue says that an order does not exist.
    """

    missing: frozenset[str]

    def books(self, contract: bool) -> tuple[bool, ...]:
        """The order books of a side: plain (False) and, if apart, conditional (True)."""

    def place(self, client: Client, request: OrderRequest) -> None:
        """Send one order. Raises `UsageError` before, if the venue has no such order."""

    def placed(self, client: Client, request: OrderRequest, payload: Payload, ts: int) -> Order:
        """The order that an accepting answer tells of."""

    def cancel(self, client: Client, symbol: Symbol, client_id: str, conditional: bool) -> None:
        """Ask one book to cancel."""

    def cancelled(self, client: Client, symbol: Symbol, payload: Payload) -> Order | None:
        """The order that an accepted cancel tells of, if it does."""

    def amend(self, client: Client, order: Order, price: Decimal, quantity: Decimal) -> None:
        """Change a resting limit order in place. Raises `UsageError` where there is no such."""

    def order(
        self, client: Client, symbol: Symbol, client_id: str, conditional: bool
    ) -> Order | None:
        """An order of one book; None, or an error of `missing`, if it does not exist."""

    def open_orders(
        self, client: Client, contract: bool, symbol: Symbol | None, conditional: bool
    ) -> Sequence[Order]:
        """What rests in one book."""

    def fills(self, client: Client, symbol: Symbol, since_ms: int, now_ms: int) -> Sequence[Fill]:
        """Own executions, any order."""

    def account(self, client: Client, contract: bool, quote: str, ts: int) -> Account | None:
        """A contract account; None on spot, where holdings are valued."""

    def set_leverage(self, client: Client, symbol: Symbol, leverage: int) -> None:
        """Idempotent."""

    def mark(self, client: Client, symbol: Symbol) -> Mark:
        """Mark and index price."""

    def cash_flows(
        self, client: Client, contract: bool, since_ms: int, now_ms: int
    ) -> Sequence[CashFlow]:
        """What moved money, any order."""

    def permissions(self, client: Client) -> KeyScope:
        """What the key may do."""

    def extend_dead_man(self, client: Client, symbol: Symbol, seconds: int) -> bool:
        """Wind the venue's timer; False if there is none that spares protective stops."""


def check_steps(request: OrderRequest, rules: Instrument) -> None:
    """Refuse what ccxt would cut down to the step without a word. Raises `UsageError`."""
    if rules.lot and request.quantity % rules.lot:
        raise UsageError(f"quantity {request.quantity} is not a multiple of the lot {rules.lot}")
    for name, price in (("price", request.price), ("stop price", request.stop_price)):
        if price is not None and rules.tick and price % rules.tick:
            raise UsageError(f"{name} {price} is not a multiple of the tick {rules.tick}")


def check_shape(request: OrderRequest) -> None:
    """Refuse an order that lacks, or has too much of, what its type needs. Raises `UsageError`."""
    kind = request.type
    trailing = kind is OrderType.TRAILING_STOP_MARKET
    if (kind in PRICED) != (request.price is not None):
        raise UsageError(f"a {kind} order {'needs a' if kind in PRICED else 'has no'} price")
    if kind in STOPS + PROFITS and request.stop_price is None:
        raise UsageError(f"a {kind} order needs a stop price")
    if not kind.is_conditional and request.stop_price is not None:
        raise UsageError(f"a {kind} order has no stop price")
    if trailing != (request.trail is not None):
        raise UsageError(f"a {kind} order {'needs' if trailing else 'has no'} trail")
    if request.close_position and (kind in PRICED or not kind.is_conditional):
        raise UsageError(f"a {kind} order cannot close a position of any size")
    if request.time_in_force is TimeInForce.GTD:
        raise UsageError("orders good till a date are not sent to venues")


def text(number: Decimal) -> str:
    """A number as it is to stand on the wire.

    Examples
    --------
    >>> text(Decimal("0.0100")), text(Decimal("1E+3")), text(Decimal("5E-7"))
    ('0.01', '1000', '0.0000005')
    """
    return f"{number.normalize():f}"
