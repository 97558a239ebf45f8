"""What a tick did, as values for people and files."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from xq.errors import XqError
from xq.execution.records import JournalFill
from xq.frozen import quick
from xq.risk.gate import Approved
from xq.types import OrderType, Side, Symbol


class Act(StrEnum):
    """How a tick ended."""

    NOTHING = "nothing to do"  # the bar was decided before
    HELD = "held"
    TRADED = "traded"
    STOPPED = "stopped"  # something kept it from finishing
    RECONCILED = "reconciled"  # an earlier run died on this bar; its orders are accounted for
    PLANNED = "planned"  # dry run
    WORKED = "worked"  # parent orders between bars
    GUARDED = "guarded"  # exits restored, or what a kill switch demands


PLANNED = "planned"


@quick
@dataclass(frozen=True, slots=True)
class OrderLine:
    """One order: planned, or as the journal knows it; prices in quote asset."""

    client_id: str
    symbol: Symbol
    side: Side
    type: OrderType
    quantity: Decimal
    reduce_only: bool
    expected_price: Decimal
    state: str
    filled: Decimal
    average_price: Decimal | None
    fills: tuple[JournalFill, ...] = ()
    reason: str = ""

    @classmethod
    def planned(cls, approved: Approved, expected_price: Decimal) -> "OrderLine":
        """An order that passed the gate and would be sent."""
        request = approved.request
        return cls(
            request.client_id,
            request.symbol,
            request.side,
            request.type,
            request.quantity,
            request.reduce_only,
            expected_price,
            PLANNED,
            Decimal(0),
            None,
        )

    @property
    def fees(self) -> dict[str, Decimal]:
        """Fees by asset."""
        totals: dict[str, Decimal] = {}
        for fill in self.fills:
            totals[fill.fee_asset] = totals.get(fill.fee_asset, Decimal(0)) + fill.fee
        return totals


@quick
@dataclass(frozen=True, slots=True)
class SymbolLine:
    """What was decided about one symbol and what came of it; quantities in base asset."""

    symbol: Symbol
    synthetic: bool
    weight: float
    close: Decimal
    position: Decimal
    target: Decimal
    position_after: Decimal | None
    orders: tuple[OrderLine, ...] = ()
    note: str = ""


@quick
@dataclass(frozen=True, slots=True)
class Report:
    """One tick.

    Attributes
    ----------
    bar_ms
        Open time of the decision's bar, venue time.
    notes
        What a person should know, in order.
    problems
        What went wrong without ending the tick; the first one decides the exit code.
    """

    exchange: str
    account: str
    strategy: str
    timeframe: str
    bar_ms: int
    act: Act
    symbols: tuple[SymbolLine, ...] = ()
    equity: Decimal | None = None
    cash: Decimal | None = None
    notes: tuple[str, ...] = ()
    problems: tuple[XqError, ...] = ()
