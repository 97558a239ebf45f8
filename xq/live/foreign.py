"""What somebody else did on the account: taken over, or a reason to enter no more."""

import json
from collections.abc import Sequence

from xq.execution.ledger_records import Event, Severity
from xq.live.desk import Desk, Foreign, Terms
from xq.types import Symbol

OPENED = "books opened"


def judge(symbol: Symbol, strange: Sequence[str], desk: Desk, terms: Terms) -> str | None:
    """Why a symbol takes no new exposure, or None; what is strange is an event either way.

    A halt stays, through restarts, until a run that adopts. What was held before the first run is
    no surprise.
    """
    note = f"halted:{symbol}"
    books = desk.journal.books
    news = [text for text in strange if OPENED not in text]
    if news:
        now_ms = desk.market.now_ms()
        facts = json.dumps({"symbol": str(symbol), "policy": terms.foreign.value})
        for text in news:
            event = Event(now_ms, "foreign", Severity.WARNING, text, facts)
            if not any(
                e.text == text for e in desk.journal.events.all(since_ms=now_ms - _QUIET_MS)
            ):
                desk.journal.events.append(event)
    halted = books.note(note) or ""
    if terms.foreign is Foreign.ADOPT:
        if halted:
            books.set_note(note, "")
        return None
    if news and not halted:
        halted = f"{news[0]}; xq trade --foreign adopt takes it over"
        books.set_note(note, halted)
    return halted or None


_QUIET_MS = 3_600_000  # the same is not told again for so long
