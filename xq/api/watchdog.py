"""``xq watchdog``: a process beside the service that pulls the emergency stop for it."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from xq.api.stop import Hooks, check_done, obey, stop_file
from xq.api.stop_watch import GIVE_UP_SECONDS, Obedience, Tell
from xq.api.trade import account_name, account_slug, heartbeat_path
from xq.api.venues import trading_venue
from xq.api.workspace import Workspace
from xq.errors import ConfigError, LockHeld, StorageFailed, TradingHalted, VenueError, XqError

if TYPE_CHECKING:
    from xq.live.watchdog import Bounds, Seen
    from xq.venues.ccxt_trading import CcxtTrading

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class WatchLine:
    """One look of the watchdog.

    Attributes
    ----------
    silence_seconds
        Age of the service's last sign of life; None if no service runs.
    loss, leverage
        None where they are not watched, or could not be read.
    fired
        Why the stop was pulled; empty if it was not.
    latched
        Whether a stop is latched now.
    """

    account: str
    silence_seconds: float | None
    loss: Decimal | None
    leverage: Decimal | None
    fired: str
    latched: bool


@contextmanager
def only_watchdog(ws: Workspace) -> Iterator[None]:
    """Hold the place of the account's watchdog.

    Raises
    ------
    LockHeld
        If another one has it.
    ConfigError
        If the service leaves no signs of life between bars.
    """
    from xq.live.lock import only_run

    if not ws.config.trade.watch_seconds:
        raise ConfigError(
            "the watchdog needs a service that looks between bars: trade.watch_seconds is 0",
            hint="xq config explain trade.watch_seconds",
        )
    with only_run(ws.state / f"watchdog-{account_slug(ws)}.lock", "xq watchdog"):
        yield


class Watchdog:
    """Looks at the service, the latch and the account, over a connection of its own.

    What it has fired for, and the equity that the day began with, survive a restart.

    Parameters
    ----------
    tell
        Given what a person must hear.
    """

    def __init__(self, ws: Workspace, tell: Tell, is_over: Callable[[], bool]) -> None:
        from xq.live.small_files import read_object

        self._ws, self._tell, self._is_over = ws, tell, is_over
        self._obedience = Obedience(ws, tell, is_over)
        self._latch = stop_file(ws)
        self._path = ws.state / f"watchdog-{account_slug(ws)}.json"
        self._memory = read_object(self._path)
        self._silent_ms: int | None = None
        self._open = ExitStack()
        self._venue: CcxtTrading | None = None

    def __enter__(self) -> "Watchdog":
        return self

    def __exit__(self, *_: object) -> None:
        self._hang_up()

    def look(self) -> WatchLine:
        """Obey what is latched, then judge; pulls the stop if something is beyond its bounds.

        Raises
        ------
        TradingHalted
            If a stop was not done; the next look goes on with it.
        """
        from xq.live.watchdog import why_fire

        self._obedience.look()
        bounds = _bounds(self._ws)
        seen = self._seen(bounds)
        why = why_fire(seen, bounds)
        fired = why is not None and self._fire(why, seen)
        return WatchLine(
            account_name(self._ws),
            None if seen.silence_ms is None else seen.silence_ms / 1000,
            seen.loss,
            seen.leverage,
            why if fired and why else "",
            self._latch.demand() is not None,
        )

    def _seen(self, bounds: "Bounds") -> "Seen":
        from xq.live.watchdog import Seen

        seen = Seen(self._silence(bounds))
        if not bounds.need_account:
            return seen
        try:
            if self._venue is None:
                opened = trading_venue(self._ws, self._ws.config.trade.mode, stopping=True)
                _, self._venue = self._open.enter_context(opened)
            return self._account(seen, self._venue)
        except (VenueError, LockHeld) as error:  # who cannot be asked cannot be stopped at either
            self._hang_up()
            self._tell(error)
            return seen

    def _hang_up(self) -> None:
        self._venue = None
        self._open.close()

    def _account(self, seen: "Seen", venue: "CcxtTrading") -> "Seen":
        from xq.live.watchdog import leverage_of

        account = venue.account()
        day = account.ts - account.ts % _DAY_MS
        if self._memory.get("day_ms") != day:
            began = {"day_ms": day, "equity": str(account.equity), "since_ms": account.ts}
            self._remember(**began)
        since_ms = int(self._memory["since_ms"])
        flows = (f for f in venue.cash_flows(since_ms) if f.kind.is_external and f.ts > since_ms)
        moved = sum((flow.amount for flow in flows), Decimal(0))
        loss = Decimal(self._memory["equity"]) + moved - account.equity
        return replace(seen, loss=loss, leverage=leverage_of(account))

    def _silence(self, bounds: "Bounds") -> int | None:
        """Age of the last beat; a step of this machine's clock is not taken for silence."""
        from xq.live.heartbeat import last_beat

        path, self._silent_ms = heartbeat_path(self._ws), None
        beat = last_beat(path)
        if beat is None or beat.at_ms == self._memory.get("fired_for_ms"):
            return None
        age = abs(self._ws.clock.now_ms() - beat.at_ms)
        if age > bounds.max_silence_ms:
            self._ws.clock.sleep(2 * self._ws.config.trade.watch_seconds)
            if last_beat(path) != beat:
                return 0
            self._silent_ms = beat.at_ms
        return age

    def _fire(self, why: str, seen: "Seen") -> bool:
        """Pull the stop, unless one as grave is latched; whether it was pulled."""
        from xq.live.stop_file import Demand
        from xq.risk.switches import Action

        action = Action(self._ws.config.watchdog.action)
        latched = self._latch.demand()
        if latched is not None and not latched.symbols and latched.action.gravity >= action.gravity:
            return False
        demand = Demand(action, f"watchdog: {why}", "watchdog", self._ws.clock.now_ms())
        self._tell(TradingHalted(f"the watchdog fires: {why}"))
        report = obey(self._ws, demand, GIVE_UP_SECONDS, Hooks(is_over=self._is_over))
        # A silence fires once, and a loss counts anew from here on, as after a re-arm.
        if self._silent_ms is not None:
            self._remember(fired_for_ms=self._silent_ms)
        if seen.loss is not None:
            self._remember(day_ms=None)
        check_done(report)
        return True

    def _remember(self, **changed: Any) -> None:
        from xq.live.small_files import replace_file

        self._memory |= changed
        try:
            replace_file(self._path, json.dumps(self._memory))
        except StorageFailed as error:
            self._tell(error)


def _bounds(ws: Workspace) -> "Bounds":
    from xq.live.watchdog import Bounds

    asked = ws.config.watchdog
    return Bounds(
        round(asked.max_silence_seconds * 1000),
        None if asked.max_loss is None else Decimal(str(asked.max_loss)),
        None if asked.max_leverage is None else Decimal(str(asked.max_leverage)),
    )


def watch(ws: Workspace, tell: Tell, is_over: Callable[[float], bool]) -> None:
    """Look until told to end; an error of one look is told, and the next one comes all the same.

    Parameters
    ----------
    is_over
        Waits so many seconds; whether to end.
    """
    with only_watchdog(ws), Watchdog(ws, tell, lambda: is_over(0.0)) as watchdog:
        while True:
            try:
                watchdog.look()
            except XqError as error:
                tell(error)
            if is_over(ws.config.watchdog.every_seconds):
                return
