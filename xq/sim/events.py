"""What happened at the venue, in its own words; the wire turns it into each exchange's JSON.

Events of one request or settle step come in causal order: an order's entry, its fills, what they
did to balances and positions, then conditional orders.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from xq.sim.algos import AlgoOrder
from xq.sim.instruments import Face
from xq.sim.records import Kind, SimFill, SimOrder, SimPosition


class Cause(StrEnum):
    """Why an order's state changed."""

    NEW = "new"
    TRADE = "trade"
    CANCELED = "canceled"
    EXPIRED = "expired"
    AMENDED = "amended"
    LIQUIDATION = "liquidation"
    ADL = "adl"


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """An order entered, traded, changed or left; ``fill`` is the execution that did it."""

    ts: int
    owner: str
    face: Face
    order: SimOrder
    cause: Cause
    fill: SimFill | None = None


@dataclass(frozen=True, slots=True)
class BalanceChange:
    """One asset after a step.

    Attributes
    ----------
    free, held
        On futures the cross wallet, and the isolated wallets together.
    change
        How much free and held together moved in this step.
    """

    asset: str
    free: Decimal
    held: Decimal
    change: Decimal


@dataclass(frozen=True, slots=True)
class BalanceEvent:
    """Balances and positions of one account after a step; only what the step touched."""

    ts: int
    owner: str
    face: Face
    reason: Kind
    balances: tuple[BalanceChange, ...]
    positions: tuple[SimPosition, ...] = ()


@dataclass(frozen=True, slots=True)
class AlgoEvent:
    """A conditional order changed its state."""

    ts: int
    owner: str
    algo: AlgoOrder


@dataclass(frozen=True, slots=True)
class ConfigEvent:
    """An account changed a setting; None is what it did not change.

    Attributes
    ----------
    symbol
        Empty for the position mode, which is one for all symbols.
    """

    ts: int
    owner: str
    symbol: str = ""
    leverage: int | None = None
    isolated: bool | None = None
    hedge: bool | None = None


@dataclass(frozen=True, slots=True)
class MarginCall:
    """Positions whose margin is nearly used up."""

    ts: int
    owner: str
    positions: tuple[SimPosition, ...]


@dataclass(frozen=True, slots=True)
class Liquidation:
    """An order by which the venue closed somebody's position; everyone may see it."""

    ts: int
    symbol: str
    order: SimOrder
    fills: tuple[SimFill, ...]


Event = OrderEvent | BalanceEvent | AlgoEvent | ConfigEvent | MarginCall | Liquidation
