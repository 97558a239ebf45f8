"""Histories of one account as Bybit lists them: newest first, page by page."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from xq.sim.algos import AlgoOrder, AlgoStatus
from xq.sim.exact import ZERO
from xq.sim.ledger import Ledger
from xq.sim.ledger_rows import from_row
from xq.sim.records import Account, Kind, Posting, SimFill, SimOrder
from xq.sim.wire.bybit.asks import FACE
from xq.sim.wire.bybit.cursors import Place
from xq.sim.wire.bybit.ids import Sort
from xq.types import OrderStatus

_OWN = (Account.FREE.value, Account.ISOLATED.value)
_FINAL = (OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.REJECTED)
_UNSENT = (AlgoStatus.CANCELED, AlgoStatus.REJECTED, AlgoStatus.EXPIRED)


@dataclass(frozen=True, slots=True)
class Slice:
    """Which part of a history.

    Attributes
    ----------
    before
        Time and id: only what is older, or as old with a smaller id.
    """

    symbol: str | None = None
    start_ms: int | None = None
    end_ms: int | None = None
    before: tuple[int, int] | None = None
    limit: int = 50

    def older_than(self, place: Place | None, sort: Sort) -> "Slice":
        """The part of it that comes after a page that ended at a place."""
        return self if place is None else replace(self, before=place.before(sort))


def closed_orders(
    ledger: Ledger, owner: str, part: Slice, statuses: Sequence[OrderStatus] | None = None
) -> list[SimOrder]:
    """Orders that are final, of some statuses if given."""
    wanted = _list(_FINAL if statuses is None else statuses)
    fixed = [("face = ?", FACE), ("status IN (SELECT value FROM json_each(?))", wanted)]
    rows = _newest(ledger, "orders", "created_ms", owner, part, fixed)
    return [from_row(SimOrder, row) for row in rows]


def unsent_algos(ledger: Ledger, owner: str, part: Slice) -> list[AlgoOrder]:
    """Conditional orders that ended without sending an order."""
    fixed = [("status IN (SELECT value FROM json_each(?))", _list(_UNSENT))]
    rows = _newest(ledger, "algos", "created_ms", owner, part, fixed)
    return [from_row(AlgoOrder, row) for row in rows]


def fills(ledger: Ledger, owner: str, part: Slice, order_id: int | None = None) -> list[SimFill]:
    """Executions, of one order if given."""
    fixed: list[tuple[str, Any]] = [("face = ?", FACE), ("order_id = ?", order_id)]
    rows = _newest(ledger, "fills", "ts", owner, part, fixed)
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
    clock: str,
    owner: str,
    part: Slice,
    fixed: Sequence[tuple[str, Any]],
) -> list[tuple[Any, ...]]:
    """The newest rows of a slice; ``clock`` is the column of their time, and ids grow with it."""
    conditions = [
        ("owner = ?", owner),
        *fixed,
        ("symbol = ?", part.symbol),
        (f"{clock} >= ?", part.start_ms),
        (f"{clock} <= ?", part.end_ms),
    ]
    asked = [(text, value) for text, value in conditions if value is not None]
    where, values = " AND ".join(text for text, _ in asked), [value for _, value in asked]
    if part.before is not None:
        where += f" AND ({clock}, id) < (?, ?)"
        values += part.before
    query = f"SELECT * FROM {table} WHERE {where} ORDER BY id DESC LIMIT ?"  # noqa: S608 - ours
    return ledger.read(query, (*values, part.limit))


def _list(values: Sequence[Any]) -> str:
    return json.dumps(list(values))
