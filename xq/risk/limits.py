"""What the gate is told: the limits somebody set, and the situation an order would meet."""

from dataclasses import dataclass
from decimal import Decimal

from xq.types import Instrument, Symbol

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that every order adding exposure must respect.

    Attributes
    ----------
    max_order_notional, max_position_notional
        Quote asset; one order, one symbol.
    max_leverage
        Gross exposure of all symbols over equity.
    price_collar
        Largest distance of the worst expected price from the decision's close, as a fraction of it.
    max_orders_per_minute
        Orders of the last 60 s, this one included.
    max_price_age_ms
        Oldest book an order may be priced from.
    symbols
        The only symbols that may be entered.
    """

    max_order_notional: Decimal
    max_position_notional: Decimal
    max_leverage: Decimal
    price_collar: Decimal
    max_orders_per_minute: int
    max_price_age_ms: int
    symbols: frozenset[Symbol]


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
