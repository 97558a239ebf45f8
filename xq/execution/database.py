"""Databases under a journal: a file whose commits survive a power cut, or memory."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from xq.errors import CorruptFile, StorageFailed

WAY_OUT = "move the file away; the venue still knows every order"


def file_engine(path: Path, *, read_only: bool = False, foreign_keys: bool = True) -> Engine:
    """An engine on a file; a commit is on the disk before it returns."""
    mode = "?mode=ro" if read_only else "?mode=rwc"
    built = sa.create_engine(f"sqlite:///file:{quote(str(path))}{mode}&uri=true")

    def prepare(raw: Any, _record: object) -> None:
        raw.isolation_level = None  # transactions begin where we say: the tables change in them too
        cursor = raw.cursor()
        if not read_only:
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")
        cursor.execute("PRAGMA busy_timeout=5000")
        cursor.close()

    sa.event.listen(built, "connect", prepare)
    sa.event.listen(built, "begin", _begin)
    return built


def memory_engine() -> Engine:
    """An engine on a database in memory, gone with it."""
    built = sa.create_engine("sqlite://", poolclass=sa.pool.StaticPool)
    sa.event.listen(built, "connect", _by_hand)
    sa.event.listen(built, "begin", _begin)
    return built


def copy_file(path: Path, target: Engine) -> None:
    """Bring a file's content into another SQLite database."""
    source = file_engine(path, read_only=True)
    try:
        with source.connect() as here, target.connect() as there:
            here.connection.dbapi_connection.backup(there.connection.dbapi_connection)  # type: ignore[union-attr]
    finally:
        source.dispose()


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that holds the write lock from its first moment."""
    with engine.connect().execution_options(xq_writes=True) as connection, connection.begin():
        yield connection


@contextmanager
def guarded(place: str) -> Iterator[None]:
    """Turn what the database cannot do into our errors."""
    try:
        yield
    except (sa.exc.DBAPIError, sqlite3.DatabaseError) as error:
        reason = str(getattr(error, "orig", error)).strip()
        if "malformed" in reason or "not a database" in reason:
            raise CorruptFile(
                f"the journal cannot be read: {reason}",
                where=place,
                hint=WAY_OUT,
            ) from error
        raise StorageFailed(f"the journal refused: {reason}", where=place) from error


def _by_hand(raw: Any, _record: object) -> None:
    raw.isolation_level = None


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("xq_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
