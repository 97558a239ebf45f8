"""One journal file: transactions that are on the disk when they return, counted by revision."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from xq.execution import schema


class Store:
    """Reads and writes of one file; every write stamps its rows with a new revision."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self.path = path
        self._engine = engine

    @contextmanager
    def write(self) -> Iterator[tuple[Connection, int]]:
        """A transaction, and the revision for its rows."""
        named = schema.meta.c.name == "revision"
        with schema.guarded(self.path), self._engine.begin() as connection:
            # The update comes first: it takes the write lock before anything is read.
            bump = sa.cast(sa.cast(schema.meta.c.value, sa.Integer) + 1, sa.Text)
            connection.execute(sa.update(schema.meta).where(named).values(value=bump))
            revision = connection.execute(sa.select(schema.meta.c.value).where(named)).scalar_one()
            yield connection, int(revision)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for queries."""
        with schema.guarded(self.path), self._engine.connect() as connection:
            yield connection


class Revisions:
    """Counts writes where there is no file to do it."""

    def __init__(self) -> None:
        self.value = 0

    def next(self) -> int:
        """Revision of the next write."""
        self.value += 1
        return self.value
