"""Bringing a journal of an earlier format to this one, whole or not at all."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from xq.errors import CorruptFile
from xq.execution import schema
from xq.execution.chain import UNCHAINED
from xq.execution.database import WAY_OUT, file_engine, writing
from xq.execution.ledger_schema import TABLES
from xq.execution.store import Write
from xq.lake.disk import sync_folder

_STEPS = Path(__file__).parent / "migrations"


def migrate_file(path: Path, now_ms: int) -> None:
    """Bring a file to this format in one commit, after keeping a copy of it beside it."""
    engine = file_engine(path, foreign_keys=False)  # tables are made anew under those that refer
    try:
        with writing(engine) as connection:
            version = version_of(connection)
            if version < schema.VERSION:
                _back_up(path, backup_path(path, version))
                upgrade(connection, version, now_ms)
    finally:
        engine.dispose()


def backup_path(path: Path, version: int) -> Path:
    """Where a file is kept as it was before its migration.

    Examples
    --------
    >>> backup_path(Path("state/journal-sim.sqlite"), 1).as_posix()
    'state/journal-sim.version-1.sqlite'
    """
    return path.with_name(f"{path.stem}.version-{version}{path.suffix}")


def upgrade(connection: Connection, version: int, now_ms: int) -> None:
    """Take every step from a format to this one, and tell the chain what every row is now."""
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(_STEPS), version_locations=[str(_STEPS)])
    steps = [step for step in scripts.walk_revisions() if int(step.revision) > version]
    with Operations.context(MigrationContext.configure(connection)):
        for step in reversed(steps):
            step.module.upgrade()
    if sa.inspect(connection).dialect.name == "sqlite":
        _check_references(connection)
    write = Write(connection, now_ms)
    write.update(schema.meta, {"name": "version"}, {"value": str(schema.VERSION)})
    _chain_all(connection, write)
    write.seal()


def version_of(connection: Connection) -> int:
    """The format of a journal, 0 for one in which nothing was ever written.

    Raises
    ------
    CorruptFile
        If there is something and it does not say what.
    """
    if not sa.inspect(connection).has_table(schema.meta.name):
        return 0
    known = {row.name: row.value for row in connection.execute(sa.select(schema.meta))}
    if known and not known.get("version", "").isdecimal():
        raise CorruptFile("the journal does not say its format", hint=WAY_OUT)
    return int(known["version"]) if known else 0


def _back_up(path: Path, kept: Path) -> None:
    """A whole copy or none; one that was cut off is made anew."""
    part = kept.with_name(f"{kept.name}.part")
    part.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(part)) as target:
        source.backup(target)
    with part.open("rb") as copied:
        os.fsync(copied.fileno())
    part.replace(kept)
    sync_folder(kept.parent)


def _check_references(connection: Connection) -> None:
    dangling = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if dangling is not None:
        raise CorruptFile(
            f"a row of {dangling[0]} refers to a row of {dangling[2]} that is not there",
            hint=WAY_OUT,
        )


def _chain_all(connection: Connection, write: Write) -> None:
    for table in TABLES:
        rows = connection.execute(sa.select(table)).all()
        write.note(table, [r for r in rows if table is not schema.meta or r.name != UNCHAINED])
