"""Records kept one a row, in a table or in memory: the same questions, the same answers."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import fields
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa

from xq.types import Symbol

T = TypeVar("T")


class Rows(Protocol[T]):
    """The records of one table; a key is the table's primary key."""

    def put(self, record: T) -> None:
        """Keep a record; it takes the place of one of the same key."""

    def add(self, record: T) -> bool:
        """Keep a record unless one of its key is kept already; whether it was new."""

    def find(self, *key: Any) -> T | None:
        """The record of that key, or None."""

    def all(self, *, after: int = 0, since_ms: int | None = None, **equal: Any) -> tuple[T, ...]:
        """Records written after a revision, at or after a venue time, with these values."""

    def newest(self, column: str) -> int | None:
        """The largest value of a column, None when nothing is kept."""


class Keeper(Protocol):
    """What keeps rows: a store with a file or server behind it, or memory."""

    def write(self) -> AbstractContextManager[Any]:
        """All writes inside are kept together, or none is."""

    def rows(self, table: sa.Table, kind: type[T], order: tuple[str, ...]) -> Rows[T]:
        """The records of a table, given back in the order of these columns."""


class TableRows(Rows[T]):
    """`Rows` of a database."""

    def __init__(self, store: Any, table: sa.Table, kind: type[T], order: tuple[str, ...]) -> None:
        self._store = store
        self._table = table
        self._kind = kind
        self._names = _names(kind)
        self._order = [table.c[name] for name in order]

    def put(self, record: T) -> None:
        """Keep a record; it takes the place of one of the same key."""
        with self._store.write() as write:
            write.put(self._table, _values(record, self._names))

    def add(self, record: T) -> bool:
        """Keep a record unless one of its key is kept already; whether it was new."""
        values = _values(record, self._names)
        with self._store.write() as write:
            if self.find(*(values[column.name] for column in self._table.primary_key)):
                return False
            write.insert(self._table, values)
        return True

    def find(self, *key: Any) -> T | None:
        """The record of that key, or None."""
        pairs = zip(self._table.primary_key, key, strict=True)
        query = sa.select(self._table).where(*(column == value for column, value in pairs))
        with self._store.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else self._record(row)

    def all(self, *, after: int = 0, since_ms: int | None = None, **equal: Any) -> tuple[T, ...]:
        """Records written after a revision, at or after a venue time, with these values."""
        columns = self._table.c
        query = sa.select(self._table).where(columns.revision > after).order_by(*self._order)
        if since_ms is not None:
            query = query.where(columns.ts_ms >= since_ms)
        query = query.where(*(columns[name] == value for name, value in equal.items()))
        with self._store.read() as connection:
            return tuple(self._record(row) for row in connection.execute(query))

    def newest(self, column: str) -> int | None:
        """The largest value of a column, None when nothing is kept."""
        with self._store.read() as connection:
            found = connection.execute(sa.select(sa.func.max(self._table.c[column]))).scalar()
        return None if found is None else int(found)

    def _record(self, row: Any) -> T:
        return self._kind(**{name: getattr(row, name) for name in self._names})


class MemoryRows(Rows[T]):
    """`Rows` without a file."""

    def __init__(
        self, revisions: Any, table: sa.Table, kind: type[T], order: tuple[str, ...]
    ) -> None:
        self._revisions = revisions
        self._key = tuple(column.name for column in table.primary_key)
        self._order = order
        self._names = _names(kind)
        self._counted = tuple({"number", "ts_ms"} & set(self._names))
        self._newest: dict[str, int] = {}
        self._kept: dict[tuple[Any, ...], tuple[int, T]] = {}

    def put(self, record: T) -> None:
        """Keep a record; it takes the place of one of the same key."""
        self._kept[self._key_of(record)] = self._revisions.next(), record
        for name in self._counted:
            value = getattr(record, name)
            self._newest[name] = max(value, self._newest.get(name, value))

    def add(self, record: T) -> bool:
        """Keep a record unless one of its key is kept already; whether it was new."""
        if self._key_of(record) in self._kept:
            return False
        self.put(record)
        return True

    def find(self, *key: Any) -> T | None:
        """The record of that key, or None."""
        found = self._kept.get(key)
        return None if found is None else found[1]

    def all(self, *, after: int = 0, since_ms: int | None = None, **equal: Any) -> tuple[T, ...]:
        """Records written after a revision, at or after a venue time, with these values."""
        if not self._kept:
            return ()
        chosen = [
            record
            for revision, record in self._kept.values()
            if revision > after
            and (since_ms is None or getattr(record, "ts_ms") >= since_ms)  # noqa: B009
            and all(getattr(record, name) == value for name, value in equal.items())
        ]
        return tuple(sorted(chosen, key=self._place))

    def newest(self, column: str) -> int | None:
        """The largest value of a column, None when nothing is kept."""
        return self._newest.get(column)

    def _key_of(self, record: T) -> tuple[Any, ...]:
        return tuple(getattr(record, name) for name in self._key)

    def _place(self, record: T) -> tuple[Any, ...]:
        values = (getattr(record, name) for name in self._order)
        return tuple(str(value) if isinstance(value, Symbol) else value for value in values)


def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _values(record: Any, names: tuple[str, ...]) -> Mapping[str, Any]:
    return {name: getattr(record, name) for name in names}
