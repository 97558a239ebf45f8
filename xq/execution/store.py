"""One journal: transactions that are safe when they return, counted by revision and chained."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from xq.execution import schema
from xq.execution.chain import Head, link
from xq.execution.database import guarded, writing
from xq.execution.rows import MemoryRows, Rows, TableRows
from xq.ports import Clock

T = TypeVar("T")
_AT_ONCE = nullcontext()


class Write:
    """One transaction: what it changes carries its revision and is told to the chain."""

    def __init__(self, connection: Connection, now_ms: int) -> None:
        self.connection = connection
        self.revision = _next_revision(connection)
        self._now_ms = now_ms
        self._head: Head | None = None

    @property
    def changed(self) -> bool:
        """Whether anything was written."""
        return self._head is not None

    def run(self, statement: sa.Insert | sa.Update | sa.Delete) -> int:
        """Insert, update or delete rows; how many."""
        table = statement.table
        if not isinstance(table, sa.Table):
            raise TypeError(f"not a table: {table}")
        gone = isinstance(statement, sa.Delete)
        if not isinstance(statement, sa.Delete) and "revision" in table.c:
            statement = statement.values(revision=self.revision)
        rows = self.connection.execute(statement.returning(*table.c)).all()
        for row in rows:
            self._head = link(
                self.connection, self._head, (self.revision, self._now_ms), table, row, gone
            )
        return len(rows)

    def put(self, table: sa.Table, values: Mapping[str, Any]) -> None:
        """Update the row of that key, or insert it."""
        same = [column == values[column.name] for column in table.primary_key]
        if not self.run(sa.update(table).where(*same).values(values)):
            self.run(sa.insert(table).values(values))


class Store:
    """Reads and writes of one journal; threads take turns.

    Attributes
    ----------
    place
        Where the journal is, as messages name it.
    is_converted
        Whether this is a copy brought to the present format, to be read and thrown away.
    """

    def __init__(
        self, engine: Engine, place: str, clock: Clock, *, is_converted: bool = False
    ) -> None:
        self.place = place
        self.is_converted = is_converted
        self._engine = engine
        self._clock = clock
        self._turn = threading.RLock()
        self._open: Write | None = None

    @contextmanager
    def write(self) -> Iterator[Write]:
        """A transaction; one inside another is part of it."""
        with self._turn:
            if self._open is not None:
                yield self._open
                return
            with guarded(self.place), writing(self._engine) as connection:
                try:
                    self._open = Write(connection, self._clock.now_ms())
                    yield self._open
                    if not self._open.changed:
                        connection.rollback()
                finally:
                    self._open = None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for queries; inside a transaction, that of the transaction."""
        with self._turn:
            if self._open is not None:
                yield self._open.connection
                return
            with guarded(self.place), self._engine.connect() as connection:
                yield connection

    def rows(self, table: sa.Table, kind: type[T], order: tuple[str, ...]) -> Rows[T]:
        """The records of a table, given back in the order of these columns."""
        return TableRows(self, table, kind, order)


def _next_revision(connection: Connection) -> int:
    # The update comes first: it takes the write lock before anything is read.
    named = schema.meta.c.name == "revision"
    bump = sa.cast(sa.cast(schema.meta.c.value, sa.Integer) + 1, sa.Text)
    bumped = sa.update(schema.meta).where(named).values(value=bump)
    return int(connection.execute(bumped.returning(schema.meta.c.value)).scalar_one())


class Revisions:
    """Counts writes where there is no file to do it."""

    def __init__(self) -> None:
        self.value = 0

    def next(self) -> int:
        """Revision of the next write."""
        self.value += 1
        return self.value

    def write(self) -> AbstractContextManager[None]:
        """Nothing can come between writes in memory."""
        return _AT_ONCE

    def rows(self, table: sa.Table, kind: type[T], order: tuple[str, ...]) -> Rows[T]:
        """The records of a table, given back in the order of these columns."""
        return MemoryRows(self, table, kind, order)
