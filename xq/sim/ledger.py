"""The venue's memory: one SQLite file, one transaction per acknowledged request."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any

from xq.errors import CorruptFile, StorageFailed
from xq.sim.exact import ZERO
from xq.sim.instruments import Face
from xq.sim.ledger_rows import (
    SCHEMA,
    VERSION,
    Row,
    fill_of,
    insert,
    order_of,
    position_of,
    posting_of,
    to_row,
)
from xq.sim.records import Account, Kind, Posting, SimFill, SimOrder
from xq.sim.state import Changes, Counters, State

FILE_NAME = "sim.sqlite"


@dataclass(frozen=True, slots=True)
class World:
    """What makes this venue this one: its seed, and how far its clock is from wall time."""

    seed: int
    offset_ms: int


@dataclass(frozen=True, slots=True)
class Page:
    """A slice of history: from an id or a time on, oldest first; without either the newest."""

    first_id: int | None = None
    start_ms: int | None = None
    end_ms: int | None = None
    limit: int = 500


class Ledger:
    """Reads and writes the file; every `commit` is on disk when it returns.

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

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def world(self) -> World | None:
        """Seed and clock of the venue; None in a fresh file."""
        meta = self._meta()
        return World(meta["seed"], meta["offset_ms"]) if "seed" in meta else None

    def load(self) -> State:
        """The state as of the last commit."""
        meta = self._meta()
        resting = self._rows(
            "SELECT * FROM orders WHERE status IN ('new', 'partially_filled') ORDER BY id"
        )
        positions = self._rows("SELECT * FROM positions")
        return State(
            balances={
                (Face(face), Account(account), asset): Decimal(amount)
                for face, account, asset, amount in self._rows("SELECT * FROM balances")
            },
            open_orders={row[0]: order_of(row) for row in resting},
            positions={row[0]: position_of(row) for row in positions},
            leverages=dict(self._rows("SELECT * FROM leverages")),
            counters=Counters(meta["next_order"], meta["next_fill"], meta["next_transaction"]),
            settled_ms=meta["settled_ms"],
        )

    def commit(self, changes: Changes, state: State, world: World) -> None:
        """Write one request's changes and the state they led to; all of it or nothing."""
        touched = {(item.face, item.account, item.asset) for item in changes.postings}
        balances = [(*key, f"{state.balance(*key):f}") for key in sorted(touched)]
        gone = [(item.symbol,) for item in changes.positions.values() if not item.quantity]
        held = [to_row(item) for item in changes.positions.values() if item.quantity]
        with self._transaction():
            self._write("meta", 2, _meta_rows(state, world))
            self._write("orders", 16, [to_row(item) for item in changes.orders.values()])
            self._write("fills", 12, [to_row(item) for item in changes.fills])
            self._write("postings", 9, [to_row(item) for item in changes.postings])
            self._write("balances", 4, balances)
            self._connection.executemany("DELETE FROM positions WHERE symbol = ?", gone)
            self._write("positions", 4, held)
            self._write("leverages", 2, list(changes.leverages.items()))

    def order(
        self, face: Face, symbol: str, *, order_id: int | None = None, client_id: str | None = None
    ) -> SimOrder | None:
        """One order by id or, the newest first, by client id."""
        rows = self._rows(
            "SELECT * FROM orders WHERE face = ? AND symbol = ?"
            " AND (? IS NULL OR id = ?) AND (? IS NULL OR client_id = ?) ORDER BY id DESC LIMIT 1",
            (face, symbol, order_id, order_id, client_id, client_id),
        )
        return order_of(rows[0]) if rows else None

    def orders(self, face: Face, symbol: str, page: Page) -> list[SimOrder]:
        """Orders of one symbol."""
        select = "SELECT * FROM orders WHERE face = ? AND symbol = ?"
        return [order_of(row) for row in self._page(select, (face, symbol), "created_ms", page)]

    def fills(
        self, face: Face, symbol: str, page: Page, *, order_id: int | None = None
    ) -> list[SimFill]:
        """Executions of one symbol, of one order if given."""
        select = "SELECT * FROM fills WHERE face = ? AND symbol = ? AND (? IS NULL OR order_id = ?)"
        rows = self._page(select, (face, symbol, order_id, order_id), "ts", page)
        return [fill_of(row) for row in rows]

    def income(
        self, face: Face, kinds: Sequence[Kind], symbol: str | None, page: Page
    ) -> list[Posting]:
        """What moved a face's free balance for one of the given reasons, in the order written."""
        select = (
            "SELECT * FROM (SELECT rowid AS id, * FROM postings) WHERE face = ? AND account = ?"
            " AND (? IS NULL OR symbol = ?) AND kind IN (SELECT value FROM json_each(?))"
        )
        values = (face, Account.FREE, symbol, symbol, json.dumps(list(kinds)))
        return [posting_of(row[1:]) for row in self._page(select, values, "ts", page)]

    def check(self) -> list[str]:
        """Balances that are not the sum of their postings; transactions that do not cancel."""
        sums: dict[Row, Decimal] = {}
        cancels: dict[Row, Decimal] = {}
        for number, face, account, asset, amount in self._rows(
            "SELECT tx, face, account, asset, amount FROM postings"
        ):
            for totals, key in ((sums, (face, account, asset)), (cancels, (number, asset))):
                totals[key] = totals.get(key, ZERO) + Decimal(amount)
        stored = {row[:3]: Decimal(row[3]) for row in self._rows("SELECT * FROM balances")}
        wrong = [key for key in sums.keys() | stored.keys() if sums.get(key) != stored.get(key)]
        return [
            *(f"balance {key}: {stored.get(key)} is not {sums.get(key)}" for key in sorted(wrong)),
            *(f"transaction {key} leaves {total}" for key, total in cancels.items() if total),
        ]

    def _page(self, select: str, values: Row, time_column: str, page: Page) -> list[Row]:
        """Rows of a slice, oldest first."""
        where = select
        for condition, value in (
            ("id >= ?", page.first_id),
            (f"{time_column} >= ?", page.start_ms),
            (f"{time_column} <= ?", page.end_ms),
        ):
            if value is not None:
                where += f" AND {condition}"
                values = (*values, value)
        forward = page.first_id is not None or page.start_ms is not None
        rows = self._rows(
            f"{where} ORDER BY id {'ASC' if forward else 'DESC'} LIMIT ?", (*values, page.limit)
        )
        return rows if forward else rows[::-1]

    def _meta(self) -> dict[str, int]:
        return dict(self._rows("SELECT key, value FROM meta"))

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[Row]:
        with self._guarded():
            return self._connection.execute(query, values).fetchall()

    def _write(self, table: str, columns: int, rows: Iterable[Row]) -> None:
        self._connection.executemany(insert(table, columns), rows)

    def _prepare(self) -> None:
        with self._guarded():
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
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


def _meta_rows(state: State, world: World) -> list[Row]:
    counters = state.counters
    return [
        ("seed", world.seed),
        ("offset_ms", world.offset_ms),
        ("settled_ms", state.settled_ms),
        ("next_order", counters.order),
        ("next_fill", counters.fill),
        ("next_transaction", counters.transaction),
    ]
