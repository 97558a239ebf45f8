"""The journal's chain: every change of a row, each sealed with the hash of the one before.

A link says what a row is after a change (``null`` once it is gone). The newest link of a row is
what its table must hold; `xq.execution.audit` compares the two.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from xq.execution import schema

GONE = "null"
UNCHAINED = "revision"
"""The one row of `meta` that no link tells of: the newest link carries the revision itself."""


Change = tuple[sa.Table, Any, bool]
"""A row that was written, and whether it is gone."""
_APPEND = sa.insert(schema.chain)


@dataclass(frozen=True, slots=True)
class Head:
    """The newest link."""

    sequence: int = 0
    hash: str = ""


def head(connection: Connection) -> Head:
    """The newest link of a journal."""
    table = schema.chain.c
    newest = sa.select(table.sequence, table.hash).order_by(table.sequence.desc()).limit(1)
    row = connection.execute(newest).first()
    return Head() if row is None else Head(row.sequence, row.hash)


def extend(
    connection: Connection, last: Head | None, stamp: tuple[int, int], changes: Iterable[Change]
) -> Head:
    """Append what rows are now; ``stamp`` is revision and wall time, ``last`` the head if known."""
    newest = last or head(connection)
    links = []
    for table, row, gone in changes:
        values = {
            "sequence": newest.sequence + 1,
            "revision": stamp[0],
            "at_ms": stamp[1],
            "kind": table.name,
            "subject": subject(table, row),
            "content": GONE if gone else canonical(table, row),
            "previous": newest.hash,
        }
        newest = Head(newest.sequence + 1, digest(values))
        links.append({**values, "hash": newest.hash})
    if links:
        connection.execute(_APPEND, links)
    return newest


def subject(table: sa.Table, row: Any) -> str:
    """The name of a row in its table: its primary key.

    Examples
    --------
    >>> import sqlalchemy as sa
    >>> from xq.execution.schema import meta
    >>> engine = sa.create_engine("sqlite://")
    >>> with engine.begin() as connection:
    ...     meta.create(connection)
    ...     insert = sa.insert(meta).values(name="account", value="sim").returning(*meta.c)
    ...     row = connection.execute(insert).one()
    >>> subject(meta, row), canonical(meta, row)
    ('account', '{"name":"account","value":"sim"}')
    """
    return " ".join(str(row._mapping[column.name]) for column in table.primary_key)


def canonical(table: sa.Table, row: Any) -> str:
    """A row as JSON that is the same on every database: sorted names, exact decimals."""
    return packed({column.name: _whole(column, row._mapping[column.name]) for column in table.c})


def _whole(column: sa.Column[Any], value: Any) -> Any:
    """SQLite gives 1.0 back as 1 in the very statement that writes it."""
    return float(value) if isinstance(column.type, sa.Float) and value is not None else value


def packed(values: Mapping[str, Any]) -> str:
    """Values as JSON: sorted names, decimals and symbols as text."""
    return json.dumps(
        values, default=str, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )


def digest(values: Mapping[str, Any]) -> str:
    """The hash of a link over all its other columns, the previous hash among them."""
    sealed = json.dumps([values[name] for name in _SEALED], separators=(",", ":"))
    return hashlib.sha256(sealed.encode()).hexdigest()


_SEALED = ("sequence", "revision", "at_ms", "kind", "subject", "content", "previous")
