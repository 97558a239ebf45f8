"""What the journal holds, as values: decisions, signals, orders, fills and equity."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from xq.execution.orders import OrderState
from xq.frozen import quick
from xq.types import OrderType, Side, Symbol, TimeInForce


class DecisionStatus(StrEnum):
    """How far a decision got."""

    DECIDING = "deciding"  # under way, or its run died
    AGAIN = "again"  # proven that nothing left: the same bar may be decided anew
    DONE = "done"
    RECONCILED = "reconciled"  # its run died; a later run found out what became of its orders

    @property
    def is_settled(self) -> bool:
        """Whether the bar needs nothing more."""
        return self in (DecisionStatus.DONE, DecisionStatus.RECONCILED)


@quick
@dataclass(frozen=True, slots=True)
class DecisionKey:
    """What makes two runs the same decision.

    Attributes
    ----------
    bar_ms
        Open time of the last closed bar, venue time.
    """

    account: str
    strategy: str
    timeframe: str
    symbols: tuple[Symbol, ...]
    bar_ms: int

    def __hash__(self) -> int:
        return hash(self.bar_ms)  # in less time than the dataclass's own

    @property
    def maker(self) -> tuple[str, str]:
        """Whose targets these are: another maker's say nothing about this one's."""
        return self.strategy, self.timeframe

    @property
    def bar(self) -> str:
        """Timeframe and bar in one word, as client ids hash it."""
        return f"{self.timeframe}:{self.bar_ms}"


@quick
@dataclass(frozen=True, slots=True)
class Decision:
    """One journalled decision; ``attempt`` counts how often it was taken anew."""

    id: int
    key: DecisionKey
    status: DecisionStatus
    attempt: int
    created_ms: int


@quick
@dataclass(frozen=True, slots=True)
class Signal:
    """What a decision wants of one symbol.

    Attributes
    ----------
    weight
        Target weight, signed fraction of equity.
    close
        Close of the decision's bar; sizes the target.
    position, target
        Signed quantities held and wanted, base asset.
    reached
        Whether the target was met, as far as lot and minimum allow.
    """

    symbol: Symbol
    weight: float
    close: Decimal
    position: Decimal
    target: Decimal
    reached: bool
    note: str = ""


@quick
@dataclass(frozen=True, slots=True)
class JournalOrder:
    """An order as the journal knows it.

    Attributes
    ----------
    decision_id
        None for an order that no decision made: one on demand, or a protective stop.
    leg
        Which part of its decision: ``"open"`` or ``"close"``.
    expected_price
        Price the order was expected to meet when it was approved.
    position_before
        Signed quantity held when it was approved.
    venue_ms, created_ms
        When the intent was written, by the venue's clock and by ours.
    price, stop_price
        Limit and trigger; None where the type has none.
    parent_id
        The algorithm it is a child of, or None.
    strategy
        Whose order it is; empty for one on demand.
    """

    client_id: str
    decision_id: int | None
    symbol: Symbol
    leg: str
    side: Side
    type: OrderType
    quantity: Decimal
    reduce_only: bool
    expected_price: Decimal
    position_before: Decimal
    state: OrderState
    venue_ms: int
    created_ms: int
    venue_id: str | None = None
    filled: Decimal = Decimal(0)
    average_price: Decimal | None = None
    code: str | None = None
    reason: str = ""
    price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce | None = None
    parent_id: str | None = None
    strategy: str = ""


@quick
@dataclass(frozen=True, slots=True)
class JournalFill:
    """A fill as the journal knows it; ``client_id`` is None when the order was not ours."""

    symbol: Symbol
    fill_id: str
    client_id: str | None
    venue_order_id: str
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    ts: int
    maker: bool


@quick
@dataclass(frozen=True, slots=True)
class EquityPoint:
    """Equity and cash, quote asset, at a venue time.

    Attributes
    ----------
    wallet
        ``"spot"`` or ``"contracts"``: a venue keeps them apart.
    """

    ts: int
    equity: Decimal
    cash: Decimal
    strategy: str
    wallet: str
