"""What became of an order that was sent: its fills, its line in a report, what is wrong with it."""

from contextlib import suppress

from xq.errors import (
    TradingHalted,
    VenueError,
    VenueRefused,
    VenueUnclear,
    VenueUnreachable,
    XqError,
)
from xq.execution import resolve
from xq.execution.orders import OrderState
from xq.execution.records import JournalOrder
from xq.live.desk import Desk
from xq.live.report import OrderLine

_FILL_WAITS = (0.1, 0.3, 1.0)


def read_fills(order: JournalOrder, desk: Desk) -> None:
    """Fills may trail the order's own state by a moment; what is late, the next run reads."""
    for wait in (*_FILL_WAITS, None):
        with suppress(VenueError):
            resolve.collect_fills(order.symbol, desk.venue, desk.journal, desk.clock)
        if resolve.are_complete(order, desk.journal) or wait is None:
            return
        desk.clock.sleep(wait)


def line_of(order: JournalOrder, desk: Desk) -> OrderLine:
    """An order of the journal with its fills."""
    return OrderLine(
        order.client_id,
        order.symbol,
        order.side,
        order.type,
        order.quantity,
        order.reduce_only,
        order.expected_price,
        order.state.value,
        order.filled,
        order.average_price,
        desk.journal.books.fills(client_id=order.client_id),
        order.reason,
    )


def problem_of(line: OrderLine) -> XqError | None:
    """What is wrong with how an order ended, or None."""
    where = f"{line.side} {line.quantity} {line.symbol}, client id {line.client_id}"
    if line.state == OrderState.REJECTED:
        return VenueRefused(f"the venue rejected the order: {line.reason}", where=where)
    if line.state == OrderState.NOT_SENT:
        return VenueUnreachable(f"the order was not sent: {line.reason}", where=where)
    if line.state == OrderState.LOST:
        return VenueUnclear(f"the order never arrived: {line.reason}", where=where)
    if line.state in (OrderState.UNKNOWN, OrderState.INTENT):
        return TradingHalted(
            f"what became of the order is unknown: {line.reason}",
            where=where,
            hint="xq trade --once asks again; until it is known the symbol is not entered",
        )
    return None
