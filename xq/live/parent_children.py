"""What became of a parent's children, by the journal and the venue, fed to its progress."""

from contextlib import suppress
from dataclasses import replace

from xq.errors import VenueError
from xq.execution.algos.children import ZERO, ChildRecord
from xq.execution.algos.progress import Progress
from xq.execution.ledger_records import Parent
from xq.execution.orders import OrderState, client_order_id
from xq.execution.records import JournalOrder
from xq.execution.resolve import ONE_LOOK, Patience, collect_fills, resolve
from xq.live.desk import Desk, Terms
from xq.live.reconcile import held
from xq.types import TimeInForce

_ASKING = Patience(waits=(0.05, 0.1, 0.15), total=0.4, settling=0.3)
"""Short: a parent is looked at again soon, and others wait meanwhile."""
_NOTHING_LEFT = "ended before it was sent"


def name_of(terms: Terms, parent: Parent, number: int) -> str:
    """The client id of a child: the same step names the same order after every restart."""
    return client_order_id(
        terms.account, parent.strategy, parent.symbol, parent.parent_id, parent.algo, number
    )


def learnt(parent: Parent, progress: Progress, desk: Desk, terms: Terms) -> Progress:
    """Progress with all that is known now of its children.

    A child that is not in the journal never left: its intent is written there first.

    Raises
    ------
    VenueError
        If the venue cannot tell its time.
    """
    open_ones = [n for n, record in enumerate(progress.children) if not _is_settled(record)]
    if not open_ones:
        return progress
    journal = desk.journal
    orders: dict[int, JournalOrder] = {}
    for number in open_ones:
        name = name_of(terms, parent, number)
        if journal.has_order(name):
            orders[number] = _asked(journal.order(name), desk, terms)
    now_ms = desk.market.now_ms()
    if any(order.filled > progress.children[n].fill_quantity for n, order in orders.items()):
        with suppress(VenueError):  # late fills are read at the next look
            collect_fills(parent.symbol, desk.venue, journal, desk.clock)
    for number in open_ones:
        if number in orders:
            progress = _told(progress, number, orders[number], now_ms, desk)
        elif progress.children[number].state is OrderState.INTENT:
            progress = progress.with_order(number, OrderState.NOT_SENT, ZERO, now_ms, _NOTHING_LEFT)
    return progress


def _is_settled(record: ChildRecord) -> bool:
    """Whether nothing more is to be heard of a child; one that was lost may still turn up."""
    is_final = record.state.is_final and record.state is not OrderState.LOST
    return is_final and record.fill_quantity == record.reported


def _asked(order: JournalOrder, desk: Desk, terms: Terms) -> JournalOrder:
    if order.state.is_final:
        return order
    rests = order.stop_price is not None or order.time_in_force is TimeInForce.GTC
    asking = replace(_ASKING, proof_ms=terms.patience.proof_ms)
    patience = ONE_LOOK if rests and not order.state.is_unclear else asking
    return resolve(order, desk.venue, desk.journal, desk.clock, held(desk), patience)


def _told(
    progress: Progress, number: int, order: JournalOrder, now_ms: int, desk: Desk
) -> Progress:
    record = progress.children[number]
    if (order.state, order.filled) != (record.state, record.reported):
        progress = progress.with_order(number, order.state, order.filled, now_ms, order.reason)
    for fill in desk.journal.books.fills(client_id=order.client_id):
        progress = progress.with_fill(number, fill.fill_id, fill.price, fill.quantity, fill.ts)
    return progress
