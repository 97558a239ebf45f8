"""The service's ear for the stop: a thread that obeys the latch, and signals that set it."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

from xq.api.stop import Hooks, StopReport, check_done, obey, stop_file
from xq.api.workspace import Workspace
from xq.errors import StorageFailed, TradingHalted, XqError

if TYPE_CHECKING:
    from xq.live.stop_file import Demand

POLL_SECONDS = 0.2
GIVE_UP_SECONDS = 900.0
_AGAIN_SECONDS = 5.0
_JOIN_SECONDS = 1.0

Tell = Callable[[XqError], None]


class Obedience:
    """Obeys each demand of the latch once, and those that were not done again.

    Parameters
    ----------
    tell
        Given what a person must hear: that a stop began, and how it ended if badly.
    """

    def __init__(
        self,
        ws: Workspace,
        tell: Tell,
        is_over: Callable[[], bool] = lambda: False,
        give_up_seconds: float = GIVE_UP_SECONDS,
    ) -> None:
        self.unlatched: Demand | None = None
        self._ws, self._tell, self._is_over = ws, tell, is_over
        self._give_up_seconds = give_up_seconds
        self._latch = stop_file(ws)
        self._obeyed: Demand | None = None

    def look(self) -> StopReport | None:
        """Obey what is demanded and new; what came of it."""
        demand = self._latch.demand() or self.unlatched
        if demand is None or demand == self._obeyed:
            self._obeyed = demand
            return None
        from xq.live.stop_file import told

        self._tell(TradingHalted(told(demand)))
        report = obey(self._ws, demand, self._give_up_seconds, Hooks(is_over=self._is_over))
        self._obeyed = demand if report.done else None
        check_done(report)
        text = f"the emergency stop is done: {report.canceled} canceled, {report.closed} closed"
        self._tell(TradingHalted(text, hint='xq stop --release --reason "..."'))
        return report


@contextmanager
def attended(ws: Workspace, tell: Tell) -> Iterator[None]:
    """While it lasts a thread with a connection of its own obeys the stop, whatever the loop does.

    SIGUSR1 stops entries and cancels, SIGUSR2 closes positions as well.
    """
    over = threading.Event()
    obedience = Obedience(ws, tell, over.is_set)

    def attend() -> None:
        wait = POLL_SECONDS
        while not over.wait(wait):
            wait = POLL_SECONDS
            try:
                obedience.look()
            except XqError as error:
                tell(error)
                wait = _AGAIN_SECONDS

    thread = threading.Thread(target=attend, name="xq-stop", daemon=True)
    with _signals(ws, obedience):
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(_JOIN_SECONDS)


@contextmanager
def _signals(ws: Workspace, obedience: Obedience) -> Iterator[None]:
    """Outside the main thread, where no handler can be set, this does nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    from xq.live.stop_file import Demand
    from xq.risk.switches import Action

    actions = {signal.SIGUSR1: Action.CANCEL, signal.SIGUSR2: Action.FLATTEN}
    latch = stop_file(ws)

    def demand(number: int, _frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        asked = Demand(actions[signal.Signals(number)], name, "signal", ws.clock.now_ms())
        try:
            latch.latch(asked)
        except StorageFailed:  # no intent can be written down either, so that nothing is sent
            obedience.unlatched = asked

    before: dict[signal.Signals, Any] = {n: signal.signal(n, demand) for n in actions}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
