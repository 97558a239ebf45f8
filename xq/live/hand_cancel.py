"""Cancels by hand: plain and conditional orders, ours or not, each found out about."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from xq.errors import TradingHalted, UnknownName, UsageError, XqError
from xq.execution import resolve, send
from xq.execution.records import JournalOrder
from xq.live.desk import Desk
from xq.live.legs import PROTECTIVE
from xq.live.order_lines import read_fills
from xq.live.reconcile import held
from xq.live.reducing import SOON
from xq.risk.case import cancel_problem
from xq.risk.gate import check_cancel
from xq.types import Order, OrderStatus, Symbol


@dataclass(frozen=True, slots=True)
class Canceled:
    """An order that was to be canceled.

    Attributes
    ----------
    status
        As the venue tells it afterwards.
    problem
        Why it is not certain that nothing more fills, or None.
    """

    symbol: Symbol
    client_id: str
    side: str
    type: str
    quantity: Decimal
    filled: Decimal
    status: str
    problem: XqError | None = None


def cancel_one(symbol: Symbol, client_id: str, desk: Desk) -> Canceled:
    """Cancel an order that rests.

    Raises
    ------
    UnknownName
        If the venue does not know it.
    UsageError
        If nothing can be canceled any more; nothing was sent.
    """
    seen = _ask(symbol, client_id, desk)
    if seen is None:
        raise UnknownName(
            f"{desk.venue.name} knows no order {client_id} of {symbol}", hint="xq orders --open"
        )
    if seen.status.is_final:
        raise UsageError(
            f"order {client_id} is {seen.status.value}, {seen.filled:f} of {seen.quantity:f} "
            f"{symbol.base} filled: nothing is left to cancel",
            where=str(symbol),
            hint=f"xq order show {client_id}",
        )
    return take_away(seen, desk)


def take_away(order: Order, desk: Desk) -> Canceled:
    """Cancel what rests and ask until it is over."""
    problem = cancel_problem(order.client_id)
    if problem:
        halted = TradingHalted(f"order {order.venue_id} cannot be canceled by name: {problem}")
        return _row(order, halted)
    outcome = send.cancel(check_cancel(order.symbol, order.client_id), desk.venue)
    if desk.journal.has_order(order.client_id):
        order = _over(desk.journal.order(order.client_id), order, desk)
    else:
        order = _ask(order.symbol, order.client_id, desk) or order
    if order.status.is_final:
        return _row(order, None)
    reason = f": {outcome.reason}" if outcome.reason else ""
    return _row(
        order,
        TradingHalted(
            f"order {order.client_id} is still {order.status.value} after its cancel was "
            f"{outcome.kind.value}{reason}",
            where=str(order.symbol),
            hint=f"xq order cancel {order.client_id}",
        ),
    )


def _over(known: JournalOrder, order: Order, desk: Desk) -> Order:
    """Ask until the journal has the order's end; fills that came in between count."""
    patience = replace(SOON, settling=SOON.total)
    ended = resolve.resolve(known, desk.venue, desk.journal, desk.clock, held(desk), patience)
    if ended.filled:
        read_fills(ended, desk)
    if ended.state.value not in set(OrderStatus):
        return order
    return replace(order, status=OrderStatus(ended.state.value), filled=ended.filled)


def _ask(symbol: Symbol, client_id: str, desk: Desk) -> Order | None:
    """The venue's word on an order; ours is brought up to it."""
    seen = desk.venue.order_by_client_id(symbol, client_id)
    if seen is not None and desk.journal.has_order(client_id):
        desk.journal.observe(client_id, seen, desk.clock.now_ms())
    return seen


def resting(symbol: Symbol | None, desk: Desk) -> tuple[list[Order], list[Order]]:
    """What rests at the venue, and apart from it the exits that guard a position."""
    orders = desk.venue.open_orders(symbol)
    guarded = {p.symbol for p in desk.venue.account().positions if p.quantity}
    exits = [order for order in orders if order.symbol in guarded and is_exit(order, desk)]
    return [order for order in orders if order not in exits], exits


def is_exit(order: Order, desk: Desk) -> bool:
    """Whether an order is an exit that a strategy declared."""
    ours = desk.journal.has_order(order.client_id)
    return ours and desk.journal.order(order.client_id).leg in PROTECTIVE


def cancel_all(orders: Sequence[Order], desk: Desk) -> tuple[Canceled, ...]:
    """Cancel one after the other; one that fails stops none."""
    return tuple(take_away(order, desk) for order in orders)


def _row(order: Order, problem: XqError | None) -> Canceled:
    return Canceled(
        order.symbol,
        order.client_id,
        order.side.value,
        order.type.value,
        order.quantity,
        order.filled,
        order.status.value,
        problem,
    )
