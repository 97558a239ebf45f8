"""What a killed trader left behind, under a name: worlds of one name go on alike.

A world is what the next start can see: the tables of the venue's ledger and of the journal, the
other files, the time. Half of a transaction is in a file, but in no table: it is no other world.
"""

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
from psycopg import sql

_SIDE_FILES = ("-wal", "-shm")
_SIGNED = ("trade.lock",)  # by a process that is gone


def world(desk: Path, journal: str, now_ms: int) -> str:
    """The name of what is in a desk's folder, and in its journal if that is on a server."""
    told = hashlib.sha256(str(now_ms).encode())
    for path in sorted(desk.iterdir()):
        if not path.name.endswith(_SIDE_FILES):
            told.update(path.name.encode())
            told.update(_content(path))
    if journal.startswith("postgresql:"):
        told.update(_canonical(_served(journal)))
    return told.hexdigest()


def every_world(kill: Callable[[int], str], last: int) -> None:
    """Kill at calls 1 to ``last`` until no other world can be found between two of them.

    Journals and ledgers only grow: between two kills that left the same world, every kill does.
    """
    found = {at: kill(at) for at in {1, last}}
    pending = [(1, last)]
    while pending:
        low, high = pending.pop()
        if high - low < 2 or found[low] == found[high]:
            continue
        middle = (low + high) // 2
        found[middle] = kill(middle)
        pending += [(low, middle), (middle, high)]


def _content(path: Path) -> bytes:
    if path.suffix == ".sqlite":
        return _canonical(_filed(path))
    content = path.read_bytes()
    return b"signed" if content and path.name in _SIGNED else content


def _canonical(tables: Iterator[tuple[str, object]]) -> bytes:
    return json.dumps(list(tables), default=str).encode()


def _filed(path: Path) -> Iterator[tuple[str, object]]:
    """Tables of a copy: whoever opens a file may change it."""
    copy = path.parent.with_name("looked-at.sqlite")
    for end in ("", "-wal"):
        Path(f"{copy}{end}").unlink(missing_ok=True)
        if Path(f"{path}{end}").exists():
            shutil.copyfile(f"{path}{end}", f"{copy}{end}")
    connection = sqlite3.connect(copy)
    try:
        yield "version", connection.execute("PRAGMA user_version").fetchall()
        for name, made in connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name"
        ).fetchall():
            yield made, connection.execute(f'SELECT * FROM "{name}"').fetchall()
    finally:
        connection.close()


def _served(url: str) -> Iterator[tuple[str, object]]:
    """Tables of a database, once its server has noticed that the trader is gone."""
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(
            "SELECT 1 FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone():
            connection.execute("SELECT pg_sleep(0.002)")
        for (name,) in connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
        ).fetchall():
            rows = connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(name)))
            yield name, sorted(map(str, rows.fetchall()))
