"""Where an emergency stop is written down: the account's journal, or one of its own, or memory."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from typing import TYPE_CHECKING

from xq.api.trade import account_name, account_slug, journal_place
from xq.api.workspace import Workspace
from xq.errors import XqError

if TYPE_CHECKING:
    from xq.execution.journal import Journal
    from xq.execution.ledger_records import Parent
    from xq.live.stop_file import Demand

REASON = "emergency stop: "
"""How the reason of a switch begins that a stop has tripped, so that a release re-arms no other."""

_REFUSALS = (XqError, OSError)


class StopRecords:
    """Journals for the orders of a stop, in the order in which they are tried.

    The account's own comes first, with a switch tripped in it. One that is locked, broken or full
    gives way to a file of the stop's own, and that one to memory: reduce-only orders are sent even
    where nothing can be written down.

    Attributes
    ----------
    troubles
        Why a journal was not written to.
    parents
        Parent orders that were asked to end; the next order of each is refused already.
    """

    def __init__(self, ws: Workspace, demand: "Demand") -> None:
        self.troubles: list[str] = []
        self.parents: tuple[str, ...] = ()
        self._ws, self._demand = ws, demand
        self._open = ExitStack()
        self._begun = False
        self._own: Journal | None = None
        self._now: Journal | None = None
        self._chain = self._journals()

    def __enter__(self) -> "StopRecords":
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def current(self) -> "Journal":
        """The journal that takes the next order."""
        if self._now is None:
            self._now = next(self._chain)
        return self._now

    def give_way(self, error: XqError) -> None:
        """The current one refused: the next order goes to the next one."""
        self.troubles.append(f"an order is not in the journal: {error.message}")
        self._now = None

    def begin(self) -> None:
        """Trip the switch and end parents in the journal, once; one that refuses stops nothing."""
        from xq.live.parent_stop import end_for

        if self._begun:
            return
        self._begun = True
        try:
            journal = self._open.enter_context(_opened(self._ws))
            _trip(journal, self._demand, self._ws)
            self._own = journal
            self.parents = tuple(map(_described, end_for(self._demand, journal)))
        except _REFUSALS as error:
            self.troubles.append(f"the journal did not take all of the stop: {_said(error)}")
        if not self._demand.flatten:  # then there are no orders to write down
            self._own = None
            self._open.close()

    def event(self, text: str, *, alarm: bool) -> None:
        """Write down how the stop ended, unless the journal has refused before."""
        from xq.execution.ledger_records import Event, Severity

        severity = Severity.ALARM if alarm else Severity.WARNING
        about = json.dumps({"action": self._demand.action.value, "who": self._demand.who})
        if self.troubles:
            return
        try:
            with nullcontext(self._own) if self._own is not None else _opened(self._ws) as journal:
                now_ms = _venue_ms(journal, self._ws)
                journal.events.append(Event(now_ms, "emergency_stop", severity, text, about))
        except _REFUSALS as error:
            self.troubles.append(f"the end is not in the journal: {_said(error)}")

    @staticmethod
    def rearm(ws: Workspace, reason: str, who: str) -> str | None:
        """Re-arm the switch that a stop tripped; its name, or None if there is none."""
        from xq.live.latches import JournalLatches
        from xq.risk.switches import Switch

        with _opened(ws) as journal:
            kept = JournalLatches(journal)
            now_ms = _venue_ms(journal, ws)
            latches = kept.load(now_ms)
            state = latches.of(Switch.LEVERAGE)
            if state.trip is not None and state.trip.reason.startswith(REASON):
                kept.store(latches.rearm(state.switch, reason, who, now_ms), now_ms)
                return state.switch.value
        return None

    def _journals(self) -> Iterator["Journal"]:
        from xq.execution.journal import open_journal
        from xq.execution.memory import MemoryJournal

        self.begin()
        if self._own is not None:
            yield self._own
            self._own = None
        account = account_name(self._ws)
        with suppress(*_REFUSALS):
            path = self._ws.state / f"stop-journal-{account_slug(self._ws)}.sqlite"
            yield self._open.enter_context(open_journal(path, account, self._ws.clock))
        while True:
            yield MemoryJournal(account)


def _opened(ws: Workspace) -> "AbstractContextManager[Journal]":
    from xq.execution.journal import open_journal

    return open_journal(journal_place(ws), account_name(ws), ws.clock)


def _trip(journal: "Journal", demand: "Demand", ws: Workspace) -> None:
    """Pull the switch, so that a loop sees it in its own words; of a part, it stops entries only.

    The leverage is the switch whose reading begins nowhere: re-arming it forgets no loss.
    """
    from xq.live.latches import JournalLatches
    from xq.risk.latch import LONGEST_REASON, by_hand
    from xq.risk.switches import Action, Switch

    kept = JournalLatches(journal)
    now_ms = _venue_ms(journal, ws)
    action = Action.STOP_ENTRIES if demand.symbols else demand.action
    reason = f"{REASON}{demand.reason}"[:LONGEST_REASON]
    pulled = by_hand(Switch.LEVERAGE, reason, demand.who, now_ms, action)
    kept.store(kept.load(now_ms).after([pulled]), now_ms)


def _described(parent: "Parent") -> str:
    return f"{parent.parent_id} ({parent.side} {parent.quantity:f} {parent.symbol})"


def _venue_ms(journal: "Journal", ws: Workspace) -> int:
    """What the venue's clock shows, as far as a run has told."""
    from xq.live.latches import JournalLatches

    return ws.clock.now_ms() + (JournalLatches(journal).ahead_ms or 0)


def _said(error: Exception) -> str:
    return error.message if isinstance(error, XqError) else str(error)
