"""``xq trade``: ports, journal and lake around the one live loop."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xq.api.venues import trading_venue
from xq.api.workspace import Workspace
from xq.errors import (
    ConfigError,
    StorageFailed,
    TradingHalted,
    UsageError,
    VenueError,
    XqError,
)

if TYPE_CHECKING:
    from xq.api.trade_run import Plan
    from xq.collect.run import Progress
    from xq.execution.server import Server
    from xq.live.report import Report

_ONCE_SECONDS = 10.0  # of trying to stop, in a run that somebody starts again in minutes
LOOPBACK_MODES = ("sim", "paper")


@dataclass(frozen=True, slots=True)
class TradeRequest:
    """What a command line adds to ``[trade]`` and ``[risk]`` of the configuration.

    Attributes
    ----------
    parameters
        Overrides of the strategy's parameters, over ``[strategy.<name>]``.
    dry_run
        Decide and plan; send and journal nothing.
    """

    parameters: Mapping[str, object] = field(default_factory=dict)
    dry_run: bool = False


def trade_once(
    ws: Workspace, request: TradeRequest | None = None, progress: "Progress | None" = None
) -> "Report":
    """Decide on the last closed bar and trade on it, at most once per bar.

    Raises
    ------
    LockHeld
        If another run trades this mode.
    CredentialsMissing, ConfigError
        For the modes of a later version, before any network call.
    KeyboardInterrupt
        On SIGTERM too; what was being sent is found out by the next run.
    VenueError, DataError, StrategyError, RiskError
        As the loop's stages say; see `xq.live.loop.tick`. Problems after something was sent are
        in the report.
    """
    from xq.live.termination import terminable

    asked = request or TradeRequest()
    _check_mode(ws)
    plan = _plan(ws, asked, progress)
    if plan.terms.manner is not None and not asked.dry_run:
        raise UsageError(
            f"orders are worked by {plan.terms.manner.kind} between bars, and --once ends before: "
            "nobody would step them",
            hint="xq trade, or unset trade.execution.algo",
        )
    with terminable(), _locked(ws, asked):
        if not asked.dry_run:
            _obey_first(ws)
        with plan.opened() as run:
            return run.tick(lambda _: None)


def trade_loop(
    ws: Workspace,
    request: TradeRequest,
    tell: "Callable[[Report | XqError], None]",
    cycles: int | None = None,
) -> bool:
    """Trade now and at every bar close until SIGINT, SIGTERM or ``cycles`` ticks.

    Each tick opens its journal, and an error of it is told and waited out until the next close; the
    venue is opened anew after an error. The lock is held throughout. Every ``trade.watch_seconds``
    between the closes orders are followed, the switches looked at and exits restored, and parent
    orders are stepped as they are due; of that only what was done, and errors that were not told
    the last time, are told. What the account's stream tells brings the next look at once.

    A thread beside the loop obeys the emergency stop, see `xq.api.stop_watch`, and every tick and
    look leaves a sign of life for `xq.api.watchdog`.

    Parameters
    ----------
    tell
        Given each tick's report, or the error that ended it.

    Returns
    -------
    bool
        Whether a tick was cut off by a signal.
    """
    from xq.api.execute_service import working
    from xq.api.stop_watch import attended
    from xq.api.trade_listen import listening
    from xq.live.heartbeat import beating
    from xq.live.schedule import BarClose, Bell, Between, run

    _check_mode(ws)
    _check_dead_man(ws)
    plan = replace(_plan(ws, request, None), dead_man_seconds=ws.config.trade.dead_man_seconds)
    frame, bell = plan.terms.timeframe, Bell()
    trigger = BarClose(frame, round(ws.config.trade.offset_seconds * 1000))
    with (
        _locked(ws, request),
        attended(ws, tell),
        beating(heartbeat_path(ws), ws.clock) as beat,
        plan.opened(service=True) as running,
        working(running) as works,
        listening(running, bell, tell) as listen,
    ):
        hear, hear_parents = _Hearing(tell), _Hearing(tell)
        with suppress(VenueError):
            running.wind()

        def act() -> None:
            tell(running.attempt(lambda: running.tick(trigger.synchronise)))
            live()
            listen()

        def live() -> None:
            try:
                beat()
            except StorageFailed as error:
                tell(error)

        def look() -> None:
            hear(running.attempt(running.watch))
            live()

        def work() -> None:
            hear_parents(running.attempt(works.step))
            if works.has_traded and every:
                look()  # exits follow what was filled

        every, step = ws.config.trade.watch_seconds, ws.config.trade.execution.step_seconds
        between = [Between(work, step)] + ([Between(look, every, bell)] if every else [])
        grace = frame.ms // 1000
        return run(trigger, act, cycles=cycles, grace_seconds=grace, between=between)


def _obey_first(ws: Workspace) -> None:
    """What is latched is done before anything is decided; a run under cron has no thread for it."""
    from xq.api.stop_watch import Obedience

    def unheard(_: XqError) -> None: ...

    with suppress(TradingHalted):  # entries are refused, and the next run goes on with it
        Obedience(ws, unheard, give_up_seconds=_ONCE_SECONDS).look()


def _check_dead_man(ws: Workspace) -> None:
    """The timer must be wound several times before it runs out."""
    seconds, every = ws.config.trade.dead_man_seconds, ws.config.trade.watch_seconds
    if seconds is not None and not 0 < 3 * every <= seconds:
        raise ConfigError(
            "dead_man_seconds must be at least three times watch_seconds, which winds it; "
            f"found {seconds} and {every:g}",
            hint="xq config explain trade.dead_man_seconds",
        )


def heartbeat_path(ws: Workspace) -> Path:
    """Where the service leaves its signs of life."""
    return ws.state / f"heartbeat-{account_slug(ws)}.json"


@dataclass
class _Hearing:
    """Passes on what a look between bars says, unless it says the same as the last time."""

    tell: "Callable[[Report | XqError], None]"
    _told: list[str] = field(default_factory=list)

    def __call__(self, outcome: "Report | XqError") -> None:
        news = _news(outcome)
        if news and news != self._told:
            self.tell(outcome)
        self._told = news


def _news(outcome: "Report | XqError") -> list[str]:
    """What of a look between bars a person should hear."""
    if isinstance(outcome, XqError):
        return [outcome.message]
    return [*outcome.notes, *(problem.message for problem in outcome.problems)]


def check_request(ws: Workspace, request: TradeRequest) -> None:
    """Refuse what no run would take; asks no venue.

    Raises
    ------
    StrategyError, UsageError
        Unknown strategy, symbols of several kinds, a refused parameter.
    """
    _plan(ws, request, None)


def journal_place(ws: Workspace) -> "Path | Server":
    """Where the journal of the workspace's account is kept: a file, or a server.

    Raises
    ------
    ConfigError
        If ``[trade] journal`` is no URL of a server, or holds a password.
    """
    from xq.execution.server import PASSWORD, Server

    if ws.config.trade.journal is None:
        return ws.state / f"journal-{account_slug(ws)}.sqlite"
    return Server.parse(ws.config.trade.journal, ws.environ.get(PASSWORD))


def account_name(ws: Workspace) -> str:
    """Whose money the workspace's mode moves, as its journal names it."""
    from xq.venues.registry import profile

    mode = ws.config.trade.mode
    return mode if mode == "sim" else f"{mode}:{profile(ws.config.exchange.name).name}"


def account_slug(ws: Workspace) -> str:
    """The account's name as files have it."""
    return account_name(ws).replace(":", "-")


def _check_mode(ws: Workspace) -> None:
    """Testnet and live say why not before a lock or file is made."""
    if ws.config.trade.mode not in LOOPBACK_MODES:
        with trading_venue(ws, ws.config.trade.mode):
            pass


def _plan(ws: Workspace, request: TradeRequest, progress: "Progress | None") -> "Plan":
    from xq.api.trade_run import Plan
    from xq.api.trade_terms import Beginning, terms_of

    begin = Beginning(ws, request.parameters, progress)
    terms = terms_of(ws, account_name(ws))
    begin.check_parameters()
    return Plan(ws, terms, begin, journal_place(ws), account_slug(ws), dry_run=request.dry_run)


def _locked(ws: Workspace, request: TradeRequest) -> Any:
    from xq.live.lock import only_run

    if request.dry_run:
        return nullcontext()
    return only_run(lock_path(ws))


def lock_path(ws: Workspace) -> Path:
    """The lock of the workspace's account: who holds it sends its orders."""
    return ws.state / f"trade-{account_slug(ws)}.lock"
