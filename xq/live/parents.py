"""Parent orders of the journal, worked one step at a time; a kill between any two loses nothing.

ask what became of the children → step → write the state down → gate → send → write down
"""

from dataclasses import dataclass, replace
from functools import partial

from xq.errors import OrderRefused
from xq.execution import send
from xq.execution.algos.children import Cancel, Child, Place
from xq.execution.algos.codec import read, to_json
from xq.execution.algos.plan import Plan
from xq.execution.algos.progress import Progress
from xq.execution.algos.step import MOST_LAST_ORDERS, step
from xq.execution.journal import Journal
from xq.execution.ledger_records import Parent, ParentStatus
from xq.execution.orders import OrderState
from xq.live import parent_children
from xq.live.decide import ensure_leverage
from xq.live.desk import Desk, Terms
from xq.live.parent_end import measured, wind_up
from xq.live.parent_gate import Surroundings, approve, ticket_of
from xq.live.parent_market import DEPTH, view_of
from xq.live.reconcile import check_books
from xq.live.tripped import barring
from xq.risk.gate import check_cancel
from xq.types import OrderRequest

_STOP = "stop_parent:"


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look at a parent did.

    Attributes
    ----------
    now_ms
        Venue time of it.
    traded
        Whether a child was filled.
    """

    parent: Parent
    plan: Plan
    progress: Progress
    now_ms: int
    traded: bool = False
    notes: tuple[str, ...] = ()


def new_parent(plan: Plan, strategy: str, now_ms: int) -> Parent:
    """A plan as the journal keeps it, nothing done yet; of no strategy when asked for by hand."""
    return Parent(
        plan.parent_id,
        plan.instrument.symbol,
        strategy,
        plan.how.kind,
        plan.side,
        plan.quantity,
        to_json(plan),
        to_json(Progress()),
        ParentStatus.WORKING,
        now_ms,
        now_ms,
    )


def ask_to_stop(parent_id: str, reason: str, journal: Journal) -> None:
    """Let whoever works a parent end it: what rests is cancelled, nothing more is sent.

    It is written beside the parent's state, which only that one may write.
    """
    journal.books.set_note(f"{_STOP}{parent_id}", reason)


def asked_to_stop(parent_id: str, journal: Journal) -> str:
    """Why a parent shall end; empty while it shall not."""
    return journal.books.note(f"{_STOP}{parent_id}") or ""


def work(parent: Parent, desk: Desk, terms: Terms) -> Looked:
    """Learn what became of a parent's children, and take its next step.

    Parameters
    ----------
    terms
        Those of the parent: its symbol alone, its strategy.

    Raises
    ------
    VenueError
        If the venue cannot be asked; nothing was sent, and the next look goes on from here.
    StorageFailed, CorruptFile
        If the journal refuses, or holds a state that cannot be read.
    """
    return _Look(parent, read(Plan, parent.plan), desk, terms).taken()


@dataclass(frozen=True, slots=True)
class _Look:
    parent: Parent
    plan: Plan
    desk: Desk
    terms: Terms

    def taken(self) -> Looked:
        before = read(Progress, self.parent.progress)
        progress = self._learnt(before)
        reason = asked_to_stop(self.parent.parent_id, self.desk.journal)
        progress = progress.stopped(reason) if reason else progress
        now_ms = self.desk.market.now_ms()
        seen = None if progress.is_frozen else self._seen(now_ms)
        view = None if seen is None else seen.view
        made = step(self.plan, progress, view, now_ms)
        parent, notes = self._kept(self.parent, before, made.progress, now_ms)
        after = made.progress
        for action in made.actions:
            if isinstance(action, Cancel):
                send.cancel(check_cancel(parent.symbol, self._name(action.number)), self.desk.venue)
            elif seen is not None:
                after, said = self._placed(action, after, seen)
                notes += said
        if made.actions:
            after = self._learnt(after)
            parent, said = self._kept(parent, made.progress, after, now_ms)
            notes += said
        traded = after.filled > before.filled
        return Looked(parent, self.plan, after, now_ms, traded, tuple(notes))

    def _name(self, number: int) -> str:
        return parent_children.name_of(self.terms, self.parent, number)

    def _learnt(self, progress: Progress) -> Progress:
        return parent_children.learnt(self.parent, progress, self.desk, self.terms)

    def _seen(self, now_ms: int) -> Surroundings | None:
        desk, symbol = self.desk, self.parent.symbol
        book = desk.market.book(symbol, DEPTH)
        account = desk.venue.account()
        if desk.journal.books.opening(symbol) is None:
            check_books(symbol, desk, account)
        view = view_of(symbol, self.plan.start_ms, now_ms, book, account, desk)
        return None if view is None else Surroundings(view, book, account)

    def _placed(
        self, action: Place, progress: Progress, seen: Surroundings
    ) -> tuple[Progress, list[str]]:
        """Send a child once; one that the gate refuses is not sent, and tried again later."""
        desk, parent, number = self.desk, self.parent, action.number
        request = _request(action.child, self._name(number), self.parent)
        leg = f"{parent.algo}-{number}"
        try:
            if not request.reduce_only:
                ensure_leverage(parent.symbol, desk, self.terms)
            approved, _ = approve(request, seen, desk, self.terms)
        except OrderRefused as refusal:
            refused = progress.with_order(
                number, OrderState.NOT_SENT, progress.children[number].filled, seen.view.ts,
                refusal.message,
            )  # fmt: skip
            if self._is_given_up(refused, seen.view.ts):
                text = f"time is over, and the gate refuses the rest: {refusal.message}"
                refused = refused.stopped(text)
            return refused, [f"{parent.parent_id}: not sent: {refusal.message}"]
        ticket = ticket_of(request, leg, parent.parent_id, seen, self.terms)
        order = send.place(
            approved, ticket, desk.venue, desk.journal, desk.clock, barring(desk, self.terms)
        )
        failed = order.state in (OrderState.REJECTED, OrderState.UNKNOWN, OrderState.NOT_SENT)
        said = f"{parent.parent_id}: order {order.client_id} is {order.state}: {order.reason}"
        return progress, [said] if failed else []

    def _is_given_up(self, progress: Progress, now_ms: int) -> bool:
        """Whether the gate has refused the rest often enough since time was over.

        A network that is down uses up nothing, and a way out is tried for ever.
        """
        end_ms, journal = self.plan.end_ms, self.desk.journal
        if end_ms is None or now_ms < end_ms or self.plan.reduce_only:
            return False
        refused = [
            number
            for number, record in enumerate(progress.children)
            if record.has_failed
            and record.placed_ms >= end_ms
            and not journal.has_order(self._name(number))
        ]
        return len(refused) >= MOST_LAST_ORDERS

    def _kept(
        self, parent: Parent, before: Progress, after: Progress, now_ms: int
    ) -> tuple[Parent, list[str]]:
        """Write the state down if it says anything new; what trades meanwhile alone does not.

        An end is written together with all that follows from it.
        """
        status, reason = _standing(after)
        is_same = replace(after, observed=before.observed) == before
        if is_same and (status, reason) == (parent.status, parent.reason):
            return parent, []
        desk, text = self.desk, to_json(after)
        advance = partial(
            desk.journal.parents.advance, parent.parent_id, text, desk.clock.now_ms(),
            status=status, reason=reason,
        )  # fmt: skip
        if status is not ParentStatus.ENDED:
            return advance(), []
        told = measured(parent, self.plan, after, now_ms, desk)
        with desk.journal.together():
            parent = advance()
            return parent, [wind_up(parent, self.plan, after, told, now_ms, desk)]


def _request(child: Child, name: str, parent: Parent) -> OrderRequest:
    """The order of a child; on spot nothing is called reduce-only, the gate sees to it."""
    return OrderRequest(
        parent.symbol,
        child.side,
        child.type,
        child.quantity,
        name,
        price=child.price,
        stop_price=child.stop_price,
        time_in_force=child.time_in_force,
        reduce_only=child.reduce_only and parent.symbol.is_contract,
    )


def _standing(progress: Progress) -> tuple[ParentStatus, str]:
    if progress.ended and not progress.live:
        return ParentStatus.ENDED, progress.ended
    if progress.is_frozen:
        return ParentStatus.FROZEN, "what became of an order is not known yet"
    failures = progress.failures
    return ParentStatus.WORKING, failures[0].reason if failures else progress.stop
