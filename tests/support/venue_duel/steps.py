"""What may happen in a duel: requests of several clients, and time passing with its facts."""

from dataclasses import dataclass
from decimal import Decimal

from support.reference_venue.entry import Ask
from support.reference_venue.records import Levels
from support.reference_venue.triggers import AskAlgo


@dataclass(frozen=True)
class TradeFact:
    """A print of the tape."""

    after: int
    face: str
    symbol: str
    price: Decimal
    quantity: Decimal
    sold: bool


@dataclass(frozen=True)
class BookFact:
    """A new outside book."""

    after: int
    face: str
    symbol: str
    bids: Levels
    asks: Levels


@dataclass(frozen=True)
class MarkFact:
    """A new mark price."""

    after: int
    symbol: str
    price: Decimal


Fact = TradeFact | BookFact | MarkFact


@dataclass(frozen=True)
class Pass:
    """Milliseconds pass; ``rate`` is the funding rate of every settlement on the way.

    The venue under test is settled ``looks`` times on the way, the reference once at the end.
    """

    milliseconds: int
    facts: tuple[Fact, ...] = ()
    rate: Decimal = Decimal(0)
    looks: int = 1


@dataclass(frozen=True)
class Place:
    """A new order.

    ``hedged`` is its position side if the account then is in hedge mode; a GTD order is good for
    so many milliseconds.
    """

    owner: str
    face: str
    ask: Ask
    hedged: str = "long"
    good_for: int = 0


@dataclass(frozen=True)
class PlaceAlgo:
    """A new conditional order; ``hedged`` as of `Place`."""

    owner: str
    ask: AskAlgo
    hedged: str = "long"


@dataclass(frozen=True)
class Cancel:
    """Cancel the ``pick``-th resting order, if there is any; a number of no order otherwise."""

    owner: str
    face: str
    symbol: str
    pick: int


@dataclass(frozen=True)
class CancelAll:
    """Cancel one symbol's orders."""

    owner: str
    face: str
    symbol: str


@dataclass(frozen=True)
class CancelAlgo:
    """Cancel the ``pick``-th waiting conditional order."""

    owner: str
    pick: int


@dataclass(frozen=True)
class Amend:
    """Change the ``pick``-th resting futures order; the quantity counts what is filled."""

    owner: str
    symbol: str
    pick: int
    quantity: Decimal
    price: Decimal


@dataclass(frozen=True)
class SetLeverage:
    """Choose a leverage."""

    owner: str
    symbol: str
    leverage: int


@dataclass(frozen=True)
class SetIsolated:
    """Choose a margin mode."""

    owner: str
    symbol: str
    isolated: bool


@dataclass(frozen=True)
class SetHedge:
    """Choose a position mode."""

    owner: str
    hedge: bool


@dataclass(frozen=True)
class ChangeMargin:
    """Move margin into (or out of) an isolated position."""

    owner: str
    symbol: str
    side: str
    amount: Decimal


@dataclass(frozen=True)
class Countdown:
    """Cancel a symbol's orders after so long, unless told again."""

    owner: str
    symbol: str
    milliseconds: int


@dataclass(frozen=True)
class Reopen:
    """The venue under test forgets everything but its ledger; the reference notices nothing."""


Event = (
    Pass
    | Place
    | PlaceAlgo
    | Cancel
    | CancelAll
    | CancelAlgo
    | Amend
    | SetLeverage
    | SetIsolated
    | SetHedge
    | ChangeMargin
    | Countdown
    | Reopen
)
