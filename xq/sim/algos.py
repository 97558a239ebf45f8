"""Records of conditional futures orders: what waits for a price, and what became of it."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from xq.sim.exact import ZERO
from xq.sim.records import PositionSide, SelfTrade
from xq.types import OrderType, Side, TimeInForce


class Working(StrEnum):
    """Which price triggers."""

    CONTRACT_PRICE = "contract_price"
    MARK_PRICE = "mark_price"


class AlgoStatus(StrEnum):
    """Where a conditional order stands."""

    NEW = "new"
    TRIGGERING = "triggering"
    TRIGGERED = "triggered"
    FINISHED = "finished"
    CANCELED = "canceled"
    REJECTED = "rejected"
    EXPIRED = "expired"

    @property
    def is_open(self) -> bool:
        """Whether it still waits for its trigger."""
        return self is AlgoStatus.NEW


@dataclass(frozen=True, slots=True)
class NewAlgo:
    """What a client asks for: an order of ``type`` that is sent when a price is met.

    Attributes
    ----------
    trigger_price
        None for trailing stops.
    activate_price
        A trailing stop begins to trail there; None begins at once.
    callback_rate
        Percent a price must come back from its extreme; trailing stops only.
    close_position
        Closes whatever there is when it triggers; ``quantity`` is None then.
    """

    symbol: str
    side: Side
    type: OrderType
    client_id: str | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    activate_price: Decimal | None = None
    callback_rate: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    working: Working = Working.CONTRACT_PRICE
    reduce_only: bool = False
    close_position: bool = False
    price_protect: bool = False
    position_side: PositionSide = PositionSide.BOTH
    self_trade: SelfTrade = SelfTrade.NONE
    good_till_ms: int = 0
    with_position: bool = False


@dataclass(frozen=True, slots=True)
class AlgoOrder:
    """A conditional order in the venue's books.

    Attributes
    ----------
    extreme
        Best price a trailing stop has seen since it trails; zero before it does.
    order_id
        The order it sent; 0 before it triggered.
    with_position
        GTE_GTC: it ends with the position it protects.
    note
        Why it was rejected or expired.
    """

    id: int
    owner: str
    symbol: str
    client_id: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal
    price: Decimal
    trigger_price: Decimal
    activate_price: Decimal
    callback_rate: Decimal
    working: Working
    reduce_only: bool
    close_position: bool
    price_protect: bool
    position_side: PositionSide
    self_trade: SelfTrade
    good_till_ms: int
    with_position: bool
    status: AlgoStatus
    created_ms: int
    updated_ms: int
    triggered_ms: int = 0
    order_id: int = 0
    extreme: Decimal = ZERO
    note: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it still waits for its trigger."""
        return self.status.is_open
