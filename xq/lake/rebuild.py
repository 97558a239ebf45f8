"""An order book from a snapshot and the changes after it, or the proof that one is missing; pure.

Binance's rule for contracts: the first change has first_id <= last_id of the snapshot <= last_id,
every later one names its predecessor in previous_id. On spot ids have no holes: the first change
holds the id after the snapshot's, every later one begins right after its predecessor.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from xq.errors import DataGap

Level = tuple[Decimal, Decimal]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The resting orders at one moment, (price, quantity), in any order."""

    last_id: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    ts: int = 0


@dataclass(frozen=True, slots=True)
class Diff:
    """What changed: new quantities by price, 0 where a level is gone.

    Attributes
    ----------
    previous_id
        ``last_id`` of the change before; None where ids have no holes.
    """

    first_id: int
    last_id: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    previous_id: int | None = None
    ts: int = 0


class OrderBook:
    """A book that changes are applied to, one by one; O(1) per level.

    Examples
    --------
    >>> one, two = Decimal(1), Decimal(2)
    >>> book = OrderBook(Snapshot(10, bids=((one, one),), asks=((two, one),)))
    >>> book.apply(Diff(9, 12, bids=((one, Decimal(0)),), asks=()))
    True
    >>> book.bids, book.best_ask, book.last_id
    ({}, (Decimal('2'), Decimal('1')), 12)
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.bids = {price: quantity for price, quantity in snapshot.bids if quantity}
        self.asks = {price: quantity for price, quantity in snapshot.asks if quantity}
        self.last_id = snapshot.last_id
        self.ts = snapshot.ts
        self._fresh = True

    @property
    def best_bid(self) -> Level | None:
        """Highest price bid and its quantity; O(levels)."""
        price = max(self.bids, default=None)
        return None if price is None else (price, self.bids[price])

    @property
    def best_ask(self) -> Level | None:
        """Lowest price asked and its quantity; O(levels)."""
        price = min(self.asks, default=None)
        return None if price is None else (price, self.asks[price])

    def apply(self, diff: Diff) -> bool:
        """Take one change; False if the book already holds it.

        Raises
        ------
        DataGap
            If a change between this one and the book is missing; the book stays as it was.
        """
        if diff.last_id <= self.last_id and not self._reaches(diff):
            return False
        if not self._follows(diff):
            raise DataGap(
                f"changes between update {self.last_id} and {diff.first_id} are missing",
                hint="begin again from a later snapshot",
            )
        for side, levels in ((self.bids, diff.bids), (self.asks, diff.asks)):
            for price, quantity in levels:
                if quantity:
                    side[price] = quantity
                else:
                    side.pop(price, None)
        self.last_id, self.ts, self._fresh = diff.last_id, diff.ts, False
        return True

    def _reaches(self, diff: Diff) -> bool:
        """Whether it is the change that ends with the snapshot, which Binance's rule includes."""
        return self._fresh and diff.previous_id is not None and diff.last_id == self.last_id

    def _follows(self, diff: Diff) -> bool:
        if diff.previous_id is None:
            if self._fresh:
                return diff.first_id <= self.last_id + 1 <= diff.last_id
            return diff.first_id == self.last_id + 1
        overlaps = self._fresh and diff.first_id <= self.last_id <= diff.last_id
        return overlaps or diff.previous_id == self.last_id


def rebuilt(snapshot: Snapshot, diffs: Iterable[Diff]) -> Iterator[OrderBook]:
    """The book after each change that follows the snapshot: one object, as it changes.

    Raises
    ------
    DataGap
        As `OrderBook.apply`.
    """
    book = OrderBook(snapshot)
    for diff in diffs:
        if book.apply(diff):
            yield book
