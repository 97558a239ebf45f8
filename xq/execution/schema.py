"""The journal's tables, and how its file is opened so that a commit survives a power cut."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.types import TypeDecorator

from xq.errors import ConfigError, CorruptFile, StorageFailed

VERSION = 1


class Exact(TypeDecorator[Decimal]):
    """A Decimal kept as text, to the last digit."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """To the file."""
        return None if value is None else str(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:  # noqa: ARG002
        """From the file."""
        return None if value is None else Decimal(value)


metadata = sa.MetaData()

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("strategy", sa.Text, nullable=False),
    sa.Column("timeframe", sa.Text, nullable=False),
    sa.Column("symbols", sa.Text, nullable=False),
    sa.Column("bar_ms", sa.BigInteger, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.UniqueConstraint("account", "strategy", "timeframe", "symbols", "bar_ms"),
)

signals = sa.Table(
    "signals",
    metadata,
    sa.Column("decision_id", sa.ForeignKey("decisions.id"), primary_key=True),
    sa.Column("symbol", sa.Text, primary_key=True),
    sa.Column("weight", sa.Float, nullable=False),
    sa.Column("close", Exact, nullable=False),
    sa.Column("position", Exact, nullable=False),
    sa.Column("target", Exact, nullable=False),
    sa.Column("reached", sa.Boolean, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
)

orders = sa.Table(
    "orders",
    metadata,
    sa.Column("client_id", sa.Text, primary_key=True),
    sa.Column("decision_id", sa.ForeignKey("decisions.id"), nullable=False),
    sa.Column("symbol", sa.Text, nullable=False),
    sa.Column("leg", sa.Text, nullable=False),
    sa.Column("side", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("quantity", Exact, nullable=False),
    sa.Column("reduce_only", sa.Boolean, nullable=False),
    sa.Column("expected_price", Exact, nullable=False),
    sa.Column("position_before", Exact, nullable=False),
    sa.Column("state", sa.Text, nullable=False, index=True),
    sa.Column("venue_id", sa.Text, index=True),
    sa.Column("filled", Exact, nullable=False),
    sa.Column("average_price", Exact),
    sa.Column("code", sa.Text),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("venue_ms", sa.BigInteger, nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
)

moves = sa.Table(
    "moves",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("client_id", sa.ForeignKey("orders.client_id"), nullable=False),
    sa.Column("before", sa.Text, nullable=False),
    sa.Column("after", sa.Text, nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)

fills = sa.Table(
    "fills",
    metadata,
    sa.Column("symbol", sa.Text, primary_key=True),
    sa.Column("fill_id", sa.Text, primary_key=True),
    sa.Column("client_id", sa.ForeignKey("orders.client_id")),
    sa.Column("venue_order_id", sa.Text, nullable=False),
    sa.Column("side", sa.Text, nullable=False),
    sa.Column("price", Exact, nullable=False),
    sa.Column("quantity", Exact, nullable=False),
    sa.Column("fee", Exact, nullable=False),
    sa.Column("fee_asset", sa.Text, nullable=False),
    sa.Column("ts_ms", sa.BigInteger, nullable=False),
    sa.Column("maker", sa.Boolean, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
)

equity = sa.Table(
    "equity",
    metadata,
    sa.Column("ts_ms", sa.BigInteger, primary_key=True),
    sa.Column("strategy", sa.Text, primary_key=True),
    sa.Column("wallet", sa.Text, primary_key=True),
    sa.Column("equity", Exact, nullable=False),
    sa.Column("cash", Exact, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
)


def engine(path: Path | None, *, read_only: bool = False) -> Engine:
    """An engine on the file whose commits are on the disk before they return; None for memory."""
    if path is None:
        return sa.create_engine("sqlite://", poolclass=sa.pool.StaticPool)
    mode = "?mode=ro" if read_only else "?mode=rwc"
    built = sa.create_engine(f"sqlite:///file:{_quoted(path)}{mode}&uri=true")

    def prepare(raw: Any, _record: object) -> None:
        cursor = raw.cursor()
        if not read_only:
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA busy_timeout=5000")
        cursor.close()

    sa.event.listen(built, "connect", prepare)
    return built


def copy(path: Path, memory: Engine) -> None:
    """Bring a file's content into an engine in memory."""
    source = engine(path, read_only=True)
    try:
        with source.connect() as here, memory.connect() as there:
            here.connection.dbapi_connection.backup(there.connection.dbapi_connection)  # type: ignore[union-attr]
    finally:
        source.dispose()


def prepare(connection: Connection, path: Path, account: str) -> None:
    """Create the tables in a new file, or refuse a file of another version or account."""
    if sa.inspect(connection).has_table(meta.name) and check(connection, path, account):
        return
    metadata.create_all(connection)
    rows = {"version": str(VERSION), "account": account, "revision": "0", "mirrored": "0"}
    values = [{"name": name, "value": value} for name, value in rows.items()]
    connection.execute(sa.insert(meta), values)


def check(connection: Connection, path: Path, account: str) -> bool:
    """Refuse a file of another version or account; False if it says nothing about itself yet."""
    known = {row.name: row.value for row in connection.execute(sa.select(meta))}
    if not known:
        return False
    if int(known["version"]) > VERSION:
        raise ConfigError(
            f"the journal has format {known['version']}, this xq knows up to {VERSION}",
            where=str(path),
            hint="use the xq that wrote it, or move the file away",
        )
    if known["account"] != account:
        raise ConfigError(
            f"the journal belongs to account {known['account']!r}, not {account!r}",
            where=str(path),
            hint="move the file away to start a new one",
        )
    return True


@contextmanager
def guarded(path: Path) -> Iterator[None]:
    """Turn what the database cannot do into our errors."""
    try:
        yield
    except (sa.exc.DatabaseError, sqlite3.DatabaseError) as error:
        reason = str(getattr(error, "orig", error)).lower()
        if "malformed" in reason or "not a database" in reason:
            raise CorruptFile(
                f"the journal cannot be read: {reason}",
                where=str(path),
                hint="move the file away; the venue still knows every order",
            ) from error
        raise StorageFailed(f"the journal refused: {reason}", where=str(path)) from error


def _quoted(path: Path) -> str:
    from urllib.parse import quote

    return quote(str(path))
