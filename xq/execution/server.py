"""A journal on a PostgreSQL server: one connection, which is also the lock."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from xq.errors import ConfigError, LockHeld, NoData
from xq.execution import schema
from xq.execution.database import guarded, memory_engine, writing
from xq.execution.ledger_schema import TABLES
from xq.execution.migrate import upgrade
from xq.execution.opening import check, prepare
from xq.execution.store import Store
from xq.ports import Clock

PASSWORD = "XQ_JOURNAL_PASSWORD"  # noqa: S105
_SCHEMES = ("postgresql", "postgres")
_OPTIONS = (
    "-c synchronous_commit=on -c lock_timeout=5s -c statement_timeout=30s "
    "-c idle_in_transaction_session_timeout=60s"
)
_PATIENCE: dict[str, Any] = {
    "connect_timeout": 10, "keepalives_idle": 10, "keepalives_interval": 5,
    "keepalives_count": 3, "tcp_user_timeout": 15_000,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Server:
    """Where a journal is kept: ``postgresql://user@host/database``, one PG schema per account.

    Attributes
    ----------
    password
        From the environment; never in the URL, which is shown in messages.
    """

    url: str
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, text: str, password: str | None = None) -> "Server":
        """Read a URL.

        Raises
        ------
        ConfigError
            If it is not of PostgreSQL, or holds a password.

        Examples
        --------
        >>> str(Server.parse("postgresql://ann@db.example/xq", "secret"))
        'postgresql://ann@db.example/xq'
        """
        try:
            url = sa.make_url(text)
        except sa.exc.ArgumentError:
            raise ConfigError("expected postgresql://user@host/database", where=_WHERE) from None
        if url.password is not None:
            raise ConfigError(
                "a password does not belong into the configuration",
                where=_WHERE,
                hint=f"export {PASSWORD}=…",
            )
        if url.drivername not in _SCHEMES or not url.database:
            shown = url.render_as_string(hide_password=True)
            raise ConfigError(
                f"expected postgresql://user@host/database, found {shown!r}", where=_WHERE
            )
        return cls(text, password)

    def __str__(self) -> str:
        return self.url

    def engine(self, account: str, *, read_only: bool = False) -> Engine:
        """An engine with one connection for its whole life: a lost one is not made again.

        Raises
        ------
        ConfigError
            If the driver is not installed.
        """
        try:
            import psycopg
        except ImportError:
            raise ConfigError(
                "a journal on PostgreSQL needs psycopg, which is not installed",
                where=_WHERE,
                hint="pip install 'xq[postgres]'",
            ) from None
        url = sa.make_url(self.url).set(drivername="postgresql")
        options = f"{_OPTIONS} -c search_path={namespace(account)}"
        if read_only:
            options += " -c default_transaction_read_only=on"
        connections: list[Any] = []

        def connect() -> Any:
            if connections:
                raise psycopg.OperationalError("the connection to the server was lost")
            made = psycopg.connect(
                url.render_as_string(hide_password=False),
                password=self.password,
                options=options,
                application_name="xq",
                **_PATIENCE,
            )
            connections.append(made)
            return made

        return sa.create_engine(
            "postgresql+psycopg://",
            creator=connect,
            poolclass=sa.pool.StaticPool,
            isolation_level="REPEATABLE READ" if read_only else "READ COMMITTED",
        )


_WHERE = "trade.journal"


def namespace(account: str) -> str:
    """The PG schema of an account.

    Examples
    --------
    >>> namespace("paper:binance")
    'xq_paper_binance'
    """
    return "xq_" + "".join(sign if sign.isalnum() else "_" for sign in account.lower())


@contextmanager
def writable(server: Server, account: str, clock: Clock) -> Iterator[Store]:
    """A store that nobody else writes to while this one is open.

    Raises
    ------
    LockHeld
        If another trader has the account's journal open.
    """
    with _opened(server, account, read_only=False) as engine:
        with engine.begin() as connection:
            _take_turn(connection, server, account)
            connection.execute(sa.schema.CreateSchema(namespace(account), if_not_exists=True))
        with writing(engine) as connection:
            version = check(connection, str(server), account)
            if 0 < version < schema.VERSION:
                upgrade(connection, version, clock.now_ms())
        prepare(engine, account, clock.now_ms())
        yield Store(engine, str(server), clock)


@contextmanager
def readable(server: Server, account: str, clock: Clock) -> Iterator[Store]:
    """A store that cannot change anything."""
    with _opened(server, account, read_only=True) as engine:
        with engine.connect() as connection:
            version = check(connection, str(server), account)
        if not version:
            raise NoData("nothing has been traded yet", where=str(server), hint="xq trade --once")
        if version < schema.VERSION:
            raise ConfigError(
                f"the journal has format {version}, this xq reads {schema.VERSION}",
                where=str(server),
                hint="xq trade --once",
            )
        yield Store(engine, str(server), clock)


@contextmanager
def scratch(server: Server, account: str, clock: Clock) -> Iterator[Store]:
    """A store on a copy in memory, empty when there is no journal."""
    memory = memory_engine()
    try:
        with _opened(server, account, read_only=True) as engine, engine.connect() as connection:
            if check(connection, str(server), account) == schema.VERSION:
                _copy(connection, memory)
        prepare(memory, account, clock.now_ms())
        yield Store(memory, str(server), clock)
    finally:
        memory.dispose()


@contextmanager
def _opened(server: Server, account: str, *, read_only: bool) -> Iterator[Engine]:
    with guarded(str(server)):
        engine = server.engine(account, read_only=read_only)
        try:
            yield engine
        finally:
            engine.dispose()


def _take_turn(connection: Connection, server: Server, account: str) -> None:
    """Hold the account's lock for as long as the connection lives."""
    number = int.from_bytes(sha256(namespace(account).encode()).digest()[:8], signed=True)
    taken = sa.select(sa.func.pg_try_advisory_lock(sa.cast(number, sa.BigInteger)))
    if connection.execute(taken).scalar():
        return
    holder = sa.text(
        "SELECT pid, client_addr FROM pg_locks JOIN pg_stat_activity USING (pid) "
        "WHERE locktype = 'advisory' AND granted AND "
        "((classid::bigint << 32) | objid::bigint) = :number"
    )
    row = connection.execute(holder, {"number": number}).first()
    who = "another process" if row is None else f"server process {row.pid} ({row.client_addr})"
    raise LockHeld(f"another xq trade has the journal of {account} open: {who}", where=str(server))


def _copy(connection: Connection, memory: Engine) -> None:
    with writing(memory) as target:
        schema.metadata.create_all(target)
        for table in (*TABLES, schema.chain):
            rows = [dict(row) for row in connection.execute(sa.select(table)).mappings()]
            if rows:
                target.execute(sa.insert(table), rows)
