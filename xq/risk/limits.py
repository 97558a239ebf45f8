"""What the gate is told: the limits somebody set, and the situation an order would meet."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from xq.frozen import quick
from xq.types import Instrument, Side, Symbol

MINUTE_MS = 60_000
SECOND_MS = 1_000
_ZERO, _ONE = Decimal(0), Decimal(1)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that every order adding exposure must respect; None is no bound.

    Attributes
    ----------
    max_order_notional, max_position_notional
        Quote asset; one order, one symbol.
    max_leverage
        Gross exposure of all symbols over equity.
    price_collar
        Largest distance of the worst expected price from the decision's close, and from mark and
        index where they are known, as a fraction of each.
    max_orders_per_minute
        Orders of the last 60 s, this one included.
    max_price_age_ms
        Oldest book an order may be priced from.
    symbols
        The only symbols that may be entered.
    max_quantities
        Base asset, one order, by symbol; a symbol without one has no bound on quantity.
    max_net_leverage
        Absolute value of longs less shorts of all symbols, over equity.
    max_messages_per_second
        Orders and cancels of the last second, this order included.
    duplicate_ms
        An order like one sent less long ago is refused, unless another decision asks for it.
    max_open_orders
        Orders resting at the venue, this one included.
    min_balance
        Quote asset that must be left free.
    marked
        Whether contracts are entered only while mark and index are known.
    """

    max_order_notional: Decimal
    max_position_notional: Decimal
    max_leverage: Decimal
    price_collar: Decimal
    max_orders_per_minute: int
    max_price_age_ms: int
    symbols: frozenset[Symbol]
    max_quantities: Mapping[Symbol, Decimal] = field(default_factory=dict)
    max_net_leverage: Decimal | None = None
    max_messages_per_second: int | None = None
    duplicate_ms: int = 0
    max_open_orders: int | None = None
    min_balance: Decimal = _ZERO
    marked: bool = False


@quick
@dataclass(frozen=True, slots=True)
class Intent:
    """An order that may have reached the venue.

    Attributes
    ----------
    at_ms
        Venue time.
    decision
        What asked for it: an order of the same decision is a duplicate, one of another is not.
        None for orders on demand, which all ask alike.
    """

    symbol: Symbol
    side: Side
    quantity: Decimal
    at_ms: int
    decision: str | None = None


@quick
@dataclass(frozen=True, slots=True)
class Situation:
    """The state of the world an order would be sent into.

    Attributes
    ----------
    instrument
        Trading rules of the symbol.
    now_ms
        Venue time.
    price, price_ms
        Best price the order is expected to meet, in quote asset, and when it was true.
    worst_price
        Price of the last level of the book that the whole quantity reaches; None if the levels that
        were read hold less.
    reference
        Close of the bar that was decided on.
    bar_ms, last_closed_ms
        Open time of the decision's bar, and of the newest closed bar.
    position
        Signed quantity held, base asset.
    equity, cash
        Quote asset; ``cash`` is what a purchase may spend (spot) or post as margin (contracts).
    other_notional
        Absolute exposure of all other symbols, quote asset.
    recent_orders
        Orders sent in the last minute.
    journalled
        Whether an intent with this client id is already in the journal.
    frozen
        Why the symbol takes no new exposure, or None.
    tripped
        Names of the kill switches that are tripped, the emergency stop among them.
    mark, index
        The venue's mark and index price of a contract; None if not known.
    other_net
        Signed exposure of all other symbols, quote asset; None if not known.
    working
        Quantity of resting orders of the same symbol and side that are not reduce-only: they may
        fill as well.
    open_orders
        Orders resting at the venue; None if not known.
    recent_messages
        Orders and cancels sent in the last second; None if not known.
    recent_intents, decision
        Orders of late that may have reached the venue, and what asks for this one.
    leverage
        Set at the venue for the symbol: what a contract's margin is counted with.
    """

    instrument: Instrument
    now_ms: int
    price: Decimal
    price_ms: int
    worst_price: Decimal | None
    reference: Decimal
    bar_ms: int
    last_closed_ms: int
    position: Decimal
    equity: Decimal
    cash: Decimal
    other_notional: Decimal
    recent_orders: int
    journalled: bool = False
    frozen: str | None = None
    tripped: tuple[str, ...] = ()
    mark: Decimal | None = None
    index: Decimal | None = None
    other_net: Decimal | None = None
    working: Decimal = _ZERO
    open_orders: int | None = None
    recent_messages: int | None = None
    recent_intents: tuple[Intent, ...] = ()
    decision: str | None = None
    leverage: Decimal = _ONE
