"""Ticks at bar closes, until told to stop."""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from types import FrameType
from typing import Any

from apscheduler.events import EVENT_JOB_REMOVED, JobEvent
from apscheduler.executors.debug import DebugExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.base import BaseTrigger

from xq.timeframe import Timeframe

GRACE_SECONDS = 8.0
"""How long a tick may go on after the first signal; the journal makes a cut safe."""

_TICK = "tick"


class BarClose(BaseTrigger):  # type: ignore[misc]
    """Fires a little after every bar close of a venue whose clock may differ from ours.

    Parameters
    ----------
    ahead_ms
        Venue time less wall time.
    offset_ms
        Wait after the close.
    """

    def __init__(self, timeframe: Timeframe, offset_ms: int, ahead_ms: int = 0) -> None:
        self._timeframe = timeframe
        self._offset_ms = offset_ms
        self._ahead_ms = ahead_ms
        self.is_over = False

    def synchronise(self, ahead_ms: int) -> None:
        """Learn how far the venue's clock is ahead of ours."""
        self._ahead_ms = ahead_ms

    def get_next_fire_time(
        self, previous_fire_time: datetime | None, now: datetime
    ) -> datetime | None:
        """The first close plus offset after the previous one and not before now."""
        if self.is_over:
            return None
        earliest = _epoch_ms(now)
        if previous_fire_time is not None:
            earliest = max(earliest, _epoch_ms(previous_fire_time) + 1)
        due = self.next_ms(earliest)
        return datetime.fromtimestamp(due / 1000, UTC)

    def next_ms(self, earliest_ms: int) -> int:
        """Wall time of the first tick at or after ``earliest_ms``."""
        shift = self._offset_ms - self._ahead_ms
        return self._timeframe.ceil(earliest_ms - shift) + shift


def _epoch_ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


@dataclass
class Stop:
    """Whether somebody asked to end, and whether a tick is under way."""

    asked: bool = False
    busy: bool = False


class Bell:
    """Calls, from another thread, for something that is otherwise done from time to time."""

    def __init__(self) -> None:
        self._early = False
        self._answer: Callable[[], object] | None = None

    def ring(self) -> None:
        """Call; it may wait until a tick or look under way is over."""
        self._early = True
        if self._answer is not None:
            self._answer()

    def hang(self, answer: Callable[[], object]) -> None:
        """Say how calls are answered; one that came before is answered now."""
        self._answer = answer
        if self._early:
            answer()


@dataclass(frozen=True, slots=True)
class Between:
    """What is done between bar closes, and how often; at once when its bell rings."""

    act: Callable[[], None]
    seconds: float
    bell: Bell | None = None


def run(
    trigger: BarClose,
    act: Callable[[], None],
    *,
    cycles: int | None = None,
    grace_seconds: int,
    between: Sequence[Between] = (),
) -> bool:
    """Act now and at every close until a signal comes or ``cycles`` are done.

    A tick that comes late runs once, on the newest closed bar; ticks missed meanwhile are dropped
    (``coalesce``, ``max_instances=1``), one later than ``grace_seconds`` waits for the next close.
    SIGINT and SIGTERM let a tick under way finish for 8 s; a second one cuts it.

    Parameters
    ----------
    act
        One tick; handles the errors that the next tick may not meet. Any other ends the loop and
        is raised.
    between
        Done from time to time while no tick is under way; what was missed is not made up for, what
        comes late because another was under way is done then.

    Returns
    -------
    bool
        Whether a tick was cut off.
    """
    stop = Stop()
    done = 0
    cut = False
    failed: Exception | None = None

    def guarded(action: Callable[[], None]) -> None:
        nonlocal cut, failed
        stop.busy = True
        try:
            action()
        except KeyboardInterrupt:
            stop.asked = cut = True
        except Exception as error:  # noqa: BLE001 - the scheduler would log it and go on trading
            stop.asked, failed = True, error
        finally:
            stop.busy = False
        if stop.asked:
            trigger.is_over = True

    def once() -> None:
        nonlocal done
        guarded(act)
        done += 1
        if stop.asked or (cycles is not None and done >= cycles):
            trigger.is_over = True

    # While waiting, a signal's KeyboardInterrupt ends the wait. It is no Exception, so that nothing
    # between the handler and here can take it for a failed request.
    with _signals(stop, trigger), suppress(KeyboardInterrupt):
        once()
        if not trigger.is_over:
            looks = [replace(look, act=partial(guarded, look.act)) for look in between]
            _schedule(trigger, once, grace_seconds, looks)
    if failed is not None:
        raise failed
    return cut


def _schedule(
    trigger: BarClose, once: Callable[[], None], grace_seconds: int, between: Sequence[Between]
) -> None:
    """Ticks run in this thread, so that a signal reaches them."""
    scheduler = BlockingScheduler(timezone=UTC, executors={"default": DebugExecutor()})

    def end() -> None:
        if scheduler.running:
            scheduler.shutdown(wait=False)

    def removed(event: JobEvent) -> None:
        if event.job_id == _TICK:
            end()

    scheduler.add_listener(removed, EVENT_JOB_REMOVED)
    scheduler.add_job(
        once,
        trigger,
        id=_TICK,
        coalesce=True,
        max_instances=1,
        misfire_grace_time=grace_seconds,
    )

    def look(act: Callable[[], None]) -> None:
        act()
        if trigger.is_over:
            end()

    for each in between:
        add = partial(scheduler.add_job, partial(look, each.act), misfire_grace_time=None)
        add("interval", seconds=each.seconds, coalesce=True, max_instances=1)
        if each.bell is not None:
            each.bell.hang(partial(add, id="bell", replace_existing=True))
    try:
        scheduler.start()
    except JobLookupError:  # a look that was told to end has ended the scheduler under itself
        if not trigger.is_over:
            raise


@contextmanager
def _signals(stop: Stop, trigger: BarClose) -> Iterator[None]:
    def ask(_number: int, _frame: FrameType | None) -> None:
        again, stop.asked, trigger.is_over = stop.asked, True, True
        if again or not stop.busy:
            raise KeyboardInterrupt
        signal.setitimer(signal.ITIMER_REAL, GRACE_SECONDS)

    def cut(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    handlers: dict[signal.Signals, Any] = {
        signal.SIGINT: ask,
        signal.SIGTERM: ask,
        signal.SIGALRM: cut,
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
