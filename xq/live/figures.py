"""The account in numbers, from the journal and what the loop last heard of the venue."""

from collections.abc import Iterable
from decimal import Decimal

from xq.execution.records import JournalFill
from xq.live.desk import Desk
from xq.live.latches import JournalLatches
from xq.observe.metrics import Figures, Holding
from xq.risk.switches import Switch
from xq.types import Account

FOREIGN = "foreign"


def figures(desk: Desk, account: Account | None) -> Figures:
    """What there is to count now; asks no venue."""
    journal = desk.journal
    counts = journal.tally()
    tripped = JournalLatches(journal).tripped(desk.clock.now_ms())
    ended = {s.value: n for s, n in counts.orders.items() if s.is_final}
    working = {s.value: n for s, n in counts.orders.items() if not s.is_final}
    return Figures(
        decisions=counts.decisions,
        fills=counts.fills,
        ended=ended,
        working=working,
        fees=_fees(journal.books.fills()),
        equity=None if account is None else account.equity,
        leverage=None if account is None else _leverage(account),
        holdings={} if account is None else _holdings(account),
        switches={switch.value: switch in tripped for switch in Switch},
        differences=sum(event.kind == FOREIGN for event in journal.events.all()),
        last_decision_ms=counts.last_decision_ms,
    )


def _fees(fills: Iterable[JournalFill]) -> dict[str, Decimal]:
    totals: dict[str, Decimal] = {}
    for fill in fills:
        totals[fill.fee_asset] = totals.get(fill.fee_asset, Decimal(0)) + fill.fee
    return totals


def _holdings(account: Account) -> dict[str, Holding]:
    return {
        str(p.symbol): Holding(p.quantity, p.quantity * p.mark_price, p.unrealized_pnl)
        for p in account.positions
    }


def _leverage(account: Account) -> Decimal | None:
    if account.equity <= 0:
        return None
    gross = sum((abs(p.quantity * p.mark_price) for p in account.positions), Decimal(0))
    return gross / account.equity
