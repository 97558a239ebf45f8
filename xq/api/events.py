"""``xq events``: what a person should know, and what the risk rules did, in one order."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from xq.api.account import moment, newest, reading
from xq.api.when import epoch_ms
from xq.api.workspace import Workspace

if TYPE_CHECKING:
    from xq.execution.journal import Journal
    from xq.execution.ledger_records import Event, RiskEvent

_RISK = "warning"


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event, by the venue's clock.

    Attributes
    ----------
    kind
        ``switch``, ``protected``, ``foreign`` … of the loop; ``trip``, ``rearm`` of the switches.
    severity
        ``info``, ``warning`` or ``alarm``.
    facts
        The values behind the text.
    """

    ts: datetime
    kind: str
    severity: str
    text: str
    who: str
    facts: dict[str, Any]


def events(
    ws: Workspace, *, since: str | None = None, kind: str | None = None, limit: int | None = None
) -> tuple[EventRow, ...]:
    """The journal's events and risk events, newest last.

    Parameters
    ----------
    since
        A date, time or epoch, as the venue tells time.

    Raises
    ------
    NoData
        If nothing has been traded in this mode.
    UsageError
        If ``since`` is no time.
    """
    since_ms = None if since is None else epoch_ms(since)
    with reading(ws) as journal:
        rows = events_of(journal, since_ms)
    return tuple(newest([row for row in rows if kind in (None, row.kind)], limit))


def events_of(journal: "Journal", since_ms: int | None = None) -> list[EventRow]:
    """Both kinds of a journal, oldest first."""
    loop = [_row(event) for event in journal.events.all(since_ms=since_ms)]
    risk = [_risk_row(event) for event in journal.switches.events(since_ms=since_ms)]
    return sorted(loop + risk, key=lambda row: row.ts)


def _row(event: "Event") -> EventRow:
    facts = json.loads(event.facts)
    return EventRow(moment(event.ts_ms), event.kind, event.severity.value, event.text, "", facts)


def _risk_row(event: "RiskEvent") -> EventRow:
    told = {
        "switch": event.switch,
        "action": event.action,
        "reading": event.reading,
        "threshold": event.threshold,
        "symbol": None if event.symbol is None else str(event.symbol),
        "client_id": event.client_id,
    }
    facts = {name: value for name, value in told.items() if value is not None}
    text = f"{event.switch}: {event.text}" if event.switch else event.text
    return EventRow(moment(event.ts_ms), event.kind, _RISK, text, event.who or "", facts)
