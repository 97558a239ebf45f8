"""Histories of one account as Bybit lists them: newest first, page by page."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from xq.sim.exact import ZERO
from xq.sim.ledger import Ledger
from xq.sim.ledger_rows import from_row
from xq.sim.records import Account, Kind, Posting, SimFill, SimOrder
from xq.sim.wire.bybit.asks import FACE

_OWN = (Account.FREE.value, Account.ISOLATED.value)
_OPEN = ("new", "partially_filled")


@dataclass(frozen=True, slots=True)
class Slice:
    """Which part of a history; ids count down from ``below``."""

    symbol: str | None = None
    start_ms: int | None = None
    end_ms: int | None = None
    below: int | None = None
    limit: int = 50


def closed_orders(ledger: Ledger, owner: str, part: Slice) -> list[SimOrder]:
    """Orders that are final."""
    closed = "status NOT IN (SELECT value FROM json_each(?))"
    fixed: list[tuple[str, Any]] = [(closed, _list(_OPEN))]
    rows = _newest(ledger, "orders", owner, part, fixed, "created_ms")
    return [from_row(SimOrder, row) for row in rows]


def fills(ledger: Ledger, owner: str, part: Slice, order_id: int | None = None) -> list[SimFill]:
    """Executions, of one order if given."""
    fixed: list[tuple[str, Any]] = [] if order_id is None else [("order_id = ?", order_id)]
    rows = _newest(ledger, "fills", owner, part, fixed, "ts")
    return [from_row(SimFill, row) for row in rows]


def every_fill(ledger: Ledger, owner: str, symbol: str) -> list[SimFill]:
    """All executions of one symbol, oldest first."""
    query = "SELECT * FROM fills WHERE owner = ? AND face = ? AND symbol = ? ORDER BY id"
    return [from_row(SimFill, row) for row in ledger.read(query, (owner, FACE, symbol))]


def order_of(
    ledger: Ledger, owner: str, *, order_id: int | None = None, client_id: str | None = None
) -> SimOrder | None:
    """One order by id or, the newest first, by client id; whatever its symbol."""
    query = (
        "SELECT * FROM orders WHERE owner = ? AND face = ? AND (? IS NULL OR id = ?)"
        " AND (? IS NULL OR client_id = ?) ORDER BY id DESC LIMIT 1"
    )
    rows = ledger.read(query, (owner, FACE, order_id, order_id, client_id, client_id))
    return from_row(SimOrder, rows[0]) if rows else None


def orders_of(ledger: Ledger, numbers: Sequence[int]) -> dict[int, SimOrder]:
    """Orders by id."""
    query = "SELECT * FROM orders WHERE id IN (SELECT value FROM json_each(?))"
    return {row[0]: from_row(SimOrder, row) for row in ledger.read(query, (_list(numbers),))}


def fee_of(ledger: Ledger, order_id: int) -> Decimal:
    """What the executions of an order have cost so far."""
    rows = ledger.read("SELECT fee FROM fills WHERE order_id = ?", (order_id,))
    return sum((Decimal(fee) for (fee,) in rows), ZERO)


def money(ledger: Ledger, owner: str, since_ms: int) -> list[tuple[int, Posting]]:
    """What moved an account's own money since a time, with its numbers, newest first."""
    query = (
        "SELECT rowid, * FROM postings WHERE owner = ? AND face = ? AND ts >= ?"
        " AND account IN (SELECT value FROM json_each(?)) AND kind <> ? ORDER BY rowid DESC"
    )
    values = (owner, FACE, since_ms, _list(_OWN), Kind.MARGIN)
    return [(row[0], from_row(Posting, row[1:])) for row in ledger.read(query, values)]


def _newest(
    ledger: Ledger,
    table: str,
    owner: str,
    part: Slice,
    fixed: list[tuple[str, Any]],
    time_column: str,
) -> list[tuple[Any, ...]]:
    conditions = [
        ("owner = ?", owner),
        ("face = ?", FACE),
        *fixed,
        ("symbol = ?", part.symbol),
        (f"{time_column} >= ?", part.start_ms),
        (f"{time_column} <= ?", part.end_ms),
        ("id < ?", part.below),
    ]
    asked = [(text, value) for text, value in conditions if value is not None]
    where = " AND ".join(text for text, _ in asked)
    query = f"SELECT * FROM {table} WHERE {where} ORDER BY id DESC LIMIT ?"  # noqa: S608 - ours
    return ledger.read(query, (*(value for _, value in asked), part.limit))


def _list(values: Sequence[Any]) -> str:
    return json.dumps(list(values))
