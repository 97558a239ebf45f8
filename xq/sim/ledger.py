"""The venue's memory: one SQLite file, one transaction per acknowledged request."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import Any

from xq.frozen import quick
from xq.sim.algos import AlgoOrder
from xq.sim.changes import Changes
from xq.sim.exact import ZERO
from xq.sim.instruments import Face, Market
from xq.sim.ledger_file import LedgerFile
from xq.sim.ledger_rows import (
    ALGOS,
    FILLS,
    KEYED,
    ORDERS,
    POSTINGS,
    Row,
    from_row,
    key_row,
    to_row,
)
from xq.sim.pace import REAL_TIME, Pace
from xq.sim.records import Account, Kind, Posting, SimFill, SimOrder
from xq.sim.state import Counters, State

FILE_NAME = "sim.sqlite"

_META = "INSERT OR REPLACE INTO meta VALUES (?, ?)"
_BALANCES = "INSERT OR REPLACE INTO balances VALUES (?, ?, ?, ?, ?)"
_MARKETS = tuple(Market)
_OWNERS = "INSERT OR REPLACE INTO owners VALUES (?, ?)"


@quick
@dataclass(frozen=True, slots=True)
class World:
    """What makes this venue this one: its prices, how far its clock is from wall time, its pace."""

    seed: int
    offset_ms: int
    pace: Pace = REAL_TIME
    market: Market = Market.SYNTHETIC


@dataclass(frozen=True, slots=True)
class Page:
    """A slice of history: from an id or a time on, oldest first; without either the newest."""

    first_id: int | None = None
    start_ms: int | None = None
    end_ms: int | None = None
    limit: int = 500


class Ledger(LedgerFile):
    """Reads and writes the file; what `commit` wrote survives the death of this process.

    Only a crash of the machine itself can lose the last commits; the file stays whole even then.

    Raises
    ------
    CorruptFile
        If the file is no ledger, or of another version.
    StorageFailed
        If the disk refuses.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._known: Row = (None,) * len(_META_KEYS)  # what the last commit wrote of them

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
        if "seed" not in meta:
            return None
        pace = Pace(meta["pace"], bool(meta["paused"])) if "pace" in meta else REAL_TIME
        market = _MARKETS[meta.get("market", 0)]
        return World(meta["seed"], meta["offset_ms"], pace, market)

    def load(self) -> State:
        """The state as of the last commit."""
        meta = self._meta()
        resting = self._rows(
            "SELECT * FROM orders WHERE status IN ('new', 'partially_filled') ORDER BY id"
        )
        parts: dict[str, Any] = {}
        for name, table in KEYED.items():
            rows = self._rows(f"SELECT * FROM {table.name}")  # noqa: S608 - a name of ours
            records: list[Any] = [from_row(table.record, row) for row in rows]
            keys = [attrgetter(*table.columns[: table.key])(record) for record in records]
            parts[name] = dict(zip(keys, records, strict=True))
        waiting = self._rows("SELECT * FROM algos WHERE status IN ('new', 'triggered')")
        return State(
            algos={row[0]: from_row(AlgoOrder, row) for row in waiting},
            owners=dict(self._rows("SELECT name, number FROM owners ORDER BY number")),
            balances={
                (owner, Face(face), Account(account), asset): Decimal(amount)
                for owner, face, account, asset, amount in self._rows("SELECT * FROM balances")
            },
            open_orders={row[0]: from_row(SimOrder, row) for row in resting},
            counters=Counters(*(meta[f"next_{item.name}"] for item in fields(Counters))),
            settled_ms=meta["settled_ms"],
            **parts,
        )

    def commit(self, changes: Changes, state: State, world: World) -> None:
        """Write one request's changes and the state they led to; all of it or nothing."""
        meta = _meta_of(state, world)
        with self._transaction():
            moved = zip(_META_KEYS, meta, self._known, strict=True)
            self._write(_META, [(key, new) for key, new, old in moved if new != old])
            self._write(ORDERS.insert, [to_row(item) for item in changes.orders.values()])
            self._write(ALGOS.insert, [to_row(item) for item in changes.algos.values()])
            self._write(FILLS.insert, [to_row(item) for item in changes.fills])
            self._write(POSTINGS.insert, [to_row(item) for item in changes.postings])
            balances = [(*key, f"{amount:f}") for key, amount in sorted(changes.balances.items())]
            self._write(_BALANCES, balances)
            for name, rows in changes.rows.items():
                if name == "owners":
                    self._write(_OWNERS, list(rows.items()))
                    continue
                table = KEYED[name]
                gone = [key for key, record in rows.items() if record is None]
                self._write(table.delete, [key_row(key) for key in gone])
                kept = [to_row(record) for record in rows.values() if record is not None]
                self._write(table.insert, kept)
        self._known = meta

    def order(
        self,
        owner: str,
        face: Face,
        symbol: str,
        *,
        order_id: int | None = None,
        client_id: str | None = None,
    ) -> SimOrder | None:
        """One order by id or, the newest first, by client id."""
        rows = self._rows(
            "SELECT * FROM orders WHERE owner = ? AND face = ? AND symbol = ?"
            " AND (? IS NULL OR id = ?) AND (? IS NULL OR client_id = ?) ORDER BY id DESC LIMIT 1",
            (owner, face, symbol, order_id, order_id, client_id, client_id),
        )
        return from_row(SimOrder, rows[0]) if rows else None

    def orders(self, owner: str, face: Face, symbol: str, page: Page) -> list[SimOrder]:
        """Orders of one symbol."""
        select = "SELECT * FROM orders WHERE owner = ? AND face = ? AND symbol = ?"
        rows = self._page(select, (owner, face, symbol), "created_ms", page)
        return [from_row(SimOrder, row) for row in rows]

    def forced(self, owner: str, symbol: str | None, page: Page) -> list[SimOrder]:
        """Orders by which the venue closed an account's positions."""
        select = (
            "SELECT * FROM orders WHERE owner = ? AND (? IS NULL OR symbol = ?)"
            " AND (client_id GLOB 'autoclose-*' OR client_id GLOB 'adl_autoclose-*')"
        )
        rows = self._page(select, (owner, symbol, symbol), "created_ms", page)
        return [from_row(SimOrder, row) for row in rows]

    def algo(
        self, owner: str, *, algo_id: int | None = None, client_id: str | None = None
    ) -> AlgoOrder | None:
        """One conditional order by id or, the newest first, by client id."""
        rows = self._rows(
            "SELECT * FROM algos WHERE owner = ? AND (? IS NULL OR id = ?)"
            " AND (? IS NULL OR client_id = ?) ORDER BY id DESC LIMIT 1",
            (owner, algo_id, algo_id, client_id, client_id),
        )
        return from_row(AlgoOrder, rows[0]) if rows else None

    def algos(self, owner: str, symbol: str, page: Page) -> list[AlgoOrder]:
        """Conditional orders of one symbol."""
        select = "SELECT * FROM algos WHERE owner = ? AND symbol = ?"
        rows = self._page(select, (owner, symbol), "created_ms", page)
        return [from_row(AlgoOrder, row) for row in rows]

    def fills(
        self, owner: str, face: Face, symbol: str, page: Page, *, order_id: int | None = None
    ) -> list[SimFill]:
        """Executions of one symbol, of one order if given."""
        select = (
            "SELECT * FROM fills WHERE owner = ? AND face = ? AND symbol = ?"
            " AND (? IS NULL OR order_id = ?)"
        )
        rows = self._page(select, (owner, face, symbol, order_id, order_id), "ts", page)
        return [from_row(SimFill, row) for row in rows]

    def income(
        self, owner: str, face: Face, kinds: Sequence[Kind], symbol: str | None, page: Page
    ) -> list[Posting]:
        """What moved an account's own money for one of the given reasons, as written."""
        select = (
            "SELECT * FROM (SELECT rowid AS id, * FROM postings) WHERE owner = ? AND face = ?"
            " AND account IN ('free', 'isolated')"
            " AND (? IS NULL OR symbol = ?) AND kind IN (SELECT value FROM json_each(?))"
        )
        values = (owner, face, symbol, symbol, json.dumps(list(kinds)))
        return [from_row(Posting, row[1:]) for row in self._page(select, values, "ts", page)]

    def read(self, query: str, values: Sequence[Any] = ()) -> list[Row]:
        """Rows of a question of somebody else's; it must not write."""
        return self._rows(query, values)

    def margin_changes(self, owner: str, symbol: str, page: Page) -> list[Posting]:
        """What went into or out of isolated wallets of one symbol."""
        select = (
            "SELECT * FROM (SELECT rowid AS id, * FROM postings) WHERE owner = ?"
            " AND face = ? AND account = ? AND kind = ? AND symbol = ?"
        )
        values = (owner, Face.FUTURES, Account.ISOLATED, Kind.MARGIN, symbol)
        return [from_row(Posting, row[1:]) for row in self._page(select, values, "ts", page)]

    def check(self) -> list[str]:
        """Balances that are not the sum of their postings; transactions that do not cancel."""
        sums: dict[Row, Decimal] = {}
        cancels: dict[Row, Decimal] = {}
        for number, *key, amount in self._rows(
            'SELECT "transaction", owner, face, account, asset, amount FROM postings'
        ):
            for totals, group in ((sums, tuple(key)), (cancels, (number, key[-1]))):
                totals[group] = totals.get(group, ZERO) + Decimal(amount)
        stored = {row[:4]: Decimal(row[4]) for row in self._rows("SELECT * FROM balances")}
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


_COUNTERS = tuple(item.name for item in fields(Counters))
_META_KEYS = (
    *("seed", "offset_ms", "pace", "paused", "market", "settled_ms"),
    *(f"next_{name}" for name in _COUNTERS),
)
_numbers = attrgetter(*_COUNTERS)


def _meta_of(state: State, world: World) -> Row:
    """The values of the meta table, by `_META_KEYS`."""
    return (
        world.seed,
        world.offset_ms,
        world.pace.thousandths,
        int(world.pace.paused),
        _MARKETS.index(world.market),
        state.settled_ms,
        *_numbers(state.counters),
    )
