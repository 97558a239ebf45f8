"""What the reference writes down: markets, orders, fills, payments."""

from dataclasses import dataclass, field
from decimal import Decimal

from support.reference_venue.numbers import ZERO

Levels = tuple[tuple[Decimal, Decimal], ...]
OPEN = ("new", "partially_filled")


class Refused(Exception):
    """A request that changed nothing."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Trade:
    """A print on the tape; ``sold`` says that the taker sold."""

    ts: int
    price: Decimal
    quantity: Decimal
    sold: bool


@dataclass(frozen=True)
class Book:
    """The outside book from ``ts`` on, best first."""

    ts: int
    bids: Levels
    asks: Levels


@dataclass(frozen=True)
class Tier:
    """A bracket: notional in (floor, cap], most leverage, maintenance rate."""

    floor: Decimal
    cap: Decimal
    leverage: int
    rate: Decimal


@dataclass(eq=False)
class Market:
    """The rules of one market and everything that ever happens in it, past and future."""

    face: str
    symbol: str
    base: str
    tick: Decimal
    lot: Decimal
    min_quantity: Decimal
    min_notional: Decimal
    max_quantity: Decimal
    max_market_quantity: Decimal
    max_price: Decimal
    price_up: Decimal
    price_down: Decimal
    maker: Decimal
    taker: Decimal
    tiers: tuple[Tier, ...] = ()
    trades: list[Trade] = field(default_factory=list)
    books: list[Book] = field(default_factory=list)
    marks: list[tuple[int, Decimal]] = field(default_factory=list)
    settlements: list[tuple[int, Decimal]] = field(default_factory=list)

    def last(self, now: int) -> Decimal:
        """Price of the newest trade."""
        return next(item.price for item in reversed(self.trades) if item.ts <= now)

    def mark(self, now: int) -> Decimal:
        """Mark price; the last one where none is told."""
        return next((price for ts, price in reversed(self.marks) if ts <= now), self.last(now))

    def shown(self, now: int, side: str) -> Levels:
        """The outside levels of one side ("buy" are the bids)."""
        book = next(item for item in reversed(self.books) if item.ts <= now)
        return book.bids if side == "buy" else book.asks


@dataclass(eq=False)
class Order:
    """An order, open or done; ``turn`` is its place in the queue, ``ahead`` what is before it."""

    id: int
    owner: str
    face: str
    symbol: str
    client_id: str
    side: str
    type: str
    tif: str
    price: Decimal
    quantity: Decimal
    quote_quantity: Decimal = ZERO
    reduce_only: bool = False
    position_side: str = "both"
    stp: str = "none"
    good_till: int = 0
    status: str = "new"
    filled: Decimal = ZERO
    filled_quote: Decimal = ZERO
    ahead: Decimal = ZERO
    turn: int = 0
    liquidates: bool = False

    @property
    def left(self) -> Decimal:
        """Base asset not yet filled."""
        return self.quantity - self.filled

    @property
    def sign(self) -> int:
        """+1 for a buy."""
        return 1 if self.side == "buy" else -1


@dataclass(eq=False)
class Algo:
    """A conditional order; ``extreme`` is the lowest (BUY) or highest (SELL) price it has seen."""

    id: int
    owner: str
    symbol: str
    client_id: str
    side: str
    type: str
    tif: str
    trigger: Decimal
    price: Decimal
    quantity: Decimal
    reduce_only: bool
    position_side: str
    close_position: bool
    mark: bool
    protect: bool
    activation: Decimal
    callback: Decimal
    stp: str = "none"
    status: str = "new"
    order_id: int = 0
    extreme: Decimal = ZERO


@dataclass(frozen=True)
class Fill:
    """An execution; ``leverage`` is 0 unless the position was isolated."""

    id: int
    ts: int
    order_id: int
    owner: str
    face: str
    symbol: str
    base: str
    side: str
    position_side: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    maker: bool
    leverage: int
    liquidates: bool = False

    @property
    def signed(self) -> Decimal:
        """Quantity, negative when sold."""
        return self.quantity if self.side == "buy" else -self.quantity


@dataclass(frozen=True)
class Payment:
    """Money that moves without an execution.

    ``kind`` is deposit, funding, clearance, bankruptcy, margin (from the wallet to a position).
    """

    ts: int
    owner: str
    face: str
    kind: str
    asset: str
    amount: Decimal
    symbol: str = ""
    position_side: str = "both"
    isolated: bool = False
