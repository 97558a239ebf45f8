"""The journal: every decision and order, written down before anything leaves.

One file per mode. A commit is on the disk before the method returns (WAL, ``synchronous=FULL``),
so that a run killed at any instant leaves a file from which the next run can go on.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from xq.errors import NoData, OrderRefused, XqError
from xq.execution import schema
from xq.execution.books import Books
from xq.execution.decisions import Decisions
from xq.execution.orders import OrderState, can_move
from xq.execution.records import Decision, JournalOrder
from xq.execution.store import Store
from xq.types import Order, OrderType, Side, Symbol

_UNSETTLED = [state.value for state in OrderState if not state.is_final]


@contextmanager
def open_journal(path: Path, account: str) -> Iterator["Journal"]:
    """Open or create a journal for writing; the caller holds the lock of its folder.

    Raises
    ------
    ConfigError
        If the file was written by a newer xq or for another account.
    CorruptFile, StorageFailed
        If the file or disk refuses.
    """
    with schema.guarded(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        engine = schema.engine(path)
        try:
            with engine.begin() as connection:
                schema.prepare(connection, path, account)
            yield Journal(engine, path, account)
        finally:
            engine.dispose()


@contextmanager
def read_journal(path: Path, account: str) -> Iterator["Journal"]:
    """Open an existing journal for reading only.

    Raises
    ------
    NoData
        If there is none yet.
    ConfigError
        If the file was written by a newer xq or for another account.
    """
    if not path.is_file():
        raise NoData("nothing has been traded yet", where=str(path), hint="xq trade --once")
    with schema.guarded(path):
        engine = schema.engine(path, read_only=True)
        try:
            with engine.connect() as connection:
                schema.check(connection, path, account)
            yield Journal(engine, path, account)
        finally:
            engine.dispose()


@contextmanager
def scratch_journal(path: Path, account: str) -> Iterator["Journal"]:
    """A copy in memory, empty when there is no journal yet: for rehearsals that leave no trace."""
    with schema.guarded(path):
        engine = schema.engine(None)
        try:
            if path.is_file():
                schema.copy(path, engine)
            with engine.begin() as connection:
                schema.prepare(connection, path, account)
            yield Journal(engine, path, account)
        finally:
            engine.dispose()


class Journal:
    """Orders; decisions are in ``decisions``, fills, equity and holdings in ``books``."""

    def __init__(self, engine: Engine, path: Path, account: str) -> None:
        self.path = path
        self.account = account
        self._store = Store(engine, path)
        self.decisions = Decisions(self._store)
        self.books = Books(self._store)

    def intend(self, order: JournalOrder) -> None:
        """Write an intent down; only after this may its order be sent.

        Raises
        ------
        OrderRefused
            If an order of that client id is already in the journal.
        """
        values = _order_values(order)
        with self._store.write() as (connection, revision):
            known = schema.orders.c.client_id == order.client_id
            if connection.execute(sa.select(schema.orders.c.client_id).where(known)).first():
                raise OrderRefused(
                    f"an order with client id {order.client_id} is already in the journal",
                    where=str(self.path),
                )
            connection.execute(sa.insert(schema.orders).values(**values, revision=revision))

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
            "state": state.value,
            "reason": reason or order.reason,
            "code": code or order.code,
        }
        return self._update(order, values, state, now_ms, reason)

    def observe(self, client_id: str, seen: Order, now_ms: int) -> JournalOrder:
        """Take over what the venue says of an order; an answer older than ours changes nothing."""
        order = self.order(client_id)
        state = OrderState.of(seen.status)
        if not can_move(order.state, state) or seen.filled < order.filled:
            return order
        values: dict[str, Any] = {
            "state": state.value,
            "venue_id": seen.venue_id,
            "filled": seen.filled,
            "average_price": seen.average_price,
        }
        return self._update(order, values, state, now_ms, "the venue says so")

    def _update(
        self,
        order: JournalOrder,
        values: Mapping[str, Any],
        state: OrderState,
        now_ms: int,
        reason: str,
    ) -> JournalOrder:
        where = schema.orders.c.client_id == order.client_id
        with self._store.write() as (connection, revision):
            update = sa.update(schema.orders).where(where).values(**values, revision=revision)
            connection.execute(update)
            if state is not order.state:
                move = {
                    "client_id": order.client_id,
                    "before": order.state.value,
                    "after": state.value,
                    "at_ms": now_ms,
                    "reason": reason,
                }
                connection.execute(sa.insert(schema.moves).values(move))
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
            raise NoData(f"no order with client id {client_id}", where=str(self.path))
        return found[0]

    def has_order(self, client_id: str) -> bool:
        """Whether an intent of that client id was ever written."""
        return bool(self._orders(lambda query: query.where(schema.orders.c.client_id == client_id)))

    def orders(self, *, symbol: Symbol | None = None, after: int = 0) -> tuple[JournalOrder, ...]:
        """Orders changed after a revision, oldest first."""
        wanted = [schema.orders.c.revision > after]
        if symbol is not None:
            wanted.append(schema.orders.c.symbol == str(symbol))
        return self._orders(lambda query: query.where(*wanted))

    def owners(self, symbol: Symbol, venue_ids: Collection[str]) -> dict[str, str]:
        """Client ids of the orders that a venue knows by these numbers."""
        table = schema.orders.c
        wanted = table.symbol == str(symbol), table.venue_id.in_(venue_ids)
        query = sa.select(table.venue_id, table.client_id).where(*wanted)
        with self._store.read() as connection:
            return {row.venue_id: row.client_id for row in connection.execute(query)}

    def unsettled_orders(self) -> tuple[JournalOrder, ...]:
        """Orders that something may still happen to, oldest first."""
        return self._orders(lambda query: query.where(schema.orders.c.state.in_(_UNSETTLED)))

    def orders_of(self, decision: Decision) -> tuple[JournalOrder, ...]:
        """The orders of a decision, oldest first."""
        return self._orders(lambda query: query.where(schema.orders.c.decision_id == decision.id))

    def orders_since(self, created_ms: int) -> int:
        """How many intents were written at or after a wall time."""
        count = sa.select(sa.func.count()).select_from(schema.orders)
        with self._store.read() as connection:
            query = count.where(schema.orders.c.created_ms >= created_ms)
            return int(connection.execute(query).scalar_one())

    def moves(self, client_id: str) -> tuple[tuple[OrderState, OrderState, int, str], ...]:
        """How an order came to its state: before, after, wall time and why, oldest first."""
        table = schema.moves
        query = sa.select(table).where(table.c.client_id == client_id).order_by(table.c.id)
        with self._store.read() as connection:
            return tuple(
                (OrderState(row.before), OrderState(row.after), row.at_ms, row.reason)
                for row in connection.execute(query)
            )

    def _orders(self, narrow: Callable[[Any], Any]) -> tuple[JournalOrder, ...]:
        query = narrow(sa.select(schema.orders))
        ordered = query.order_by(schema.orders.c.created_ms, sa.text("orders.rowid"))
        with self._store.read() as connection:
            return tuple(_order(row) for row in connection.execute(ordered))


def _order_values(order: JournalOrder) -> dict[str, Any]:
    values = {name: getattr(order, name) for name in JournalOrder.__dataclass_fields__}
    return values | {
        "symbol": str(order.symbol),
        "side": order.side.value,
        "type": order.type.value,
        "state": order.state.value,
    }


def _order(row: Any) -> JournalOrder:
    values = {name: getattr(row, name) for name in JournalOrder.__dataclass_fields__}
    return JournalOrder(
        **values
        | {
            "symbol": Symbol.parse(row.symbol),
            "side": Side(row.side),
            "type": OrderType(row.type),
            "state": OrderState(row.state),
        }
    )
