"""``xq execute list`` and ``show``: the parent orders of the journal, and what they cost."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from xq.api.execute_plan import described
from xq.api.trade import account_name, journal_place
from xq.api.workspace import Workspace

if TYPE_CHECKING:
    from xq.execution.journal import Journal
    from xq.execution.ledger_records import Parent


@dataclass(frozen=True, slots=True)
class ParentRow:
    """One parent order; prices in quote asset, quantities in base asset."""

    id: str
    symbol: str
    side: str
    quantity: Decimal
    filled: Decimal
    status: str
    arrival: Decimal | None
    average: Decimal | None
    slippage: Decimal | None
    began: datetime
    strategy: str
    reason: str


def rows(ws: Workspace, *, unfinished: bool = False) -> tuple[ParentRow, ...]:
    """Every parent of the account, oldest first. Raises `NoData` before anything was traded."""
    with _reading(ws) as journal:
        found = journal.parents.unfinished() if unfinished else journal.parents.all()
    return tuple(map(row_of, found))


def show(ws: Workspace, parent_id: str) -> dict[str, Any]:
    """One parent: what was asked, how far it is, what it cost; asks no venue.

    Of one that has ended the figures are those written down at its end, of another those known.
    """
    from xq.execution.algos.codec import read
    from xq.execution.algos.plan import Plan
    from xq.execution.algos.progress import Progress
    from xq.live.parent_end import account_of, figures, told_at_the_end

    with _reading(ws) as journal:
        parent = journal.parents.get(parent_id)
        plan, progress = read(Plan, parent.plan), read(Progress, parent.progress)
        told = told_at_the_end(parent_id, journal)
        if told is None:
            told = figures(account_of(parent, plan, progress, journal))
        orders = journal.children_of(parent_id)
    told = {
        name: value
        for name, value in told.items()
        if name not in ("parent_id", "ended", "children")
    }
    return {
        **described(plan),
        "strategy": parent.strategy,
        "status": parent.status.value,
        "reason": parent.reason,
        "filled": progress.filled,
        **{name: _number(value) for name, value in told.items()},
        "orders": [
            {
                "client_id": order.client_id,
                "sent": moment(order.venue_ms),
                "type": order.type.value,
                "quantity": order.quantity,
                "price": order.stop_price or order.price,
                "filled": order.filled,
                "average_price": order.average_price,
                "status": order.state.value,
            }
            for order in orders
        ],
    }


def row_of(parent: "Parent") -> ParentRow:
    """A parent in a line."""
    from xq.execution.algos.codec import read
    from xq.execution.algos.completion import completion
    from xq.execution.algos.plan import Plan
    from xq.execution.algos.progress import Progress

    progress = read(Progress, parent.progress)
    plan = read(Plan, parent.plan)
    found = completion(plan, progress, progress.arrival or Decimal(0))
    return ParentRow(
        parent.parent_id,
        str(parent.symbol),
        parent.side.value,
        parent.quantity,
        progress.filled,
        parent.status.value,
        found.arrival,
        _rounded(found.average),
        _rounded(found.slippage),
        moment(plan.start_ms),
        parent.strategy,
        parent.reason,
    )


@contextmanager
def _reading(ws: Workspace) -> "Iterator[Journal]":
    from xq.execution.journal import read_journal

    with read_journal(journal_place(ws), account_name(ws), ws.clock) as journal:
        yield journal


def _number(value: Any) -> Any:
    """Figures of an event are text; a number again."""
    if not isinstance(value, str) or not value:
        return value
    return Decimal(value)


def _rounded(value: Decimal | None) -> Decimal | None:
    return None if value is None else round(value, 8).normalize()


def moment(ts_ms: int) -> datetime:
    """Epoch milliseconds as a time, UTC."""
    return datetime.fromtimestamp(ts_ms / 1000, UTC)
