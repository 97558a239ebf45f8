"""Frozen records of the simulated venue: orders, fills, postings, positions."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from xq.sim.exact import ZERO, divided
from xq.sim.instruments import Face
from xq.types import OrderStatus, OrderType, Side, TimeInForce


class Account(StrEnum):
    """Accounts of the double-entry ledger; all but the first two belong to the venue."""

    FREE = "free"
    HELD = "held"
    MARKET = "market"
    FEES = "fees"
    FUNDING = "funding"
    INSURANCE = "insurance"
    DEPOSITS = "deposits"


class Kind(StrEnum):
    """Why money moved."""

    DEPOSIT = "deposit"
    HOLD = "hold"
    RELEASE = "release"
    TRADE = "trade"
    FEE = "fee"
    REALIZED = "realized"
    FUNDING = "funding"
    CLEARANCE = "clearance"
    BANKRUPTCY = "bankruptcy"


@dataclass(frozen=True, slots=True)
class NewOrder:
    """What a client asks for.

    Attributes
    ----------
    client_id
        None lets the venue choose one.
    quantity
        Base asset; None only for a market order given in quote asset.
    quote_quantity
        Quote asset to spend or receive; spot market orders only.
    """

    symbol: str
    side: Side
    type: OrderType
    client_id: str | None = None
    quantity: Decimal | None = None
    quote_quantity: Decimal | None = None
    price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    reduce_only: bool = False


@dataclass(frozen=True, slots=True)
class SimOrder:
    """An order in the venue's books."""

    id: int
    face: Face
    symbol: str
    client_id: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    price: Decimal
    quantity: Decimal
    quote_quantity: Decimal
    reduce_only: bool
    status: OrderStatus
    filled: Decimal
    filled_quote: Decimal
    created_ms: int
    updated_ms: int

    @property
    def remaining(self) -> Decimal:
        """Base asset not yet filled."""
        return self.quantity - self.filled

    @property
    def is_open(self) -> bool:
        """Whether the order rests in the book."""
        return not self.status.is_final

    @property
    def average_price(self) -> Decimal:
        """Mean fill price, eight places; zero before the first fill."""
        return divided(self.filled_quote, self.filled) if self.filled else ZERO


@dataclass(frozen=True, slots=True)
class SimFill:
    """One execution of an order."""

    id: int
    face: Face
    order_id: int
    symbol: str
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    realized: Decimal
    maker: bool
    ts: int

    @property
    def quote_quantity(self) -> Decimal:
        """Notional in quote asset."""
        return self.price * self.quantity


@dataclass(frozen=True, slots=True)
class Posting:
    """One leg of a transaction; the legs of a transaction sum to zero in every asset."""

    transaction: int
    ts: int
    face: Face
    kind: Kind
    account: Account
    asset: str
    amount: Decimal
    symbol: str = ""
    reference: int = 0


@dataclass(frozen=True, slots=True)
class SimPosition:
    """A futures position.

    Attributes
    ----------
    quantity
        Base asset, negative when short.
    cost
        What the position was opened for: signed quantity times entry price, never rounded away.
    """

    symbol: str
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    updated_ms: int = 0

    @property
    def entry_price(self) -> Decimal:
        """Mean entry price, eight places; zero when flat."""
        return divided(self.cost, self.quantity) if self.quantity else ZERO
