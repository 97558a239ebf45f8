"""Money that came, went, and was paid, by the venue's numbers."""

from collections.abc import Iterable
from decimal import Decimal

from xq.execution.ledger_records import JournalFlow
from xq.execution.ledger_schema import cash_flows
from xq.execution.rows import Keeper


class CashFlows:
    """Deposits, withdrawals, funding and fees, each once."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        order = ("ts_ms", "kind", "venue_id", "asset")
        self._rows = keeper.rows(cash_flows, JournalFlow, order)

    def add(self, flows: Iterable[JournalFlow]) -> int:
        """Add the flows that are not there yet; how many."""
        with self._keeper.write():
            return sum(self._rows.add(flow) for flow in flows)

    def all(self, *, after: int = 0, since_ms: int | None = None) -> tuple[JournalFlow, ...]:
        """Flows written after a revision, at or after a venue time, oldest first."""
        return self._rows.all(after=after, since_ms=since_ms)

    def external(self, asset: str, since_ms: int = 0) -> Decimal:
        """What came from outside less what went there: no profit, whatever it did to equity."""
        flows = self._rows.all(since_ms=since_ms, asset=asset, external=True)
        return sum((flow.amount for flow in flows), Decimal(0))

    def last_ms(self) -> int | None:
        """Venue time of the newest flow."""
        return self._rows.newest("ts_ms")
