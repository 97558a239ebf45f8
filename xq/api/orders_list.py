"""``xq orders``: those of the journal, and those that rest at the venue."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from xq.api.account import moment, newest, reading, symbol_of, trading_only, wallets
from xq.api.venues import trading_venue
from xq.api.workspace import Workspace
from xq.errors import NoData

if TYPE_CHECKING:
    from xq.types import Order, Symbol

FOREIGN = "(not ours)"


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order; ``ts`` is venue time, prices are in quote asset, quantities in base asset.

    Attributes
    ----------
    strategy
        Whose it is: empty for one by hand, `FOREIGN` for one that xq has not sent.
    """

    ts: datetime
    symbol: str
    side: str
    type: str
    quantity: Decimal
    price: Decimal | None
    stop_price: Decimal | None
    reduce_only: bool
    filled: Decimal
    average_price: Decimal | None
    status: str
    strategy: str
    client_id: str
    reason: str


def orders(
    ws: Workspace, *, symbol: str | None = None, limit: int | None = None
) -> tuple[OrderRow, ...]:
    """The journal's orders, newest first.

    Raises
    ------
    NoData
        If nothing has been traded in this mode.
    """
    with reading(ws) as journal:
        found = journal.orders(symbol=symbol_of(symbol))
        return tuple(
            OrderRow(
                moment(order.venue_ms),
                str(order.symbol),
                order.side.value,
                order.type.value,
                order.quantity,
                order.price,
                order.stop_price,
                order.reduce_only,
                order.filled,
                order.average_price,
                order.state.value,
                order.strategy,
                order.client_id,
                order.reason,
            )
            for order in reversed(newest(found, limit))
        )


def open_orders(ws: Workspace, *, symbol: str | None = None) -> tuple[OrderRow, ...]:
    """What rests at the venue now, ours or not.

    Raises
    ------
    VenueError
        If the venue cannot be asked.
    """
    ours = _strategies(ws)
    return tuple(
        OrderRow(
            moment(order.ts),
            str(order.symbol),
            order.side.value,
            order.type.value,
            order.quantity,
            order.price,
            order.stop_price,
            order.reduce_only,
            order.filled,
            order.average_price,
            order.status.value,
            ours.get(order.client_id, FOREIGN),
            order.client_id,
            "",
        )
        for wallet in wallets(ws, symbol)
        for order in _resting(trading_only(ws, wallet), symbol_of(symbol))
    )


def _resting(ws: Workspace, symbol: "Symbol | None") -> "Sequence[Order]":
    with trading_venue(ws, ws.config.trade.mode) as (_, venue):
        return venue.open_orders(symbol)


def _strategies(ws: Workspace) -> dict[str, str]:
    """Whose each of our orders is that something may still happen to."""
    try:
        with reading(ws) as journal:
            return {order.client_id: order.strategy for order in journal.unsettled_orders()}
    except NoData:
        return {}
