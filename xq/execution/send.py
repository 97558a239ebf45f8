"""The one door to a venue: nothing else may place, change or cancel, and it takes only `Approved`.

The order of the steps is the promise: the intent is on the disk before the first byte leaves, one
request is made, and what is known afterwards is written down. Nothing is ever sent twice here.
"""

from dataclasses import dataclass
from decimal import Decimal

from xq.execution.journal import Journal
from xq.execution.orders import OrderState
from xq.execution.records import JournalOrder
from xq.frozen import quick
from xq.ports import Clock, Venue
from xq.risk.gate import (
    Approved,
    ApprovedCancel,
    ApprovedReplace,
    cancel_of,
    replace_of,
    request_of,
)
from xq.types import Outcome, OutcomeKind

_STATES = {
    OutcomeKind.REJECTED: OrderState.REJECTED,
    OutcomeKind.NOT_SENT: OrderState.NOT_SENT,
    OutcomeKind.UNKNOWN: OrderState.UNKNOWN,
}


@quick
@dataclass(frozen=True, slots=True)
class Ticket:
    """Why an order is sent and into what: see `JournalOrder` for the fields."""

    decision_id: int | None
    leg: str
    expected_price: Decimal
    position_before: Decimal
    venue_ms: int
    strategy: str = ""
    parent_id: str | None = None


def place(
    approved: Approved, ticket: Ticket, venue: Venue, journal: Journal, clock: Clock
) -> JournalOrder:
    """Write the intent down, send once, write down what is known.

    Returns
    -------
    JournalOrder
        In state REJECTED, NOT_SENT, UNKNOWN, or as the venue's acceptance says.

    Raises
    ------
    OrderRefused
        If the journal already holds that client id; nothing was sent.
    XqError
        If the gate did not make the approval; nothing was sent.
    StorageFailed
        If the journal cannot be written; before the send nothing was sent.
    """
    request = request_of(approved)
    intent = JournalOrder(
        client_id=request.client_id,
        decision_id=ticket.decision_id,
        symbol=request.symbol,
        leg=ticket.leg,
        side=request.side,
        type=request.type,
        quantity=request.quantity,
        reduce_only=request.reduce_only,
        expected_price=ticket.expected_price,
        position_before=ticket.position_before,
        state=OrderState.INTENT,
        venue_ms=ticket.venue_ms,
        created_ms=clock.now_ms(),
        price=request.price,
        stop_price=request.stop_price,
        time_in_force=request.time_in_force,
        parent_id=ticket.parent_id,
        strategy=ticket.strategy,
    )
    journal.intend(intent)
    outcome = venue.place(request)
    if outcome.kind is OutcomeKind.ACCEPTED and outcome.order is not None:
        return journal.observe(request.client_id, outcome.order, clock.now_ms())
    state = _STATES.get(outcome.kind, OrderState.UNKNOWN)
    return journal.move(
        request.client_id,
        state,
        clock.now_ms(),
        reason=outcome.reason or "the venue gave no reason",
        code=outcome.code or "",
    )


def cancel(approved: ApprovedCancel, venue: Venue) -> Outcome:
    """Cancel once; what became of the order is found out by asking, not from this answer."""
    symbol, client_id = cancel_of(approved)
    return venue.cancel(symbol, client_id)


def replace(
    approved: ApprovedReplace, venue: Venue, journal: Journal, clock: Clock
) -> tuple[JournalOrder, Outcome]:
    """Write down what a resting order is to become, ask once, write down what it is.

    Whatever the answer, the order's own state is found out by asking. Until the venue has told, the
    journal holds the larger of both quantities: what may fill at most.

    Raises
    ------
    XqError
        If the gate did not make the approval; nothing was sent.
    StorageFailed
        If the journal cannot be written; before the request nothing was sent.
    """
    order, request = replace_of(approved)
    known = journal.order(request.client_id)
    most = max(known.quantity, request.quantity)
    journal.amend(request.client_id, request.price, most, clock.now_ms(), "to be changed")
    outcome = venue.replace(order, price=request.price, quantity=request.quantity)
    if outcome.kind in (OutcomeKind.REJECTED, OutcomeKind.NOT_SENT):
        why = f"not changed: {outcome.reason}"
        kept = journal.amend(request.client_id, known.price, known.quantity, clock.now_ms(), why)
        return kept, outcome
    if outcome.kind is OutcomeKind.ACCEPTED:
        journal.amend(request.client_id, request.price, request.quantity, clock.now_ms(), "changed")
    if outcome.order is not None:
        journal.observe(request.client_id, outcome.order, clock.now_ms())
    return journal.order(request.client_id), outcome
