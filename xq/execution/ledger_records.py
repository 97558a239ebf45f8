"""What the journal holds beside decisions and orders: money, parents, shares, switches, events."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from xq.types import Side, Symbol


@dataclass(frozen=True, slots=True)
class JournalFlow:
    """Money that moved at the venue.

    Attributes
    ----------
    kind, venue_id
        The venue's word for it and its number; with the asset they name it.
    amount
        Positive when it came in.
    external
        Whether it came from or went to outside the account: then it is neither profit nor loss.
    symbol
        What it was paid for, or None.
    """

    kind: str
    venue_id: str
    asset: str
    amount: Decimal
    ts_ms: int
    external: bool
    symbol: Symbol | None = None


@dataclass(frozen=True, slots=True)
class PositionPoint:
    """A position as the venue told it at a venue time; see `xq.types.Position`."""

    ts_ms: int
    symbol: Symbol
    quantity: Decimal
    entry_price: Decimal
    mark_price: Decimal
    unrealized_pnl: Decimal
    leverage: Decimal
    liquidation_price: Decimal | None = None


class ParentStatus(StrEnum):
    """Where a parent order stands."""

    WORKING = "working"
    FROZEN = "frozen"  # a child's outcome is not known
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Parent:
    """A parent order and how far its algorithm got.

    Attributes
    ----------
    plan, progress
        JSON of what was asked and of the state reached; the journal does not read them.
    quantity
        Base asset.
    reason
        Why it is frozen or ended.
    """

    parent_id: str
    symbol: Symbol
    strategy: str
    algo: str
    side: Side
    quantity: Decimal
    plan: str
    progress: str
    status: ParentStatus
    created_ms: int
    updated_ms: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """Signed quantity of a symbol that belongs to one strategy."""

    symbol: Symbol
    strategy: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class ShareEntry:
    """A change of one strategy's share.

    Attributes
    ----------
    source
        What made it: a fill's number, or the name of a transfer between strategies.
    quantity
        Signed change, base asset.
    """

    symbol: Symbol
    source: str
    strategy: str
    quantity: Decimal
    price: Decimal
    ts_ms: int


@dataclass(frozen=True, slots=True)
class SwitchRow:
    """A kill switch as it is latched.

    Attributes
    ----------
    tripped_ms
        When it tripped; None while it is not tripped, and so all down to ``tripped_by``.
    reading, threshold
        What was read and what it met; None where there was nothing to trust.
    tripped_by
        The person, when it was tripped by hand.
    rearmed_ms, rearmed_by, rearmed_why
        The last time a person let it watch anew.
    """

    name: str
    tripped_ms: int | None = None
    cause: str | None = None
    action: str | None = None
    reason: str | None = None
    reading: Decimal | None = None
    threshold: Decimal | None = None
    tripped_by: str | None = None
    rearmed_ms: int | None = None
    rearmed_by: str | None = None
    rearmed_why: str | None = None


@dataclass(frozen=True, slots=True)
class RiskEvent:
    """Something the risk rules did: a trip, a re-arm, a refusal.

    Attributes
    ----------
    number
        Counts up; the journal gives it.
    """

    ts_ms: int
    kind: str
    text: str
    switch: str | None = None
    action: str | None = None
    reading: Decimal | None = None
    threshold: Decimal | None = None
    symbol: Symbol | None = None
    client_id: str | None = None
    who: str | None = None
    number: int = 0


class Severity(StrEnum):
    """How much an event asks of a person."""

    INFO = "info"
    WARNING = "warning"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True)
class Event:
    """What a person should know.

    Attributes
    ----------
    facts
        JSON object with the values behind the text.
    number
        Counts up; the journal gives it.
    """

    ts_ms: int
    kind: str
    severity: Severity
    text: str
    facts: str = "{}"
    number: int = 0
