"""How the ledger's tables look, and how records become rows and back.

The columns of a table stand in the order of the record's fields; its key comes first.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from decimal import Decimal
from enum import Enum
from functools import cache, cached_property
from operator import attrgetter
from typing import Any, TypeVar

from xq.sim.algos import AlgoOrder
from xq.sim.records import Posting, SimFill, SimOrder, SimPosition
from xq.sim.state import Countdown, Eaten, Mode, Queue, Setting

VERSION = 2

Row = tuple[Any, ...]
_Record = TypeVar("_Record")


def _column(kind: Any) -> str:
    if kind == Decimal | None:
        return "TEXT"
    return "INTEGER NOT NULL" if kind in (int, bool) else "TEXT NOT NULL"


@dataclass(frozen=True)
class Table:
    """One table: the record its rows are, how many columns are its key, what else is indexed."""

    name: str
    record: type
    key: int = 1
    indexes: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(item.name for item in fields(self.record))

    @cached_property
    def insert(self) -> str:
        """The statement that writes a row, replacing one of the same key."""
        places = ", ".join("?" * len(self.columns))
        return f"INSERT OR REPLACE INTO {self.name} VALUES ({places})"  # noqa: S608 - ours

    @cached_property
    def delete(self) -> str:
        """The statement that drops the row of a key."""
        keys = " AND ".join(f'"{name}" = ?' for name in self.columns[: self.key])
        return f"DELETE FROM {self.name} WHERE {keys}"  # noqa: S608 - ours

    @property
    def schema(self) -> str:
        """The statements that create it."""
        columns = ", ".join(f'"{item.name}" {_column(item.type)}' for item in fields(self.record))
        if self.key:
            names = ", ".join(f'"{name}"' for name in self.columns[: self.key])
            columns += f", PRIMARY KEY ({names})"
        return " ".join((f"CREATE TABLE {self.name} ({columns});", *self.indexes))


ORDERS = Table(
    "orders",
    SimOrder,
    indexes=(
        "CREATE INDEX orders_by_symbol ON orders (owner, face, symbol, id);",
        "CREATE INDEX orders_by_client_id ON orders (owner, face, symbol, client_id);",
        "CREATE INDEX orders_resting ON orders (status)"
        " WHERE status IN ('new', 'partially_filled');",
    ),
)
FILLS = Table(
    "fills",
    SimFill,
    indexes=(
        "CREATE INDEX fills_by_symbol ON fills (owner, face, symbol, id);",
        "CREATE INDEX fills_by_order ON fills (order_id);",
    ),
)
POSTINGS = Table(
    "postings",
    Posting,
    key=0,
    indexes=("CREATE INDEX postings_by_account ON postings (owner, face, account, ts);",),
)
ALGOS = Table(
    "algos", AlgoOrder, indexes=("CREATE INDEX algos_by_symbol ON algos (owner, symbol, id);",)
)
# The keyed parts of the state, by the name of its attribute.
KEYED = {
    "positions": Table("positions", SimPosition, key=3),
    "settings": Table("settings", Setting, key=2),
    "modes": Table("modes", Mode),
    "queues": Table("queues", Queue),
    "eaten": Table("eaten", Eaten, key=4),
    "countdowns": Table("countdowns", Countdown, key=2),
}
SCHEMA = " ".join(
    (
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;",
        "CREATE TABLE owners (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;",
        "CREATE TABLE balances (owner TEXT NOT NULL, face TEXT NOT NULL, account TEXT NOT NULL,"
        " asset TEXT NOT NULL, amount TEXT NOT NULL,"
        " PRIMARY KEY (owner, face, account, asset)) WITHOUT ROWID;",
        *(table.schema for table in (ORDERS, ALGOS, FILLS, POSTINGS, *KEYED.values())),
    )
)


def to_row(record: Any) -> Row:
    """A record's fields in order, as SQLite stores them: decimals and words as text."""
    kind: Any = type(record)
    values, encoders = _encoding(kind)
    row = list(values(record))
    for place, encode in encoders:
        row[place] = encode(row[place])
    return tuple(row)


def key_row(key: object) -> Row:
    """A key of the state as its columns hold it.

    Examples
    --------
    >>> key_row(("main", Decimal("0.10"))), key_row("main")
    (('main', '0.10'), ('main',))
    """
    parts = key if isinstance(key, tuple) else (key,)
    return tuple(f"{part:f}" if isinstance(part, Decimal) else part for part in parts)


def from_row(record: type[_Record], row: Row) -> _Record:
    """The record of a row."""
    kind: Any = record
    return record(
        *(
            value if decode is None or value is None else decode(value)
            for value, decode in zip(row, _decoders(kind), strict=True)
        )
    )


@cache
def _encoding(record: Any) -> tuple[Callable[[Any], Row], list[tuple[int, Callable[[Any], Any]]]]:
    """What reads the columns of a record, and by place what makes others of some of them."""
    columns = fields(record)
    names = (f"{item.name}._value_" if _is_word(item.type) else item.name for item in columns)
    found = ((place, _encoder(item.type)) for place, item in enumerate(columns))
    return attrgetter(*names), [(place, encode) for place, encode in found if encode is not None]


def _encoder(kind: Any) -> Callable[[Any], Any] | None:
    if kind is Decimal:
        return _plain
    if kind is bool:
        return int
    if kind == Decimal | None:
        return lambda value: None if value is None else _plain(value)
    return None


def _plain(value: Decimal) -> str:
    """A number without an exponent; ``str`` is much quicker where it needs none."""
    text = str(value)
    return f"{value:f}" if "E" in text else text


@cache
def _decoders(record: Any) -> tuple[Callable[[Any], Any] | None, ...]:
    return tuple(_decoder(item.type) for item in fields(record))


def _decoder(kind: Any) -> Callable[[Any], Any] | None:
    if kind == Decimal | None:
        return Decimal
    return kind if kind in (Decimal, bool) or _is_word(kind) else None


def _is_word(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)
