"""The journal: every decision and order, written down before anything leaves.

One file per mode. A commit is on the disk before the method returns (WAL, ``synchronous=FULL``),
so that a run killed at any instant leaves a file from which the next run can go on.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from xq.clock import SystemClock
from xq.errors import NoData, OrderRefused, XqError
from xq.execution import opening, schema, server
from xq.execution.audit import Chain
from xq.execution.books import Books
from xq.execution.cash import CashFlows
from xq.execution.decisions import Decisions
from xq.execution.log import Events
from xq.execution.orders import OrderState, can_move
from xq.execution.parents import Parents
from xq.execution.records import Decision, JournalOrder
from xq.execution.rows import Keeper
from xq.execution.server import Server
from xq.execution.shares import Shares
from xq.execution.snapshots import Positions
from xq.execution.store import Store
from xq.execution.tally import Tally, tally
from xq.execution.watch import Switches
from xq.ports import Clock
from xq.types import Order, OrderType, Symbol

_UNSETTLED = [state for state in OrderState if not state.is_final]
_CLOCK = SystemClock()


@contextmanager
def open_journal(place: Path | Server, account: str, clock: Clock = _CLOCK) -> Iterator["Journal"]:
    """Open or create a journal for writing; the caller holds the lock of its folder.

    One of an earlier format is brought to this one first; a copy of it is kept beside it.

    Parameters
    ----------
    place
        A file, or a server; that one gives the account's journal to one writer at a time.
    clock
        Stamps the links of the chain.

    Raises
    ------
    ConfigError
        If the journal was written by a newer xq or for another account.
    LockHeld
        If another writer has the server's journal open.
    CorruptFile, StorageFailed
        If the file or disk refuses.
    """
    with _door(place).writable(place, account, clock) as store:
        yield Journal(store, account)


@contextmanager
def read_journal(place: Path | Server, account: str, clock: Clock = _CLOCK) -> Iterator["Journal"]:
    """Open an existing journal for reading only; raises also `NoData` if there is none yet."""
    with _door(place).readable(place, account, clock) as store:
        yield Journal(store, account)


@contextmanager
def scratch_journal(
    place: Path | Server, account: str, clock: Clock = _CLOCK
) -> Iterator["Journal"]:
    """A copy in memory, empty when there is no journal yet: for rehearsals that leave no trace."""
    with _door(place).scratch(place, account, clock) as store:
        yield Journal(store, account)


def _door(place: Path | Server) -> Any:
    return server if isinstance(place, Server) else opening


class Journal:
    """Orders, and a room for everything else.

    Attributes
    ----------
    place
        Where it is kept, as messages name it.
    """

    def __init__(self, store: Store, account: str) -> None:
        self.place = store.place
        self.account = account
        self._store = store
        self.decisions = Decisions(store)
        self.books = Books(store)
        self.chain = Chain(store)
        self._furnish(store)

    def _furnish(self, keeper: Keeper) -> None:
        """The rooms that are the same with and without a file."""
        self.together = keeper.write
        self.cash = CashFlows(keeper)
        self.positions = Positions(keeper)
        self.parents = Parents(keeper)
        self.shares = Shares(keeper)
        self.switches = Switches(keeper)
        self.events = Events(keeper)

    def intend(self, order: JournalOrder) -> None:
        """Write an intent down; only after this may its order be sent.

        Raises
        ------
        OrderRefused
            If an order of that client id is already in the journal.
        """
        values = {name: getattr(order, name) for name in _FIELDS}
        with self._store.write() as write:
            if self.has_order(order.client_id):
                raise OrderRefused(
                    f"an order with client id {order.client_id} is already in the journal",
                    where=self.place,
                )
            write.insert(schema.orders, {**values, "number": write.revision})

    def move(
        self, client_id: str, state: OrderState, now_ms: int, *, reason: str = "", code: str = ""
    ) -> JournalOrder:
        """Take an order to another state.

        Raises
        ------
        XqError
            If an order cannot go there from where it is.
        """
        order = self.order(client_id)
        if not can_move(order.state, state):
            raise XqError(
                f"an order cannot go from {order.state} to {state}", where=f"client id {client_id}"
            )
        values = {
            "state": state,
            "reason": reason or order.reason,
            "code": code or order.code,
        }
        return self._update(order, values, state, now_ms, reason)

    def observe(self, client_id: str, seen: Order, now_ms: int) -> JournalOrder:
        """Take over what the venue says of an order; what is older, or no news, writes nothing."""
        order = self.order(client_id)
        state = OrderState.of(seen.status)
        if not can_move(order.state, state) or seen.filled < order.filled:
            return order
        values: dict[str, Any] = {
            "state": state,
            "venue_id": seen.venue_id,
            "filled": seen.filled,
            "average_price": seen.average_price,
        }
        if order.type is OrderType.LIMIT and seen.price is not None:  # it may have been changed
            values |= {"price": seen.price, "quantity": seen.quantity}
        if all(getattr(order, name) == value for name, value in values.items()):
            return order
        return self._update(order, values, state, now_ms, "the venue says so")

    def amend(
        self, client_id: str, price: Decimal | None, quantity: Decimal, now_ms: int, reason: str
    ) -> JournalOrder:
        """Write down that a resting order has, or is to have, another price and quantity."""
        order = self.order(client_id)
        told = f"{reason}: {quantity:f} at {price}"
        return self._update(
            order, {"price": price, "quantity": quantity, "reason": told}, order.state, now_ms, told
        )

    def _update(
        self,
        order: JournalOrder,
        values: Mapping[str, Any],
        state: OrderState,
        now_ms: int,
        reason: str,
    ) -> JournalOrder:
        with self._store.write() as write:
            write.update(schema.orders, {"client_id": order.client_id}, values)
            if state is not order.state:
                move = {
                    "client_id": order.client_id,
                    "before": order.state,
                    "after": state,
                    "at_ms": now_ms,
                    "reason": reason,
                }
                write.insert(schema.moves, move)
        return self.order(order.client_id)

    def order(self, client_id: str) -> JournalOrder:
        """One order.

        Raises
        ------
        NoData
            If the journal holds none of that client id.
        """
        found = self._orders(lambda query: query.where(schema.orders.c.client_id == client_id))
        if not found:
            raise NoData(f"no order with client id {client_id}", where=self.place)
        return found[0]

    def has_order(self, client_id: str) -> bool:
        """Whether an intent of that client id was ever written."""
        table = schema.orders.c
        query = sa.select(table.client_id).where(table.client_id == client_id)
        with self._store.read() as connection:
            return connection.execute(query).first() is not None

    def orders(self, *, symbol: Symbol | None = None, after: int = 0) -> tuple[JournalOrder, ...]:
        """Orders changed after a revision, oldest first."""
        wanted = [schema.orders.c.revision > after]
        if symbol is not None:
            wanted.append(schema.orders.c.symbol == symbol)
        return self._orders(lambda query: query.where(*wanted))

    def owners(self, symbol: Symbol, venue_ids: Collection[str]) -> dict[str, str]:
        """Client ids of the orders that a venue knows by these numbers."""
        table = schema.orders.c
        wanted = table.symbol == symbol, table.venue_id.in_(venue_ids)
        query = sa.select(table.venue_id, table.client_id).where(*wanted)
        with self._store.read() as connection:
            return {row.venue_id: row.client_id for row in connection.execute(query)}

    def unsettled_orders(self) -> tuple[JournalOrder, ...]:
        """Orders that something may still happen to, oldest first."""
        return self._orders(lambda query: query.where(schema.orders.c.state.in_(_UNSETTLED)))

    def orders_of(self, decision: Decision) -> tuple[JournalOrder, ...]:
        """The orders of a decision, oldest first."""
        return self._orders(lambda query: query.where(schema.orders.c.decision_id == decision.id))

    def children_of(self, parent_id: str) -> tuple[JournalOrder, ...]:
        """The orders of a parent, oldest first."""
        return self._orders(lambda query: query.where(schema.orders.c.parent_id == parent_id))

    def orders_since(self, created_ms: int) -> tuple[JournalOrder, ...]:
        """Intents written at or after a wall time, oldest first."""
        return self._orders(lambda query: query.where(schema.orders.c.created_ms >= created_ms))

    def moves(self, client_id: str) -> tuple[tuple[OrderState, OrderState, int, str], ...]:
        """How an order came to its state: before, after, wall time and why, oldest first."""
        table = schema.moves
        query = sa.select(table).where(table.c.client_id == client_id).order_by(table.c.id)
        with self._store.read() as connection:
            return tuple(
                (row.before, row.after, row.at_ms, row.reason) for row in connection.execute(query)
            )

    def tally(self) -> Tally:
        """How much there is of everything."""
        return tally(self._store)

    def _orders(self, narrow: Callable[[Any], Any]) -> tuple[JournalOrder, ...]:
        query = narrow(sa.select(schema.orders))
        ordered = query.order_by(schema.orders.c.created_ms, schema.orders.c.number)
        with self._store.read() as connection:
            return tuple(_order(row) for row in connection.execute(ordered))


_FIELDS = tuple(JournalOrder.__dataclass_fields__)


def _order(row: Any) -> JournalOrder:
    return JournalOrder(**{name: getattr(row, name) for name in _FIELDS})
