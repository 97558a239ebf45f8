"""Parent orders of a decision: its legs one after another until the next bar, then no longer."""

from dataclasses import replace

from xq.execution.algos.plan import Deadline, Plan
from xq.execution.ledger_records import Parent, ParentStatus
from xq.execution.orders import client_order_id
from xq.live.desk import Desk, Terms
from xq.live.parent_hows import Job, how_of
from xq.live.parents import ask_to_stop, new_parent, work
from xq.live.session import Session
from xq.live.turn import Turn
from xq.types import Symbol

_LOOKS = 4
_PAUSE = 0.2
_NEW_BAR = "a new bar is decided"


def parents_of(session: Session, turn: Turn) -> tuple[Parent, ...]:
    """One parent a leg, each in its part of the time; what a part's end finds undone crosses then.

    Their names follow from the decision: taken twice it cannot make them twice.
    """
    desk, terms, decision = session.desk, session.terms, session.decision
    manner = terms.manners[turn.signal.symbol]
    now_ms, found = desk.market.now_ms(), []
    part_ms = manner.over_ms // len(turn.legs)
    for number, leg in enumerate(turn.legs):
        job = Job(
            turn.instrument,
            leg.quantity,
            now_ms + number * part_ms,
            now_ms + (number + 1) * part_ms,
        )
        name = client_order_id(
            terms.account, terms.strategy, turn.signal.symbol, decision.key.bar, leg.name,
            decision.attempt,
        )  # fmt: skip
        plan = Plan(
            f"{manner.kind.replace('_', '-')}-{name[3:11]}",
            leg.side,
            leg.quantity,
            turn.instrument,
            how_of(manner, job, turn.book, desk),
            job.start_ms,
            job.end_ms,
            Deadline.MARKET,
            reduce_only=leg.reduce_only,
            seed=int.from_bytes(name[3:7].encode()),
        )
        found.append(new_parent(plan, terms.strategy, desk.clock.now_ms()))
    return tuple(found)


def retire(desk: Desk, terms: Terms) -> dict[Symbol, str]:
    """End what an earlier bar's decision still works; symbols of which that is not certain yet.

    Raises
    ------
    VenueError
        If the venue cannot be asked.
    """
    left = {}
    for parent in desk.journal.parents.unfinished():
        if parent.strategy != terms.strategy or parent.symbol not in terms.symbols:
            continue
        ask_to_stop(parent.parent_id, _NEW_BAR, desk.journal)
        own = replace(terms, symbols=(parent.symbol,))
        for _ in range(_LOOKS):
            parent = work(parent, desk, own).parent
            if parent.status is ParentStatus.ENDED:
                break
            desk.clock.sleep(_PAUSE)
        else:
            left[parent.symbol] = f"parent {parent.parent_id} is {parent.status}"
    return left
