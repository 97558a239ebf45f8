"""What Bybit's face remembers beside the ledger: orders it declined late, and what was earned."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from xq.sim.events import Event, OrderEvent
from xq.sim.exact import ZERO
from xq.sim.records import PositionSide, SimFill, SimOrder
from xq.sim.venue import SimVenue
from xq.sim.wire.bybit.archive import every_fill
from xq.sim.wire.bybit.asks import FACE

_KEPT = 500  # declined orders of one account


@dataclass(frozen=True, slots=True)
class Declined:
    """An order that was acknowledged and then not let into the book."""

    order: SimOrder
    why: str


@dataclass(slots=True)
class Earned:
    """What a position has realized, fees taken off: since it was flat, and ever."""

    quantity: Decimal = ZERO
    current: Decimal = ZERO
    ever: Decimal = ZERO

    def add(self, fill: SimFill) -> None:
        """Count an execution."""
        if not self.quantity:
            self.current = ZERO
        self.quantity += fill.quantity * fill.side.sign
        self.current += fill.realized - fill.fee
        self.ever += fill.realized - fill.fee


class Memory:
    """Kept by the process that serves, not by the ledger.

    Earnings are read from the ledger once and followed from then on. Declined orders are gone
    after a restart: they never touched the books.

    Attributes
    ----------
    listener
        Told of every order that is declined.
    """

    def __init__(self, venue: SimVenue) -> None:
        self._venue = venue
        self.listener: Callable[[Declined], None] | None = None
        self._declined: dict[str, deque[Declined]] = {}
        self._count = 0
        self._earned: dict[tuple[str, str], dict[PositionSide, Earned]] = {}
        self._unsubscribe = venue.subscribe(self._hear)

    def close(self) -> None:
        """Stop listening to the venue."""
        self._unsubscribe()

    def next_number(self) -> int:
        """The number of the next declined order."""
        self._count += 1
        return self._count

    def decline(self, declined: Declined) -> None:
        """Remember an order that was not let in."""
        kept = self._declined.setdefault(declined.order.owner, deque(maxlen=_KEPT))
        kept.appendleft(declined)
        if self.listener is not None:
            self.listener(declined)

    def declined(self, owner: str) -> list[Declined]:
        """Orders of an account that were not let in, newest first."""
        return list(self._declined.get(owner, ()))

    def earned(self, owner: str, symbol: str, side: PositionSide) -> Earned:
        """What a position has earned so far."""
        key = owner, symbol
        if key not in self._earned:
            self._earned[key] = {}
            for fill in every_fill(self._venue.ledger, owner, symbol):
                self._add(key, fill)
        return self._earned[key].setdefault(side, Earned())

    def _add(self, key: tuple[str, str], fill: SimFill) -> None:
        self._earned[key].setdefault(fill.position_side, Earned()).add(fill)

    def _hear(self, event: Event) -> None:
        if isinstance(event, OrderEvent) and event.fill is not None and event.face is FACE:
            key = event.owner, event.order.symbol
            if key in self._earned:
                self._add(key, event.fill)
