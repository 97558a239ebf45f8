"""What a venue tells beside orders and prices of trades; frozen values, money is `Decimal`."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from xq.types import Fill, Order, Symbol

_NUMBERED = "number:"


def numbered(venue_id: str) -> str:
    """The name of an order that its owner gave none: cancels and questions take it like any other.

    Examples
    --------
    >>> numbered("4c1f"), number_in("number:4c1f"), number_in("xq-1")
    ('number:4c1f', '4c1f', None)
    """
    return f"{_NUMBERED}{venue_id}"


def number_in(client_id: str) -> str | None:
    """The venue's number of an order that is named by it; None for a name of its owner's."""
    return client_id.removeprefix(_NUMBERED) if client_id.startswith(_NUMBERED) else None


@dataclass(frozen=True, slots=True)
class Ticker:
    """Last price and the day's turnover in quote asset."""

    symbol: Symbol
    last: Decimal
    quote_volume: Decimal


@dataclass(frozen=True, slots=True)
class Mark:
    """The prices by which positions are judged; on spot both are the last price.

    Attributes
    ----------
    ts
        Venue time, epoch ms.
    """

    symbol: Symbol
    mark: Decimal
    index: Decimal
    ts: int


class FlowKind(StrEnum):
    """Why money moved; only the first three are not profit or loss."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    TRANSFER = "transfer"
    REALIZED = "realized"
    FUNDING = "funding"
    FEE = "fee"
    LIQUIDATION = "liquidation"
    OTHER = "other"

    @property
    def is_external(self) -> bool:
        """Whether the money came from or went to outside the account traded on."""
        return self in (FlowKind.DEPOSIT, FlowKind.WITHDRAWAL, FlowKind.TRANSFER)


@dataclass(frozen=True, slots=True)
class CashFlow:
    """One movement of money; ``amount`` is positive when it came in."""

    id: str
    kind: FlowKind
    asset: str
    amount: Decimal
    ts: int
    symbol: str = ""


@dataclass(frozen=True, slots=True)
class KeyScope:
    """What an API key may do.

    Attributes
    ----------
    can_withdraw
        Whether money can leave the account with it, by withdrawal or to others' accounts.
    ip_restricted
        Whether only listed addresses may use it.
    """

    can_trade: bool
    can_withdraw: bool
    ip_restricted: bool


@dataclass(frozen=True, slots=True)
class StreamOpened:
    """From here on the account is heard; what happened before must be asked for by REST.

    Attributes
    ----------
    number
        1 for the first connection, more after a gap.
    """

    number: int
    ts: int


@dataclass(frozen=True, slots=True)
class StreamLost:
    """The account is not heard any more."""

    reason: str
    ts: int


@dataclass(frozen=True, slots=True)
class OrderUpdate:
    """An order changed."""

    order: Order
    ts: int


@dataclass(frozen=True, slots=True)
class FillUpdate:
    """An order of ours was filled, wholly or in part.

    Attributes
    ----------
    client_id
        The order's; empty if only REST told of the fill.
    """

    fill: Fill
    client_id: str
    ts: int


@dataclass(frozen=True, slots=True)
class AccountUpdate:
    """Balances or positions changed: ask for the account."""

    reason: str
    ts: int


UserEvent = StreamOpened | StreamLost | OrderUpdate | FillUpdate | AccountUpdate
