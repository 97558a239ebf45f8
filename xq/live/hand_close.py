"""Closing by hand: no entry left that could open it anew, then flat, then no exit left over."""

from dataclasses import dataclass
from decimal import Decimal

from xq.errors import TradingHalted, UsageError, XqError
from xq.execution.records import JournalOrder
from xq.live import by_hand
from xq.live.desk import Desk, Terms, instrument_of
from xq.live.guard import may_add
from xq.live.hand import read_back
from xq.live.hand_cancel import Canceled, cancel_all
from xq.live.hand_scene import settle
from xq.live.legs import HAND_CLOSE
from xq.live.order_lines import line_of
from xq.live.parent_stop import end_on
from xq.live.plan import to_lot
from xq.live.reconcile import check_books, position_of
from xq.live.reducing import close_out
from xq.live.report import OrderLine
from xq.types import Account, Order, Symbol

_ATTEMPTS = 3
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Closed:
    """What was closed, with which orders, and what was canceled for it.

    Attributes
    ----------
    before, after
        Signed quantity that was to be closed, and what is left of it.
    """

    symbol: Symbol
    before: Decimal
    after: Decimal
    orders: tuple[OrderLine, ...] = ()
    canceled: tuple[Canceled, ...] = ()
    notes: tuple[str, ...] = ()
    problem: XqError | None = None


def close(symbol: Symbol, desk: Desk, terms: Terms) -> Closed:
    """Close a position at market and leave no order, and no parent, that could open it again.

    On contracts exits rest until the position is gone. On spot, where resting sales lock what is
    to be sold, they are canceled first.

    Raises
    ------
    UsageError
        If nothing is held; what rests is left alone.
    VenueError, StorageFailed
        If venue or journal cannot be asked.
    """
    instrument = instrument_of(symbol, desk)
    settle(symbol, desk)
    account = desk.venue.account()
    notes = check_books(symbol, desk, account)
    before = closable(symbol, account, desk)
    if abs(before) < instrument.lot:
        raise UsageError(f"nothing of {symbol} is held that could be closed", hint="xq positions")
    by_hand.expect(symbol, desk.journal)
    ended = end_on(symbol, "the position is closed by hand", desk, terms)
    if ended:  # what they filled last is closed too
        account = desk.venue.account()
        notes = [*notes, *ended, *check_books(symbol, desk, account)]
        before = closable(symbol, account, desk)
    entries, exits = _resting(symbol, desk)
    first = entries if symbol.is_contract else entries + exits
    canceled = cancel_all(first, desk)
    lines, left = _flatten(symbol, before, desk, terms)
    flat = abs(left) < max(instrument.lot, instrument.min_quantity)
    if flat and symbol.is_contract:
        canceled += cancel_all(_resting(symbol, desk)[1], desk)
    read_back(symbol, desk)
    notes += _strangers(symbol, desk)
    problem = next((row.problem for row in canceled if row.problem), None)
    if not flat:
        problem = TradingHalted(
            f"{left:f} of {before:f} {symbol.base} is still held; its exits rest",
            where=str(symbol),
            hint=f"xq close {symbol}",
        )
    told = tuple(line_of(order, desk) for order in lines)
    return Closed(symbol, before, left, told, canceled, tuple(notes), problem)


def closable(symbol: Symbol, account: Account, desk: Desk) -> Decimal:
    """Signed quantity that closing is about: the position, or on spot what our orders bought.

    On spot never more than the account holds: what was there before, or came otherwise, stays.
    """
    at_venue = position_of(symbol, account)
    if symbol.is_contract:
        return at_venue
    ours = _ZERO
    for fill in desk.journal.books.fills(symbol=symbol):
        if fill.client_id is not None:
            ours += fill.side.sign * fill.quantity
            ours -= fill.fee if fill.fee_asset == symbol.base else _ZERO
        ours = max(ours, _ZERO)
    lot = desk.market.instruments()[symbol].lot
    return to_lot(max(min(ours, at_venue), _ZERO), lot)


def _resting(symbol: Symbol, desk: Desk) -> tuple[list[Order], list[Order]]:
    """What rests of ours that may add, and whatever rests that only reduces."""
    orders = desk.venue.open_orders(symbol)
    adding = [o for o in orders if may_add(o) and desk.journal.has_order(o.client_id)]
    return adding, [order for order in orders if not may_add(order)]


def _strangers(symbol: Symbol, desk: Desk) -> list[str]:
    return [
        f"{symbol}: order {order.client_id or order.venue_id} is not ours, may add, and still rests"
        for order in desk.venue.open_orders(symbol)
        if may_add(order) and not desk.journal.has_order(order.client_id)
    ]


def _flatten(
    symbol: Symbol, quantity: Decimal, desk: Desk, terms: Terms
) -> tuple[list[JournalOrder], Decimal]:
    """Market orders until nothing is left; a new one only once the last one's end is known."""
    orders: list[JournalOrder] = []
    for _ in range(_ATTEMPTS):
        account = desk.venue.account()
        price = next((p.mark_price for p in account.positions if p.symbol == symbol), _ZERO)
        order = close_out(symbol, quantity, price, HAND_CLOSE, desk, terms)
        if order is None:
            break
        orders.append(order)
        account = desk.venue.account()
        check_books(symbol, desk, account)
        quantity = closable(symbol, account, desk)
        if not order.state.is_final or not order.filled:
            break
    return orders, quantity
