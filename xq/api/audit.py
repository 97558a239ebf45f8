"""``xq audit``: whether the journal still holds what was written."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from xq.api.trade import account_name, journal_place
from xq.api.workspace import Workspace

if TYPE_CHECKING:
    from xq.execution.audit import Finding


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What an audit compared and found.

    Attributes
    ----------
    head
        Hash of the newest link; noted elsewhere, it can be asked for later.
    holds
        Whether the hash asked for is in the chain; None if none was.
    """

    journal: str
    links: int
    rows: int
    head: str
    holds: bool | None
    findings: "tuple[Finding, ...]"

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found."""
        return not self.findings and self.holds is not False


@dataclass(frozen=True, slots=True)
class LinkRow:
    """One change of one row of the journal."""

    sequence: int
    time: datetime
    kind: str
    subject: str
    content: str
    hash: str


def verify(ws: Workspace, head: str | None = None) -> AuditReport:
    """Recompute the chain and compare the journal's tables with it.

    Parameters
    ----------
    head
        A hash noted before: it must be in the chain.

    Raises
    ------
    NoData
        If nothing has been traded, or the journal is of a format without a chain.
    """
    from xq.execution.journal import read_journal

    with read_journal(journal_place(ws), account_name(ws)) as journal:
        audit = journal.chain.verify()
        holds = None if head is None else journal.chain.holds(head)
        return AuditReport(
            journal.place, audit.links, audit.rows, audit.head, holds, audit.findings
        )


def links(
    ws: Workspace, *, subject: str | None = None, limit: int | None = None
) -> tuple[LinkRow, ...]:
    """The chain, oldest first: all of it, or what is told of one order or row."""
    from xq.execution.journal import read_journal

    with read_journal(journal_place(ws), account_name(ws)) as journal:
        return tuple(
            LinkRow(
                link.sequence,
                datetime.fromtimestamp(link.at_ms / 1000, UTC),
                link.kind,
                link.subject,
                link.content,
                link.hash,
            )
            for link in journal.chain.links(subject, limit)
        )
