"""``xq risk``: the kill switches of a workspace's account, and the gate's limits."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from xq.api.observing import tell_news
from xq.api.trade import account_name, journal_place
from xq.api.workspace import Workspace
from xq.errors import LockHeld, NoData, unknown
from xq.garbage import uncollected

if TYPE_CHECKING:
    from xq.execution.journal import Journal
    from xq.live.latches import JournalLatches
    from xq.risk.latch import SwitchState
    from xq.risk.switches import Switch

_WAITS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


@dataclass(frozen=True, slots=True)
class SwitchLine:
    """One switch; ``reading`` is the newest that a run took, at ``read``."""

    switch: str
    state: str
    action: str
    reading: Decimal | None
    threshold: Decimal
    read: datetime | None
    since: datetime | None
    why: str


@dataclass(frozen=True, slots=True)
class LimitLine:
    """One limit of the gate."""

    limit: str
    value: Any
    means: str


def status(ws: Workspace) -> tuple[SwitchLine, ...]:
    """Every switch: what it is tripped on, and what was last read. Asks no venue."""
    from xq.live.latches import JournalLatches
    from xq.risk.latch import Latches

    try:
        with _reading(ws) as journal:
            latches = JournalLatches(journal).load(ws.clock.now_ms())
            told = _readings(journal)
    except NoData:
        latches, told = Latches.fresh(), {}
    return tuple(_line(ws, state, told) for state in latches.states)


def explain(ws: Workspace, name: str) -> dict[str, Any]:
    """One switch: its rule, its state, the last re-arm."""
    from xq.live.latches import JournalLatches
    from xq.risk.configured import rules_of
    from xq.risk.latch import SwitchState

    switch = switch_named(name)
    rule = rules_of(ws.config.risk)[switch]
    section = getattr(ws.config.risk.switches, switch.value)
    state, told = SwitchState(switch), dict[str, Any]()
    try:
        with _reading(ws) as journal:
            state = JournalLatches(journal).load(ws.clock.now_ms()).of(switch)
            told = _readings(journal)
    except NoData:
        pass
    line = _line(ws, state, told)
    window = None if rule.window_ms is None else rule.window_ms // 1000
    return {
        "switch": switch.value,
        "watches": type(section).model_fields["threshold"].description,
        "state": line.state,
        "why": line.why,
        "since": line.since,
        "reading": line.reading,
        "read": line.read,
        "threshold": rule.threshold,
        "window_seconds": window,
        "action": rule.action.value,
        "max_age_seconds": rule.max_age_ms / 1000,
        "rearmed": None if state.rearmed is None else _time(state.rearmed.at_ms),
        "rearmed_by": None if state.rearmed is None else state.rearmed.who,
        "rearmed_why": None if state.rearmed is None else state.rearmed.reason,
        "settings": f"xq config explain risk.switches.{switch.value}.threshold",
    }


def trip(ws: Workspace, name: str, reason: str, who: str, action: str = "cancel") -> SwitchLine:
    """Pull a switch by hand; a running service sees it before its next order.

    Raises
    ------
    UsageError
        For an unknown switch or action, or if nothing is said.
    """
    from xq.risk.latch import by_hand
    from xq.risk.switches import Action

    switch = switch_named(name)
    if action not in {known.value for known in Action}:
        raise unknown("action", action, [known.value for known in Action], hint="--action cancel")
    with _writing(ws) as (kept, now_ms):
        pulled = by_hand(switch, reason, who, now_ms, Action(action))
        later = kept.load(now_ms).after([pulled])
        kept.store(later, now_ms)
        return _line(ws, later.of(switch), {})


def rearm(ws: Workspace, name: str, reason: str, who: str) -> SwitchLine:
    """Let a tripped switch watch anew.

    Raises
    ------
    UsageError
        For an unknown switch, one that is not tripped, or if nothing is said.
    """
    switch = switch_named(name)
    with _writing(ws) as (kept, now_ms):
        later = kept.load(now_ms).rearm(switch, reason, who, now_ms)
        kept.store(later, now_ms)
        return _line(ws, later.of(switch), {})


def limits(ws: Workspace) -> tuple[LimitLine, ...]:
    """What every order that may add exposure must respect."""
    risk = ws.config.risk
    return tuple(
        LimitLine(name, getattr(risk, name), field.description or "")
        for name, field in type(risk).model_fields.items()
        if name != "switches"
    )


def switch_named(name: str) -> "Switch":
    """A switch by its name.

    Raises
    ------
    UnknownName
        If there is none.
    """
    from xq.risk.switches import Switch

    words = name.strip().lower().replace("-", "_")
    names = [switch.value for switch in Switch]
    if words not in names:
        raise unknown("kill switch", name, names, hint="xq risk status")
    return Switch(words)


@contextmanager
def _reading(ws: Workspace) -> "Iterator[Journal]":
    from xq.execution.journal import read_journal

    with read_journal(journal_place(ws), account_name(ws), ws.clock) as journal:
        yield journal


@contextmanager
def _writing(ws: Workspace) -> "Iterator[tuple[JournalLatches, int]]":
    """The latches, and the venue's time: what is counted since a re-arm is dated by it."""
    from contextlib import ExitStack

    from xq.live.latches import JournalLatches
    from xq.live.news import begin

    with ExitStack() as stack:
        stack.enter_context(uncollected())  # nobody waits 100 ms for a switch
        journal = opened_patiently(ws, stack)
        kept = JournalLatches(journal)
        if kept.ahead_ms is None:
            kept.learn_time(_ahead_ms(ws))
        begin(journal)
        now_ms = ws.clock.now_ms() + (kept.ahead_ms or 0)
        yield kept, now_ms
        tell_news(ws, account_name(ws), journal, now_ms)


def opened_patiently(ws: Workspace, stack: Any) -> "Journal":
    """The journal for writing; on a server a run that holds it is waited for."""
    from xq.execution.journal import open_journal

    for wait in _WAITS:
        try:
            opened = open_journal(journal_place(ws), account_name(ws), ws.clock)
            journal: Journal = stack.enter_context(opened)
        except LockHeld:
            ws.clock.sleep(wait)
        else:
            return journal
    last: Journal = stack.enter_context(open_journal(journal_place(ws), account_name(ws), ws.clock))
    return last


def _ahead_ms(ws: Workspace) -> int:
    """How far the clock of the venue that is traded on is ahead, before any run has told."""
    from xq.api.venues import SIM, market_data

    if ws.config.trade.mode != SIM:
        return 0
    with market_data(ws, SIM) as market:
        return market.now_ms() - ws.clock.now_ms()


def _readings(journal: "Journal") -> dict[str, Any]:
    import json

    from xq.live.guard import READINGS

    found: dict[str, Any] = json.loads(journal.books.note(READINGS) or "{}").get("of", {})
    return found


def _line(ws: Workspace, state: "SwitchState", told: dict[str, Any]) -> SwitchLine:
    from xq.risk.configured import rules_of

    rule = rules_of(ws.config.risk)[state.switch]
    value, as_of_ms, problem = told.get(state.switch.value, (None, None, ""))
    trip = state.trip
    why = trip.reason if trip else problem
    if trip and trip.who:
        why = f"{why} ({trip.who})"
    calm = "armed" if rule.enabled else "off"
    return SwitchLine(
        state.switch.value,
        "tripped" if trip else calm,
        (trip.action if trip else rule.action).value,
        None if value is None else Decimal(value),
        rule.threshold,
        None if as_of_ms is None else _time(as_of_ms),
        _time(trip.at_ms) if trip else None,
        why,
    )


def _time(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
