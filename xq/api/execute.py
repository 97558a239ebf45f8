"""``xq execute``: parent orders on demand: planned, begun, worked, followed, ended."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from xq.api.account import trading_only
from xq.api.execute_plan import Asked, Make, described, plan_of
from xq.api.execute_run import (
    is_ended,
    is_worked,
    no_forecast,
    opened,
    parent_of,
    work_all,
)
from xq.api.execute_shown import ParentRow, moment, row_of, show
from xq.api.trade import account_name, journal_place
from xq.api.venues import trading_venue
from xq.api.workspace import Workspace
from xq.errors import UsageError, XqError

if TYPE_CHECKING:
    from xq.api.execute_cost import Cost
    from xq.execution.algos.plan import Plan
    from xq.live.desk import Desk
    from xq.live.parents import Looked


def rehearse(ws: Workspace, asked: Asked, make: Make) -> dict[str, Any]:
    """The plan, its schedule and what it will cost; nothing is written or sent.

    Raises
    ------
    UsageError, NoData, VenueError
        As `xq.api.execute_plan.plan_of` and `xq.api.execute_cost.predicted` say.
    """
    from xq.api.execute_cost import predicted
    from xq.execution.journal import scratch_journal

    with planning_desk(ws, asked, scratch_journal) as desk:
        plan, scene = plan_of(ws, asked, make, desk)
        cost: Cost = predicted(scene, plan)
    return {**described(plan), "schedule": schedule(plan), "predicted": asdict(cost)}


def schedule(plan: "Plan") -> list[dict[str, Any]]:
    """When how much is released; what follows the market has no schedule."""
    from xq.execution.algos.plan import Scheduled
    from xq.execution.algos.slices import schedule_of

    if not isinstance(plan.how, Scheduled):
        return []
    slices = schedule_of(plan, plan.how).slices
    return [
        {"release": moment(part.release_ms), "end": moment(part.end_ms), "quantity": part.quantity}
        for part in slices
    ]


def begin(ws: Workspace, asked: Asked, make: Make, *, detach: bool = False) -> tuple[str, bool]:
    """Write a parent into the journal.

    Returns
    -------
    tuple
        Its id, and whether a service works it; else the caller must, with `work`.

    Raises
    ------
    UsageError
        If it is to be left alone and no service runs: nobody would step it.
    LockHeld
        If another process trades the account that would not step it.
    """
    from xq.execution.journal import scratch_journal
    from xq.live.by_hand import NOBODY, expect
    from xq.live.parents import new_parent

    worked = is_worked(ws)
    if detach and not worked:
        raise UsageError(
            "nobody would work this order: it is stepped by a running service, never by cron",
            hint="xq trade, then the same again; or without --detach",
        )
    with planning_desk(ws, asked, scratch_journal) as desk:
        plan, _ = plan_of(ws, asked, make, desk)
    with ExitStack() as stack:
        journal = opened(ws, stack)
        expect(plan.instrument.symbol, journal)
        journal.parents.begin(new_parent(plan, NOBODY, ws.clock.now_ms()))
    return plan.parent_id, worked


def work(
    ws: Workspace, parent_id: str, tell: "Callable[[Looked | XqError], None]"
) -> dict[str, Any]:
    """Work a parent in this process until it has ended; what became of it.

    Raises
    ------
    NoData, UsageError
        If there is none of that name, or it has ended.
    LockHeld
        If another process trades the account.
    KeyboardInterrupt
        On SIGINT or SIGTERM: what rests stays, `work` goes on with it.
    """
    parent = parent_of(ws, parent_id)
    if is_ended(parent):
        raise UsageError(
            f"{parent_id} has ended: {parent.reason}", hint=f"xq execute show {parent_id}"
        )
    work_all([(trading_only(ws, (parent.symbol,)), parent_id)], tell)
    return show(ws, parent_id)


def follow(
    ws: Workspace, parent_id: str, tell: Callable[[ParentRow], None] | None = None
) -> dict[str, Any]:
    """Watch a parent that a service works, until it has ended.

    Raises
    ------
    LockHeld, UsageError
        If nobody works it any more.
    """
    told = None
    while True:
        row = row_of(parent_of(ws, parent_id))
        if tell is not None and row != told:
            tell(row)
        told = row
        if row.status == "ended":
            return show(ws, parent_id)
        if not is_worked(ws):
            raise UsageError(
                f"nobody works {parent_id} any more", hint=f"xq execute resume {parent_id}"
            )
        ws.clock.sleep(1.0)


def cancel(
    ws: Workspace, parent_id: str, tell: "Callable[[Looked | XqError], None]"
) -> dict[str, Any]:
    """End a parent: what rests is cancelled, what is filled stays; what became of it.

    A service does it at its next step; without one it is done here.
    """
    from xq.live.parents import ask_to_stop

    parent = parent_of(ws, parent_id)
    if is_ended(parent):
        raise UsageError(
            f"{parent_id} has ended: {parent.reason}", hint=f"xq execute show {parent_id}"
        )
    worked = is_worked(ws)
    with ExitStack() as stack:
        ask_to_stop(parent_id, "canceled by hand", opened(ws, stack))
    if worked:
        return follow(ws, parent_id)
    return work(ws, parent_id, tell)


@contextmanager
def planning_desk(ws: Workspace, asked: Asked, opening: Any) -> "Iterator[Desk]":
    """A desk to plan at: the account's venue, a journal that is only read."""
    from xq.live.desk import Desk
    from xq.types import Symbol

    own = trading_only(ws, (Symbol.parse(asked.symbol),))
    with (
        trading_venue(own, own.config.trade.mode) as (market, venue),
        opening(journal_place(ws), account_name(ws), ws.clock) as journal,
    ):
        yield Desk(market, venue, journal, ws.clock, no_forecast)
