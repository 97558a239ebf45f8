"""One decision being carried out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from xq.execution.records import Decision
from xq.live.desk import Desk, Terms
from xq.live.holdings import Holdings, holdings
from xq.live.look import Look
from xq.types import Symbol


@dataclass(frozen=True, slots=True)
class Session:
    """A decision and what it was made on; ``dry_run`` stops at the door.

    Attributes
    ----------
    seen
        The look at account and market before it.
    frozen
        Why a symbol takes no new exposure.
    """

    desk: Desk
    terms: Terms
    decision: Decision
    closes: Mapping[Symbol, Decimal]
    seen: Look
    frozen: Mapping[Symbol, str] = field(default_factory=dict)
    dry_run: bool = False

    def holdings_before(self) -> Holdings:
        """What the account held at the look."""
        return holdings(self.seen.account, self.terms.symbols, self.closes)

    def holdings(self) -> Holdings:
        """What the account holds now."""
        return holdings(self.desk.venue.account(), self.terms.symbols, self.closes)
