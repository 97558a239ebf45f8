"""One symbol on its way to its target, and what came of it."""

from dataclasses import dataclass
from decimal import Decimal

from xq.errors import XqError
from xq.execution.ledger_records import Parent
from xq.execution.records import Signal
from xq.frozen import quick
from xq.live.plan import Leg
from xq.live.report import OrderLine
from xq.types import Book, Instrument


@dataclass(slots=True)
class Done:
    """What came of one symbol.

    Attributes
    ----------
    reached
        Whether what was planned was done.
    short
        Whether less was planned than the target asks, for want of cash or below the minimum.
    parents
        What is worked from now on instead of orders sent at once; none of it is begun yet.
    """

    orders: tuple[OrderLine, ...] = ()
    reached: bool = True
    note: str = ""
    problem: XqError | None = None
    short: bool = False
    parents: tuple[Parent, ...] = ()

    def fail(self, problem: XqError | None) -> None:
        """Nothing more is done about the symbol."""
        self.reached, self.problem = False, problem


@quick
@dataclass(frozen=True, slots=True)
class Turn:
    """A symbol with its legs and what they meet.

    Attributes
    ----------
    price
        Best price on the side that is taken.
    """

    signal: Signal
    instrument: Instrument
    book: Book
    price: Decimal
    legs: tuple[Leg, ...]
    done: Done
