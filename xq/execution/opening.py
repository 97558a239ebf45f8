"""Opening a journal's database: made, migrated or refused before anybody asks it anything."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from xq.errors import ConfigError, NoData
from xq.execution import schema
from xq.execution.chain import UNCHAINED
from xq.execution.database import copy_file, file_engine, guarded, memory_engine, writing
from xq.execution.migrate import migrate_file, upgrade, version_of
from xq.execution.store import Store, Write
from xq.ports import Clock


@contextmanager
def writable(path: Path, account: str, clock: Clock) -> Iterator[Store]:
    """A store on a file, made or migrated if need be."""
    place = str(path)
    with guarded(place):
        path.parent.mkdir(parents=True, exist_ok=True)
        engine = file_engine(path)
        try:
            if 0 < _checked(engine, place, account) < schema.VERSION:
                migrate_file(path, clock.now_ms())
            prepare(engine, account, clock.now_ms())
            yield Store(engine, place, clock)
        finally:
            engine.dispose()


@contextmanager
def readable(path: Path, account: str, clock: Clock) -> Iterator[Store]:
    """A store on an existing file that cannot change it; an earlier format is read from a copy."""
    place = str(path)
    if not path.is_file():
        raise NoData("nothing has been traded yet", where=place, hint="xq trade --once")
    with guarded(place):
        engine = file_engine(path, read_only=True)
        try:
            is_old = _checked(engine, place, account) < schema.VERSION
            if is_old:
                engine.dispose()
                engine = memory_engine()
                copy_file(path, engine)
                _complete(engine, account, clock.now_ms())
            yield Store(engine, place, clock, is_converted=is_old)
        finally:
            engine.dispose()


@contextmanager
def scratch(path: Path, account: str, clock: Clock) -> Iterator[Store]:
    """A store on a copy in memory, empty when there is no file."""
    place = str(path)
    with guarded(place):
        engine = memory_engine()
        try:
            if path.is_file():
                copy_file(path, engine)
                _checked(engine, place, account)
            _complete(engine, account, clock.now_ms())
            yield Store(engine, place, clock)
        finally:
            engine.dispose()


def prepare(engine: Engine, account: str, now_ms: int) -> None:
    """Make the tables of a new journal, and begin its chain."""
    with engine.connect() as connection:
        if version_of(connection):
            return
    with writing(engine) as connection:
        if not version_of(connection):
            _make(connection, account, now_ms)


def check(connection: Connection, place: str, account: str) -> int:
    """The format of a journal, 0 for an empty one; a newer one or another account's is refused."""
    version = version_of(connection)
    if version > schema.VERSION:
        raise ConfigError(
            f"the journal has format {version}, this xq knows up to {schema.VERSION}",
            where=place,
            hint="use the xq that wrote it, or move the file away",
        )
    named = schema.meta.c.name == "account"
    owner = version and connection.execute(sa.select(schema.meta.c.value).where(named)).scalar()
    if version and owner != account:
        raise ConfigError(
            f"the journal belongs to account {owner!r}, not {account!r}",
            where=place,
            hint="move the file away to start a new one",
        )
    return version


def _checked(engine: Engine, place: str, account: str) -> int:
    with engine.connect() as connection:
        return check(connection, place, account)


def _complete(memory: Engine, account: str, now_ms: int) -> None:
    """Bring a copy in memory to this format; an empty one is made."""
    with writing(memory) as connection:
        version = version_of(connection)
        if 0 < version < schema.VERSION:
            upgrade(connection, version, now_ms)
    prepare(memory, account, now_ms)


def _make(connection: Connection, account: str, now_ms: int) -> None:
    if sa.inspect(connection).has_table(schema.meta.name):
        schema.metadata.drop_all(connection)  # what a first run that was killed had begun
    schema.metadata.create_all(connection)
    connection.execute(sa.insert(schema.meta).values(name=UNCHAINED, value="0"))
    write = Write(connection, now_ms)
    rows = {"version": str(schema.VERSION), "account": account, "mirrored": "0"}
    for name, value in rows.items():
        write.insert(schema.meta, {"name": name, "value": value})
    write.seal()
