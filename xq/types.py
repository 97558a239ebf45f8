"""Frozen values that every layer speaks in; prices and quantities of orders are `Decimal`."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from xq.errors import UsageError
from xq.frozen import quick
from xq.spelling import likely

_APART = frozenset(" \t\n,;'\"")  # what stands between symbols, never within one


@dataclass(frozen=True, slots=True, order=True)
class Symbol:
    """A market in ccxt's unified spelling: ``BTC/USDT`` is spot, ``BTC/USDT:USDT`` a perpetual.

    Examples
    --------
    >>> Symbol.parse("BTC/USDT:USDT").is_contract, str(Symbol.parse("btc/usdt"))
    (True, 'BTC/USDT')
    """

    base: str
    quote: str
    settle: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Symbol":
        """Read a unified symbol.

        Raises
        ------
        UsageError
            If the text is not ``BASE/QUOTE`` or ``BASE/QUOTE:SETTLE``.
        """
        pair, _, settle = text.strip().upper().partition(":")
        base, slash, quote = pair.partition("/")
        if not (base and slash and quote) or "/" in quote or _APART & set(text.strip()):
            meant = likely(text)
            tail = f"; did you mean {meant}?" if meant else ""
            raise UsageError(
                f"a symbol is written BASE/QUOTE, found {text!r}{tail}",
                hint="xq symbols --quote USDT",
            )
        return cls(base, quote, settle or None)

    @property
    def is_contract(self) -> bool:
        """Whether the market is a derivative (has a settlement currency)."""
        return self.settle is not None

    def __hash__(self) -> int:
        return hash(self.base)  # in less time than the dataclass's own: a tick asks often

    def __str__(self) -> str:
        return f"{self.base}/{self.quote}" + (f":{self.settle}" if self.settle else "")


class Side(StrEnum):
    """Direction of an order or fill."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """+1 for buy, -1 for sell."""
        return 1 if self is Side.BUY else -1


class OrderType(StrEnum):
    """How an order's price is found."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"  # rests as a limit order once triggered
    TAKE_PROFIT = "take_profit"
    STOP_MARKET = "stop_market"
    TAKE_PROFIT_MARKET = "take_profit_market"
    TRAILING_STOP_MARKET = "trailing_stop_market"

    @property
    def is_conditional(self) -> bool:
        """Whether the order waits for a price before it works."""
        return self not in (OrderType.MARKET, OrderType.LIMIT)


class TimeInForce(StrEnum):
    """How long an order may rest."""

    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    GTX = "gtx"  # post-only
    GTD = "gtd"  # until a date


class OrderStatus(StrEnum):
    """Where an order stands."""

    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"
    EXPIRED = "expired"

    @property
    def is_final(self) -> bool:
        """Whether nothing can happen to the order any more."""
        return self not in _OPEN


_OPEN = frozenset({OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED})


@dataclass(frozen=True, slots=True)
class Instrument:
    """Trading rules of one symbol on one venue.

    Attributes
    ----------
    tick, lot
        Smallest step of price and of quantity (base asset).
    min_quantity, min_notional
        Smallest order in base asset and in quote asset.
    maker, taker
        Fee as a fraction of notional.
    synthetic
        Whether the venue invented this market.
    """

    symbol: Symbol
    tick: Decimal
    lot: Decimal
    min_quantity: Decimal
    min_notional: Decimal
    maker: Decimal
    taker: Decimal
    synthetic: bool = False


@quick
@dataclass(frozen=True, slots=True)
class Book:
    """A snapshot of resting orders, best first; levels are (price, quantity)."""

    symbol: Symbol
    bids: tuple[tuple[Decimal, Decimal], ...]
    asks: tuple[tuple[Decimal, Decimal], ...]
    ts: int


@quick
@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What is asked of a venue.

    Attributes
    ----------
    quantity
        Base asset, positive.
    price
        Limit price; None for market orders.
    stop_price
        Trigger of conditional orders; where a trailing stop begins to trail, None at once.
    client_id
        1 to 36 characters of ``[.A-Z:/a-z0-9_-]``; makes the order findable.
    trail
        Way back from its best price that triggers a trailing stop, as a fraction.
    close_position
        Close all that is held when it triggers; up to ``quantity`` where a venue cannot.
    """

    symbol: Symbol
    side: Side
    type: OrderType
    quantity: Decimal
    client_id: str
    price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce | None = None
    reduce_only: bool = False
    trail: Decimal | None = None
    close_position: bool = False


@quick
@dataclass(frozen=True, slots=True)
class Order:
    """An order as the venue reports it.

    Attributes
    ----------
    filled
        Base asset done so far.
    average_price
        Mean fill price; None before the first fill.
    ts
        Venue time of the last change, epoch ms.
    """

    symbol: Symbol
    venue_id: str
    client_id: str
    side: Side
    type: OrderType
    quantity: Decimal
    status: OrderStatus
    filled: Decimal = Decimal(0)
    price: Decimal | None = None
    stop_price: Decimal | None = None
    average_price: Decimal | None = None
    reduce_only: bool = False
    ts: int = 0


@quick
@dataclass(frozen=True, slots=True)
class Fill:
    """One execution of ours; the ``fee`` is paid in ``fee_asset``."""

    symbol: Symbol
    fill_id: str
    order_id: str
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    ts: int
    maker: bool = False


@quick
@dataclass(frozen=True, slots=True)
class Position:
    """What is held of one symbol: signed quantity in base asset, entry price in quote."""

    symbol: Symbol
    quantity: Decimal
    entry_price: Decimal = Decimal(0)
    mark_price: Decimal = Decimal(0)
    unrealized_pnl: Decimal = Decimal(0)
    leverage: Decimal = Decimal(1)
    liquidation_price: Decimal | None = None


@quick
@dataclass(frozen=True, slots=True)
class Balance:
    """One asset of the account."""

    asset: str
    free: Decimal
    used: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        """Free and used together."""
        return self.free + self.used


@quick
@dataclass(frozen=True, slots=True)
class Account:
    """Balances and positions read together.

    Attributes
    ----------
    equity
        Quote asset: cash plus holdings at the last price (spot), or margin balance (futures).
    """

    balances: tuple[Balance, ...]
    positions: tuple[Position, ...]
    equity: Decimal
    ts: int


class OutcomeKind(StrEnum):
    """What is known after an order or cancel was sent."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


@quick
@dataclass(frozen=True, slots=True)
class Outcome:
    """The classified answer of a venue; ``order`` is present only when accepted and told."""

    kind: OutcomeKind
    order: Order | None = None
    code: str | None = None
    reason: str = ""
    raw: str = field(default="", repr=False)
