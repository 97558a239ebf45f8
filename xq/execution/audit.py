"""Whether a journal still holds what was written: its chain recomputed, its tables compared."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.types import TypeDecorator

from xq.errors import NoData
from xq.execution import schema
from xq.execution.chain import GONE, UNCHAINED, Head, digest, head, packed
from xq.execution.ledger_schema import TABLES
from xq.execution.store import Store

_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One row, or one link of the chain, that is not what it was.

    Attributes
    ----------
    kind, subject
        The table and the row's key in it; ``"chain"`` and the sequence for a link.
    what
        In words: changed, deleted, inserted.
    """

    kind: str
    subject: str
    what: str


@dataclass(frozen=True, slots=True)
class Audit:
    """What was compared, and every difference.

    Attributes
    ----------
    head
        Hash of the newest link: noted elsewhere, it proves later that nothing before it was
        rewritten.
    """

    links: int
    rows: int
    head: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """One change of one row; ``content`` is JSON of the row after it, ``null`` once it is gone."""

    sequence: int
    revision: int
    at_ms: int
    kind: str
    subject: str
    content: str
    previous: str
    hash: str


class Chain:
    """The chain of a journal, for reading."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def verify(self) -> Audit:
        """Recompute every link and compare every row with its newest one.

        Raises
        ------
        NoData
            If the journal is of a format that had no chain.
        """
        if self._store.is_converted:
            raise NoData(
                "the journal is of an earlier format, which had no chain",
                where=self._store.place,
                hint="xq trade --once",
            )
        with self._store.read() as connection:
            walk = _Walk()
            findings = [*walk.links(connection), *walk.rows(connection)]
            return Audit(walk.count, walk.compared, walk.head.hash, tuple(findings))

    def holds(self, seal: str) -> bool:
        """Whether a link of that hash is in the chain."""
        table = schema.chain
        with self._store.read() as connection:
            query = sa.select(table.c.sequence).where(table.c.hash == seal)
            return connection.execute(query).first() is not None

    def head(self) -> Head:
        """The newest link."""
        with self._store.read() as connection:
            return head(connection)

    def links(self, subject: str | None = None, limit: int | None = None) -> tuple[Link, ...]:
        """Links about a row, or about an order and all its moves and fills; oldest first."""
        table = schema.chain.c
        query = sa.select(schema.chain).order_by(table.sequence.desc()).limit(limit)
        if subject is not None:
            named = f'"client_id":{json.dumps(subject, ensure_ascii=False)}'
            about = table.content.contains(named, autoescape=True)
            query = query.where((table.subject == subject) | about)
        with self._store.read() as connection:
            found = connection.execute(query).mappings().all()
        return tuple(Link(**row) for row in reversed(found))


class _Walk:
    """One pass over the chain, then one over the tables."""

    def __init__(self) -> None:
        self.head = Head()
        self.count = 0
        self.compared = 0
        self._revision = 0
        self._newest: dict[tuple[str, str], bytes] = {}

    def links(self, connection: Connection) -> Iterator[Finding]:
        """Every link whose hash, predecessor or number is not right."""
        query = sa.select(schema.chain).order_by(schema.chain.c.sequence)
        for row in connection.execution_options(yield_per=_BATCH).execute(query).mappings():
            self.count += 1
            follows = row["sequence"] == self.head.sequence + 1
            if not follows or row["previous"] != self.head.hash:
                yield Finding("chain", str(row["sequence"]), "does not follow the link before it")
            if row["hash"] != digest({str(name): value for name, value in row.items()}):
                yield Finding("chain", str(row["sequence"]), "changed")
            self.head = Head(row["sequence"], row["hash"])
            self._revision = row["revision"]
            self._newest[row["kind"], row["subject"]] = _print(row["content"])

    def rows(self, connection: Connection) -> Iterator[Finding]:
        """Every row that is not what its newest link says."""
        for table in TABLES:
            for subject, content in _raw_rows(connection, table):
                if table is schema.meta and subject == UNCHAINED:
                    if json.loads(content)["value"] != str(self._revision):
                        yield Finding(table.name, subject, "changed")
                    continue
                self.compared += 1
                told = self._newest.pop((table.name, subject), None)
                if told is None or told == _print(GONE):
                    yield Finding(table.name, subject, "inserted")
                elif told != _print(content):
                    yield Finding(table.name, subject, "changed")
        for (kind, subject), told in self._newest.items():
            if told != _print(GONE):
                yield Finding(kind, subject, "deleted")


def _print(content: str) -> bytes:
    return hashlib.sha256(content.encode()).digest()


def _raw_rows(connection: Connection, table: sa.Table) -> Iterator[tuple[str, str]]:
    """Name and content of every row as they stand, whether xq can read them or not."""
    columns = [sa.type_coerce(c, _plain(c.type)).label(c.name) for c in table.c]
    keys = [column.name for column in table.primary_key]
    options = connection.execution_options(yield_per=_BATCH)
    for row in options.execute(sa.select(*columns)).mappings():
        values = {c.name: _flag(row[c.name], c.type) for c in table.c}
        yield " ".join(str(values[name]) for name in keys), packed(values)


def _plain(kind: sa.types.TypeEngine[Any]) -> sa.types.TypeEngine[Any]:
    if isinstance(kind, TypeDecorator):
        return sa.Text()
    return sa.Integer() if isinstance(kind, sa.Boolean) else kind


def _flag(value: Any, kind: sa.types.TypeEngine[Any]) -> Any:
    return bool(value) if isinstance(kind, sa.Boolean) and value in (0, 1) else value
