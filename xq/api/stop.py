"""``xq stop``: the emergency stop of a workspace's account, over a connection of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xq.api.observing import announcing
from xq.api.stop_records import StopRecords
from xq.api.stop_sweep import StopSweep
from xq.api.trade import account_name, account_slug
from xq.api.workspace import Workspace
from xq.errors import StorageFailed, TradingHalted, UsageError

if TYPE_CHECKING:
    from xq.live.emergency import Ended, Step
    from xq.live.stop_file import Demand, StopFile


@dataclass(frozen=True, slots=True)
class StopRequest:
    """What a person asks for.

    Attributes
    ----------
    symbols
        What is canceled and closed; empty for all. Entries stop for the whole account.
    give_up_seconds
        How long to keep trying.
    """

    flatten: bool = False
    symbols: tuple[str, ...] = ()
    reason: str = "asked for"
    who: str = "xq"
    give_up_seconds: float = 900.0


@dataclass(frozen=True, slots=True)
class StopReport:
    """What came of a stop.

    Attributes
    ----------
    done
        Whether two reads in a row found nothing left of what was to go.
    steps
        Everything that was sent, and what the venue said.
    kept
        Protective orders that rest on.
    left
        What is still there, if it is not done.
    parents
        Parent orders that end at the next step of whoever works them, and send nothing till then.
    troubles
        What went wrong on this machine: the latch or the journal.
    """

    account: str
    action: str
    symbols: tuple[str, ...]
    reason: str
    done: bool
    rounds: int
    canceled: int
    closed: int
    kept: tuple[str, ...]
    left: tuple[str, ...]
    parents: tuple[str, ...]
    troubles: tuple[str, ...]
    steps: "tuple[Step, ...]"


@dataclass(frozen=True, slots=True)
class Hooks:
    """Who hears of a stop while it goes on, and who may end it early."""

    tell: "Callable[[Step], None]" = lambda _: None
    is_over: Callable[[], bool] = lambda: False


_NOBODY = Hooks()


def stop(ws: Workspace, request: StopRequest | None = None, hooks: Hooks = _NOBODY) -> StopReport:
    """Let nothing new out, cancel what may add exposure, and close positions if asked to.

    Works without a service, beside one, and with a journal that is locked or broken. Protective
    orders stay unless positions are closed; then they go once their position is gone.

    Raises
    ------
    UsageError
        For a symbol that is none, or if nothing is said; nothing was done.
    ConfigError
        If there are no keys for the account; entries are stopped all the same.
    """
    from xq.live.stop_file import Demand, symbols_of
    from xq.risk.latch import by_hand
    from xq.risk.switches import Action, Switch

    asked = request or StopRequest()
    symbols = symbols_of(asked.symbols)
    action = Action.FLATTEN if asked.flatten else Action.CANCEL
    now_ms = ws.clock.now_ms()
    checked = by_hand(Switch.LEVERAGE, asked.reason, asked.who, now_ms, action)
    demand = Demand(action, checked.reason, checked.who or "xq", now_ms, symbols)
    return obey(ws, demand, asked.give_up_seconds, hooks)


def obey(ws: Workspace, demand: "Demand", give_up_seconds: float, hooks: Hooks) -> StopReport:
    """Latch a demand and sweep the account; see `stop`."""
    from xq.execution.ledger_records import Severity
    from xq.live.emergency import Persistence
    from xq.live.stop_file import told

    troubles: list[str] = []
    try:
        demand = stop_file(ws).latch(demand)
    except StorageFailed as error:  # the journal's switch remains, and the sweep goes on
        troubles.append(f"the stop could not be latched: {error.message}")
    told_to = announcing(ws, account_name(ws), "emergency_stop")
    with told_to as announce, StopRecords(ws, demand) as records:
        announce(Severity.ALARM, told(demand))
        persistence = Persistence(give_up_seconds)
        ended = StopSweep(ws, demand, persistence, records, hooks.tell, hooks.is_over).run()
        outcome = "is done" if ended.done else f"is NOT done: {_first(ended.left)}"
        text = f"emergency stop {outcome}"
        records.event(text, alarm=not ended.done)
        announce(Severity.INFO if ended.done else Severity.ALARM, text)
    records.troubles[:0] = troubles
    return _report(ws, demand, ended, records)


def check_done(report: StopReport) -> None:
    """Raise `TradingHalted` unless everything is gone that was to go."""
    if not report.done:
        raise TradingHalted(
            f"the emergency stop is not done: {_first(report.left)}",
            where=report.account,
            hint="entries stay stopped; run the same command again, and look at the venue itself",
        )


def release(ws: Workspace, reason: str, who: str) -> tuple[str, ...]:
    """Let the account enter again; what was taken away.

    Raises
    ------
    UsageError
        If no stop is latched, or nothing is said.
    StorageFailed
        If the journal does not take the re-arming: then the stop stays.
    """
    from xq.risk.latch import by_hand
    from xq.risk.switches import Switch

    by_hand(Switch.LEVERAGE, reason, who, ws.clock.now_ms())  # the same demands on what is said
    latch = stop_file(ws)
    stopped = latch.demand() is not None
    rearmed = StopRecords.rearm(ws, reason, who)
    if not (stopped or rearmed):
        raise UsageError(f"no stop is latched for {account_name(ws)}", hint="xq risk status")
    gone = latch.release()
    return (*(path.name for path in gone), *((f"switch {rearmed}",) if rearmed else ()))


def stop_file(ws: Workspace) -> "StopFile":
    """The latch of the workspace's account."""
    from xq.live.stop_file import StopFile

    return StopFile(ws.state, account_slug(ws))


def _report(ws: Workspace, demand: "Demand", ended: "Ended", records: StopRecords) -> StopReport:
    sent = [step.act for step in ended.steps]
    return StopReport(
        account_name(ws),
        demand.action.value,
        tuple(map(str, demand.symbols)),
        demand.reason,
        ended.done,
        ended.rounds,
        sent.count("cancel"),
        sent.count("close"),
        ended.kept,
        ended.left,
        records.parents,
        tuple(records.troubles),
        ended.steps,
    )


def _first(left: tuple[str, ...]) -> str:
    more = f", and {len(left) - 1} more" if len(left) > 1 else ""
    return f"{left[0]}{more}" if left else "it was not read twice"
