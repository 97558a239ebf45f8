"""The journal as the place where kill switches stay latched."""

from collections.abc import Iterable, Sequence

from xq.execution.journal import Journal
from xq.execution.ledger_records import RiskEvent, SwitchRow
from xq.risk.latch import Latches, Rearm, SwitchState
from xq.risk.switches import Action, Cause, Switch, Trip

_KEPT = "switches"
_AHEAD = "venue_ahead_ms"
_SKEW_MS = 1_000


class JournalLatches:
    """`xq.risk.latch.LatchStore` in a journal.

    Examples
    --------
    >>> from xq.execution.memory import MemoryJournal
    >>> from xq.risk.latch import by_hand
    >>> kept = JournalLatches(MemoryJournal("sim"))
    >>> now = kept.load(0).after([by_hand(Switch.LEVERAGE, "margin call", "ann", 5)])
    >>> [state.switch.value for state in kept.store(now, 5)]
    ['leverage']
    >>> kept.load(9).tripped
    (<Switch.LEVERAGE: 'leverage'>,)
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def switch_states(self) -> Sequence[SwitchState]:
        """What is stored, in the order of `Switch`."""
        rows = {row.name: row for row in self._journal.switches.states()}
        return [_state(rows[switch.value]) for switch in Switch if switch.value in rows]

    def keep_switches(self, changed: Sequence[SwitchState]) -> None:
        """Store changed states and their events in one commit."""
        if not changed:
            return
        with self._journal.together():
            self._journal.switches.keep(map(_row, changed), _events(changed))
            if self._journal.books.note(_KEPT) is None:
                self._journal.books.set_note(_KEPT, "yes")

    def load(self, now_ms: int) -> Latches:
        """The latches as they are; fresh only in a journal that never kept any."""
        states = self.switch_states()
        if not states and self._journal.books.note(_KEPT) is None:
            return Latches.fresh()
        return Latches.restored(states, now_ms)

    def store(self, later: Latches, now_ms: int) -> tuple[SwitchState, ...]:
        """Store what differs from what is kept; the states that changed."""
        first = not self.switch_states()
        changed = self.load(now_ms).changes(later)
        self.keep_switches(later.states if first else changed)
        return changed

    def tripped(self, now_ms: int) -> tuple[Switch, ...]:
        """Those that stop entries at this very moment."""
        return self.load(now_ms).tripped

    @property
    def ahead_ms(self) -> int | None:
        """How far the venue's clock was ahead of ours; None if no run has told."""
        told = self._journal.books.note(_AHEAD)
        return None if told is None else int(told)

    def learn_time(self, ahead_ms: int) -> None:
        """Remember how far the venue's clock is ahead: latches are dated by it."""
        known = self.ahead_ms
        if known is None or abs(known - ahead_ms) > _SKEW_MS:
            self._journal.books.set_note(_AHEAD, str(ahead_ms))


def _state(row: SwitchRow) -> SwitchState:
    switch = Switch(row.name)
    trip = rearmed = None
    if row.tripped_ms is not None:
        trip = Trip(
            switch,
            Cause(row.cause or Cause.BLIND),
            Action(row.action or Action.CANCEL),
            row.tripped_ms,
            row.reason or "",
            row.reading,
            row.threshold,
            row.tripped_by,
        )
    if row.rearmed_ms is not None:
        rearmed = Rearm(row.rearmed_ms, row.rearmed_by or "", row.rearmed_why or "")
    return SwitchState(switch, trip, rearmed)


def _row(state: SwitchState) -> SwitchRow:
    trip, rearmed = state.trip, state.rearmed
    return SwitchRow(
        name=state.switch.value,
        tripped_ms=trip.at_ms if trip else None,
        cause=trip.cause.value if trip else None,
        action=trip.action.value if trip else None,
        reason=trip.reason if trip else None,
        reading=trip.value if trip else None,
        threshold=trip.threshold if trip else None,
        tripped_by=trip.who if trip else None,
        rearmed_ms=rearmed.at_ms if rearmed else None,
        rearmed_by=rearmed.who if rearmed else None,
        rearmed_why=rearmed.reason if rearmed else None,
    )


def _events(changed: Iterable[SwitchState]) -> list[RiskEvent]:
    return [event for state in changed if (event := _event(state)) is not None]


def _event(state: SwitchState) -> RiskEvent | None:
    name, trip, rearmed = state.switch.value, state.trip, state.rearmed
    if trip is not None:
        return RiskEvent(
            trip.at_ms,
            "trip",
            trip.reason,
            switch=name,
            action=trip.action.value,
            reading=trip.value,
            threshold=trip.threshold,
            who=trip.who,
        )
    if rearmed is not None:
        return RiskEvent(rearmed.at_ms, "rearm", rearmed.reason, switch=name, who=rearmed.who)
    return None
