"""The journal without a file: for runs that end with their process, such as a replay.

It answers as the file does, question by question (one suite of tests runs over both), but looks
nothing up row by row: what a tick asks costs the same after a million orders.
"""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Collection, Mapping
from operator import attrgetter
from typing import Any

from xq.errors import NoData, OrderRefused
from xq.execution.journal import Journal
from xq.execution.memory_books import MemoryBooks
from xq.execution.memory_decisions import MemoryDecisions
from xq.execution.orders import OrderState
from xq.execution.records import Decision, JournalOrder
from xq.execution.store import Revisions
from xq.execution.tally import Tally
from xq.frozen import changed
from xq.types import Symbol

Move = tuple[OrderState, OrderState, int, str]


class MemoryJournal(Journal):
    """A `Journal` in memory.

    Examples
    --------
    >>> journal = MemoryJournal("replay")
    >>> journal.has_order("xq-1"), journal.orders_since(0), journal.books.revision
    (False, (), 0)
    """

    def __init__(self, account: str) -> None:
        self.place = "(memory)"
        self.account = account
        self._revisions = Revisions()
        self.decisions = self._decisions = MemoryDecisions(self._revisions)
        self.books = MemoryBooks(self._revisions)
        self._furnish(self._revisions)
        self._known: dict[str, JournalOrder] = {}
        self._changed: dict[str, int] = {}
        self._open: dict[str, JournalOrder] = {}
        self._created: list[tuple[int, int, str]] = []
        self._by_decision: dict[int | None, list[str]] = {}
        self._by_parent: dict[str | None, list[str]] = {}
        self._by_venue_id: dict[tuple[Symbol, str], str] = {}
        self._moves: dict[str, list[Move]] = {}

    def intend(self, order: JournalOrder) -> None:
        """Write an intent down. Raises `OrderRefused` if its client id is known."""
        if order.client_id in self._known:
            raise OrderRefused(
                f"an order with client id {order.client_id} is already in the journal",
                where=self.place,
            )
        insort(self._created, (order.created_ms, len(self._created), order.client_id))
        self._by_decision.setdefault(order.decision_id, []).append(order.client_id)
        self._by_parent.setdefault(order.parent_id, []).append(order.client_id)
        self._keep(order)

    def _update(
        self,
        order: JournalOrder,
        values: Mapping[str, Any],
        state: OrderState,
        now_ms: int,
        reason: str,
    ) -> JournalOrder:
        kept = changed(order, **{**values, "state": state})
        if state is not order.state:
            moves = self._moves.setdefault(order.client_id, [])
            moves.append((order.state, state, now_ms, reason))
        self._keep(kept)
        return kept

    def _keep(self, order: JournalOrder) -> None:
        name = order.client_id
        self._known[name] = order
        self._changed[name] = self._revisions.next()
        if order.venue_id is not None:
            self._by_venue_id[order.symbol, order.venue_id] = name
        if order.state.is_final:
            self._open.pop(name, None)
        else:
            self._open[name] = order

    def order(self, client_id: str) -> JournalOrder:
        """One order. Raises `NoData`."""
        if client_id not in self._known:
            raise NoData(f"no order with client id {client_id}", where=self.place)
        return self._known[client_id]

    def has_order(self, client_id: str) -> bool:
        """Whether an intent of that client id was ever written."""
        return client_id in self._known

    def orders(self, *, symbol: Symbol | None = None, after: int = 0) -> tuple[JournalOrder, ...]:
        """Orders changed after a revision, oldest first."""
        return _oldest_first(
            order
            for name, order in self._known.items()
            if self._changed[name] > after and symbol in (None, order.symbol)
        )

    def owners(self, symbol: Symbol, venue_ids: Collection[str]) -> dict[str, str]:
        """Client ids of the orders that a venue knows by these numbers."""
        found = {number: self._by_venue_id.get((symbol, number)) for number in venue_ids}
        return {number: name for number, name in found.items() if name is not None}

    def unsettled_orders(self) -> tuple[JournalOrder, ...]:
        """Orders that something may still happen to, oldest first."""
        if not self._open:
            return ()
        return _oldest_first(self._open.values())

    def orders_of(self, decision: Decision) -> tuple[JournalOrder, ...]:
        """The orders of a decision, oldest first."""
        return _oldest_first(self._known[n] for n in self._by_decision.get(decision.id, ()))

    def children_of(self, parent_id: str) -> tuple[JournalOrder, ...]:
        """The orders of a parent, oldest first."""
        return _oldest_first(self._known[name] for name in self._by_parent.get(parent_id, ()))

    def orders_since(self, created_ms: int) -> tuple[JournalOrder, ...]:
        """Intents written at or after a wall time, oldest first."""
        first = bisect_left(self._created, (created_ms,))
        return tuple(self._known[name] for *_, name in self._created[first:])

    def moves(self, client_id: str) -> tuple[Move, ...]:
        """How an order came to its state, oldest first."""
        return tuple(self._moves.get(client_id, ()))

    def tally(self) -> Tally:
        """How much there is of everything."""
        decisions, newest = self._decisions.tally()
        return Tally(
            decisions,
            len(self.books.fills()),
            Counter(order.state for order in self._known.values()),
            newest,
        )


def _oldest_first(orders: Any) -> tuple[JournalOrder, ...]:
    return tuple(sorted(orders, key=attrgetter("created_ms")))
