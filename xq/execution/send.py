"""The one door to a venue: nothing else may place, change or cancel, and it takes only `Approved`.

The order of the steps is the promise: the intent is on the disk before the first byte leaves, one
request is made, and what is known afterwards is written down. Nothing is ever sent twice here.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
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
from xq.types import OrderRequest, Outcome, OutcomeKind

_STATES = {
    OutcomeKind.REJECTED: OrderState.REJECTED,
    OutcomeKind.NOT_SENT: OrderState.NOT_SENT,
    OutcomeKind.UNKNOWN: OrderState.UNKNOWN,
}
_GOOD_FOR_S = 5.0  # how long what the gate was told stays true enough


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


Due = tuple[Approved, Ticket]
Barred = Callable[[], Sequence[str]]
"""What keeps new exposure out at this very moment, by name: the look between gate and byte."""


def place(
    approved: Approved,
    ticket: Ticket,
    venue: Venue,
    journal: Journal,
    clock: Clock,
    barred: Barred,
) -> JournalOrder:
    """Send one order: see `place_all`."""
    return place_all([(approved, ticket)], venue, journal, clock, barred)[0]


def place_all(
    due: Sequence[Due],
    venue: Venue,
    journal: Journal,
    clock: Clock,
    barred: Barred,
    pool: Executor | None = None,
) -> tuple[JournalOrder, ...]:
    """Write all intents down in one commit, send each once, write down what is known in another.

    Before every byte it is looked once more whether new exposure is kept out; what only reduces
    goes. After a few seconds spent on other orders none is sent any more: what the gate knew is
    old then. With a ``pool`` several are on their way at once.

    Returns
    -------
    tuple of JournalOrder
        Each in state REJECTED, NOT_SENT, UNKNOWN, or as the venue's acceptance says.

    Raises
    ------
    OrderRefused
        If the journal already holds a client id; nothing was sent.
    XqError
        If the gate did not make an approval; nothing was sent.
    StorageFailed
        If the journal cannot be written; before the first send nothing was sent.
    """
    requests = [request_of(approved) for approved, _ in due]
    with journal.together():
        for request, (_, ticket) in zip(requests, due, strict=True):
            journal.intend(_intent(request, ticket, clock.now_ms()))
    latest = clock.monotonic() + _GOOD_FOR_S

    def act(number: int) -> Outcome:
        if clock.monotonic() > latest:
            return _late()
        return _sent(requests[number], due[number][0], venue, barred)

    numbers = range(len(due))
    outcomes = list(map(act, numbers) if pool is None else pool.map(act, numbers))
    with journal.together():
        return tuple(
            _known(request, outcome, journal, clock)
            for request, outcome in zip(requests, outcomes, strict=True)
        )


def _intent(request: OrderRequest, ticket: Ticket, now_ms: int) -> JournalOrder:
    return JournalOrder(
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
        created_ms=now_ms,
        price=request.price,
        stop_price=request.stop_price,
        time_in_force=request.time_in_force,
        parent_id=ticket.parent_id,
        strategy=ticket.strategy,
    )


def _sent(request: OrderRequest, approved: Approved, venue: Venue, barred: Barred) -> Outcome:
    names = () if approved.reducing else barred()
    if names:
        told = ", ".join(names)
        return Outcome(OutcomeKind.NOT_SENT, reason=f"tripped since the gate: {told}")
    return venue.place(request)


def _late() -> Outcome:
    reason = f"the orders before it took more than {_GOOD_FOR_S:g} s"
    return Outcome(OutcomeKind.NOT_SENT, reason=reason)


def _known(request: OrderRequest, outcome: Outcome, journal: Journal, clock: Clock) -> JournalOrder:
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
