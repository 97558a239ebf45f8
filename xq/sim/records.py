"""Frozen records of the simulated venue: orders, fills, postings, positions."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from xq.frozen import quick
from xq.sim.exact import ZERO, divided
from xq.sim.instruments import Face
from xq.types import OrderStatus, OrderType, Side, TimeInForce


class Account(StrEnum):
    """Accounts of the double-entry ledger; all but the first three belong to the venue.

    On futures ``FREE`` is the cross wallet and ``ISOLATED`` what isolated positions keep apart.
    """

    FREE = "free"
    HELD = "held"
    ISOLATED = "isolated"
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
    MARGIN = "margin"
    CLEARANCE = "clearance"
    BANKRUPTCY = "bankruptcy"


class PositionSide(StrEnum):
    """Which of a symbol's positions: the one of one-way mode, or one of hedge mode's two."""

    BOTH = "both"
    LONG = "long"
    SHORT = "short"

    @property
    def opens(self) -> Side | None:
        """The side of orders that grow it; None where either does."""
        return {PositionSide.LONG: Side.BUY, PositionSide.SHORT: Side.SELL}.get(self)


class MarginMode(StrEnum):
    """What margins a position: the whole cross wallet, or a wallet of its own."""

    CROSSED = "crossed"
    ISOLATED = "isolated"


class SelfTrade(StrEnum):
    """What happens when an account's order would meet another one of its own."""

    NONE = "none"
    EXPIRE_TAKER = "expire_taker"
    EXPIRE_MAKER = "expire_maker"
    EXPIRE_BOTH = "expire_both"


@quick
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
    good_till_ms
        When a GTD order ends.
    stop_price
        Last price at which a spot stop or take-profit order begins to work.
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
    position_side: PositionSide = PositionSide.BOTH
    self_trade: SelfTrade = SelfTrade.NONE
    good_till_ms: int = 0
    stop_price: Decimal | None = None


@quick
@dataclass(frozen=True, slots=True)
class SimOrder:
    """An order in the venue's books.

    Attributes
    ----------
    waiting
        A spot stop order whose trigger was not met yet: in no book.
    algo_id
        The conditional order that it came from; 0 if it came by itself.
    """

    id: int
    owner: str
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
    position_side: PositionSide = PositionSide.BOTH
    self_trade: SelfTrade = SelfTrade.NONE
    good_till_ms: int = 0
    stop_price: Decimal = ZERO
    waiting: bool = False
    algo_id: int = 0

    @property
    def remaining(self) -> Decimal:
        """Base asset not yet filled."""
        return self.quantity - self.filled

    @property
    def is_open(self) -> bool:
        """Whether the order rests in the book or waits for its trigger."""
        return not self.status.is_final

    @property
    def average_price(self) -> Decimal:
        """Mean fill price, eight places; zero before the first fill."""
        return divided(self.filled_quote, self.filled) if self.filled else ZERO


@quick
@dataclass(frozen=True, slots=True)
class SimFill:
    """One execution of an order."""

    id: int
    owner: str
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
    position_side: PositionSide = PositionSide.BOTH

    @property
    def quote_quantity(self) -> Decimal:
        """Notional in quote asset."""
        return self.price * self.quantity


@quick
@dataclass(frozen=True, slots=True)
class Posting:
    """One leg of a transaction; the legs of a transaction sum to zero in every asset."""

    transaction: int
    ts: int
    owner: str
    face: Face
    kind: Kind
    account: Account
    asset: str
    amount: Decimal
    symbol: str = ""
    reference: int = 0


@quick
@dataclass(frozen=True, slots=True)
class SimPosition:
    """A futures position.

    Attributes
    ----------
    quantity
        Base asset, negative when short.
    cost
        What the position was opened for: signed quantity times entry price, never rounded away.
    isolated
        Whether it is margined by ``margin`` alone, not by the whole wallet.
    margin
        Isolated wallet, quote asset.
    """

    owner: str
    symbol: str
    side: PositionSide = PositionSide.BOTH
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    isolated: bool = False
    margin: Decimal = ZERO
    updated_ms: int = 0

    @property
    def key(self) -> tuple[str, str, PositionSide]:
        """Owner, symbol and side."""
        return self.owner, self.symbol, self.side

    @property
    def entry_price(self) -> Decimal:
        """Mean entry price, eight places; zero when flat."""
        return divided(self.cost, self.quantity) if self.quantity else ZERO
