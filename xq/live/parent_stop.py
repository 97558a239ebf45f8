"""Parents that are asked to end because a person wants no more of their symbol."""

from collections.abc import Callable
from dataclasses import replace

from xq.errors import CorruptFile, XqError
from xq.execution.algos.codec import read
from xq.execution.algos.plan import Plan
from xq.execution.journal import Journal
from xq.execution.ledger_records import Parent, ParentStatus
from xq.live.desk import Desk, Terms
from xq.live.parents import ask_to_stop, work
from xq.live.stop_file import Demand
from xq.types import Side, Symbol

_LOOKS = 3
_LATER = "ends at its next step"


def may_add(parent: Parent) -> bool:
    """Whether a parent's orders may add exposure: in doubt they may; sales on spot cannot."""
    if not parent.symbol.is_contract:
        return parent.side is Side.BUY
    try:
        return not read(Plan, parent.plan).reduce_only
    except CorruptFile:
        return True


def end_parents(
    journal: Journal, reason: str, wanted: Callable[[Parent], bool]
) -> tuple[Parent, ...]:
    """Ask every unfinished parent that is wanted to end; which."""
    found = tuple(parent for parent in journal.parents.unfinished() if wanted(parent))
    with journal.together():
        for parent in found:
            ask_to_stop(parent.parent_id, reason, journal)
    return found


def end_for(demand: Demand, journal: Journal) -> tuple[Parent, ...]:
    """End what an emergency stop covers: what may add, and with its positions what only reduces."""
    return end_parents(
        journal,
        f"emergency stop: {demand.reason}",
        lambda parent: demand.covers(parent.symbol) and (demand.flatten or may_add(parent)),
    )


def end_on(symbol: Symbol, reason: str, desk: Desk, terms: Terms) -> tuple[str, ...]:
    """End the parents of a symbol now, with what rests of them; told in words.

    Their state is the journal's, so that whoever works them finds them ended. One whose children
    cannot be asked about ends at its worker's next step.
    """
    told = []
    for parent in end_parents(desk.journal, reason, lambda parent: parent.symbol == symbol):
        try:
            said = _ended(parent, desk, replace(terms, strategy=parent.strategy))
        except XqError as error:
            said = f"{_LATER}: {error.message}"
        told.append(f"{symbol}: {parent.parent_id} {said}; what it has filled is closed too")
    return tuple(told)


def _ended(parent: Parent, desk: Desk, terms: Terms) -> str:
    """One look cancels what rests, the next finds it canceled."""
    for _ in range(_LOOKS):
        parent = work(parent, desk, terms).parent
        if parent.status is ParentStatus.ENDED:
            return "ended"
    return _LATER
