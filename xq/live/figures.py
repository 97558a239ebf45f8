"""The account in numbers, from the journal and what the loop last heard of the venue."""

from dataclasses import dataclass, field
from decimal import Decimal

from xq.execution.journal import Journal
from xq.live.desk import Desk
from xq.live.latches import JournalLatches
from xq.observe.metrics import Figures, Holding
from xq.risk.switches import Switch
from xq.types import Account

FOREIGN = "foreign"


@dataclass
class Counted:
    """Sums over a journal, carried from look to look: what is in it never changes, only grows.

    Attributes
    ----------
    fees
        Paid, by asset.
    differences
        Events that tell of somebody else's doing.
    revision
        Of the journal, up to which they are counted.
    """

    fees: dict[str, Decimal] = field(default_factory=dict)
    differences: int = 0
    revision: int = 0

    def catch_up(self, journal: Journal) -> None:
        """Count what was written since the last time."""
        while True:
            revision = journal.books.revision
            if revision == self.revision:
                return
            fills = journal.books.fills(after=self.revision)
            events = journal.events.all(after=self.revision)
            if journal.books.revision == revision:  # nobody wrote in between
                break
        for fill in fills:
            self.fees[fill.fee_asset] = self.fees.get(fill.fee_asset, Decimal(0)) + fill.fee
        self.differences += sum(event.kind == FOREIGN for event in events)
        self.revision = revision


def figures(desk: Desk, account: Account | None, counted: Counted) -> Figures:
    """What there is to count now; asks no venue."""
    journal = desk.journal
    counted.catch_up(journal)
    counts = journal.tally()
    tripped = JournalLatches(journal).tripped(desk.clock.now_ms())
    ended = {s.value: n for s, n in counts.orders.items() if s.is_final}
    working = {s.value: n for s, n in counts.orders.items() if not s.is_final}
    return Figures(
        decisions=counts.decisions,
        fills=counts.fills,
        ended=ended,
        working=working,
        fees=dict(counted.fees),
        equity=None if account is None else account.equity,
        leverage=None if account is None else _leverage(account),
        holdings={} if account is None else _holdings(account),
        switches={switch.value: switch in tripped for switch in Switch},
        differences=counted.differences,
        last_decision_ms=counts.last_decision_ms,
    )


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
