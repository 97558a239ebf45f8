"""The ledger as a file: opened, prepared, written whole or not at all, its failures named."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from xq.errors import CorruptFile, StorageFailed
from xq.sim.ledger_rows import SCHEMA, VERSION, Row

# A commit writes a row or two of each of several tables and indexes: small pages are less to write.
# The disk is waited for when the log is moved into the file, so that happens every 16 MiB.
_PAGE_BYTES = 1024
_CHECKPOINT_PAGES = 16 * 1024


class LedgerFile:
    """One SQLite file.

    Raises
    ------
    CorruptFile
        If the file is no ledger, or of another version.
    StorageFailed
        If the disk refuses.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._guarded():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, timeout=5.0
            )
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Release the file."""
        self._connection.close()

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[Row]:
        with self._guarded():
            return self._connection.execute(query, values).fetchall()

    def _write(self, statement: str, rows: Sequence[Row]) -> None:
        if rows:
            self._connection.executemany(statement, rows)

    def _prepare(self) -> None:
        with self._guarded():
            self._connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            [version] = self._connection.execute("PRAGMA user_version").fetchone()
            if version == 0:
                self._connection.executescript(
                    f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;"
                )
        if version not in (0, VERSION):
            raise CorruptFile(
                f"the ledger has format {version}, expected {VERSION}",
                where=str(self.path),
                hint=f"mv {self.path} {self.path}.old",
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._guarded():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.OperationalError, OSError) as error:
            raise StorageFailed(str(error), where=str(self.path), hint="xq doctor") from error
        except sqlite3.DatabaseError as error:
            raise CorruptFile(
                f"not a ledger of the simulated venue: {error}",
                where=str(self.path),
                hint=f"mv {self.path} {self.path}.old",
            ) from error
