"""One journal: transactions that are safe when they return, counted by revision and chained."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from xq.execution import schema
from xq.execution.chain import Change, extend
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
        self._changes: list[Change] = []

    @property
    def changed(self) -> bool:
        """Whether anything was written."""
        return bool(self._changes)

    def insert(self, table: sa.Table, values: Mapping[str, Any]) -> None:
        """Insert a row."""
        known = {**values, "revision": self.revision} if "revision" in table.c else values
        self.note(table, self.connection.execute(_inserting(table), known).all())

    def update(self, table: sa.Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> int:
        """Change the row of a key; how many there were."""
        known = {**values, "revision": self.revision} if "revision" in table.c else values
        statement = _updating(table, tuple(key), tuple(known))
        wanted = {f"key_{name}": value for name, value in key.items()}
        wanted |= {f"new_{name}": value for name, value in known.items()}
        rows = self.connection.execute(statement, wanted).all()
        self.note(table, rows)
        return len(rows)

    def delete(self, statement: sa.Delete) -> None:
        """Delete rows of a table."""
        table = statement.table
        if not isinstance(table, sa.Table):
            raise TypeError(f"not a table: {table}")
        self.note(table, self.connection.execute(statement.returning(*table.c)).all(), gone=True)

    def note(self, table: sa.Table, rows: Sequence[Any], *, gone: bool = False) -> None:
        """What rows of a table are now, for the chain."""
        self._changes += [(table, row, gone) for row in rows]

    def seal(self) -> None:
        """Tell the chain of every change, in order; the last thing before the commit."""
        extend(self.connection, None, (self.revision, self._now_ms), self._changes)

    def put(self, table: sa.Table, values: Mapping[str, Any]) -> None:
        """Update the row of that key, or insert it."""
        key = {column.name: values[column.name] for column in table.primary_key}
        if not self.update(table, key, values):
            self.insert(table, values)


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
                    if self._open.changed:
                        self._open.seal()
                    else:
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


@cache
def _inserting(table: sa.Table) -> "sa.sql.dml.ReturningInsert[Any]":
    return sa.insert(table).returning(*table.c)


@cache
def _updating(
    table: sa.Table, key: tuple[str, ...], names: tuple[str, ...]
) -> "sa.sql.dml.ReturningUpdate[Any]":
    where = (table.c[name] == sa.bindparam(f"key_{name}") for name in key)
    values: dict[str, Any] = {name: sa.bindparam(f"new_{name}") for name in names}
    return sa.update(table).where(*where).values(values).returning(*table.c)


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
