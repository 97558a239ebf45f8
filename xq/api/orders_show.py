"""``xq order show``: one order by the journal and by the venue, side by side."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from xq.api.account import moment, reading, trading_only
from xq.api.orders_change import order_named
from xq.api.venues import trading_venue
from xq.api.workspace import Workspace
from xq.errors import VenueError

if TYPE_CHECKING:
    from xq.execution.records import JournalOrder
    from xq.types import Order

_COMPARED = ("status", "quantity", "filled", "price", "stop_price", "average_price")
_HAND = "by hand"


@dataclass(frozen=True, slots=True)
class MoveRow:
    """A change of an order's state, by our clock."""

    at: datetime
    before: str
    after: str
    why: str


@dataclass(frozen=True, slots=True)
class OrderSheet:
    """One order.

    Attributes
    ----------
    journal, venue
        The same facts from both; no venue's where it does not know the order or does not answer.
    differs
        Names of facts that both tell, each another.
    """

    client_id: str
    symbol: str
    whose: str
    leg: str
    side: str
    type: str
    reduce_only: bool
    sent: datetime
    journal: dict[str, Any]
    venue: dict[str, Any] | None
    differs: tuple[str, ...]
    fees: dict[str, Decimal]
    moves: tuple[MoveRow, ...]
    reason: str
    note: str = ""


def show(ws: Workspace, name: str) -> OrderSheet:
    """Look one order up; sends nothing.

    Raises
    ------
    UnknownName
        If the journal has no order of that client id.
    """
    name, symbol = order_named(ws, name)
    with reading(ws) as journal:
        known = journal.order(name)
        moves = journal.moves(name)
        fills = journal.books.fills(client_id=name)
    fees: dict[str, Decimal] = {}
    for fill in fills:
        fees[fill.fee_asset] = fees.get(fill.fee_asset, Decimal(0)) + fill.fee
    note, seen = "", None
    try:
        with trading_venue(trading_only(ws, (symbol,)), ws.config.trade.mode) as (_, venue):
            seen = venue.order_by_client_id(symbol, name)
        note = "" if seen else f"{venue.name} knows no such order"
    except VenueError as error:
        note = f"the venue was not asked: {error.message}"
    ours = _facts(known, known.state.value)
    theirs = None if seen is None else _facts(seen, seen.status.value)
    return OrderSheet(
        name,
        str(symbol),
        known.strategy or _HAND,
        known.leg,
        known.side.value,
        known.type.value,
        known.reduce_only,
        moment(known.venue_ms),
        ours,
        theirs,
        () if theirs is None else tuple(_different(ours, theirs)),
        fees,
        tuple(MoveRow(moment(at), a.value, b.value, why) for a, b, at, why in moves),
        known.reason,
        note,
    )


def _facts(order: "JournalOrder | Order", status: str) -> dict[str, Any]:
    return {
        "status": status,
        "venue_id": order.venue_id,
        "quantity": order.quantity,
        "filled": order.filled,
        "price": order.price,
        "stop_price": order.stop_price,
        "average_price": order.average_price,
    }


def _different(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """What both tell, differently: a venue may leave out a price that its order has not."""
    return [
        name
        for name in _COMPARED
        if None not in (ours[name], theirs[name]) and ours[name] != theirs[name]
    ]
