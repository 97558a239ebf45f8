"""Messages to people: rationed, sent by a thread of their own, and never in trading's way."""

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xq.observe.event import Event, Level
from xq.observe.rationed import Rationed
from xq.observe.targets import Target
from xq.ports import Clock
from xq.redact import clean

_LONGEST_QUEUE = 200
_WAITS = (1.0, 5.0)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is to be told, and how often.

    Attributes
    ----------
    least
        Events of less weight are not told.
    kinds
        Told beside alarms, which always are.
    burst, every_seconds
        Messages of one kind in a row, and how long until one more.
    seconds
        Longest wait for one service.
    """

    least: Level
    kinds: frozenset[str]
    burst: int = 5
    every_seconds: float = 60.0
    seconds: float = 10.0

    def want(self, event: Event) -> bool:
        """Whether somebody wants to hear of it."""
        if event.level is Level.ALARM:
            return True
        return event.kind in self.kinds and event.level.reaches(self.least)


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a message at one target; ``problem`` is None if it was taken."""

    target: str
    problem: str | None


Told = Callable[[Sent], None]
_Message = tuple[str, str, Level]


class Notifier:
    """Sends what is wanted to every target.

    Parameters
    ----------
    title
        Whose messages these are, as every one begins.
    told
        Hears what became of each message; called by the sending thread.

    Attributes
    ----------
    dropped
        Messages for which the queue had no room.
    """

    def __init__(
        self, targets: Sequence[Target], wishes: Wishes, clock: Clock, title: str, told: Told
    ) -> None:
        self._targets, self._wishes, self._clock = tuple(targets), wishes, clock
        self._title, self._told = title, told
        self._ration = Rationed(wishes.burst, wishes.every_seconds)
        self._turn = threading.Lock()
        self._queue: queue.Queue[_Message | None] = queue.Queue(_LONGEST_QUEUE)
        self._ending = threading.Event()
        self.dropped = 0
        self._thread = threading.Thread(target=self._send_all, name="xq-notify", daemon=True)
        self._thread.start()

    def take(self, event: Event) -> None:
        """Queue a message if the event is wanted and its kind not exhausted; returns at once."""
        if not self._wishes.want(event):
            return
        with self._turn:
            missed = self._ration.admit(event.kind, self._clock.monotonic())
        if missed is None:
            return
        more = f"\n({missed} more of these were left out before)" if missed else ""
        self._put((event.kind.replace("_", " "), clean(event.text) + more, event.level))

    def tell_left_out(self, *, all_of_them: bool = False) -> None:
        """Say how many were left out of kinds that have fallen silent since."""
        with self._turn:
            found = self._ration.overdue(self._clock.monotonic(), all_of_them=all_of_them)
        for kind, count in found.items():
            text = f"{count} more messages about {kind.replace('_', ' ')} were left out"
            self._put((kind.replace("_", " "), text, Level.INFO))

    def close(self, seconds: float) -> None:
        """Send what is queued, for so long at most."""
        self.tell_left_out(all_of_them=True)
        self._ending.set()
        self._put(None)
        self._thread.join(seconds)

    def _put(self, message: _Message | None) -> None:
        try:
            self._queue.put_nowait(message)
        except queue.Full:
            self.dropped += 1

    def _send_all(self) -> None:
        while True:
            try:
                message = self._queue.get(timeout=self._wishes.every_seconds)
            except queue.Empty:
                if self._ending.is_set():
                    return
                self.tell_left_out()
                continue
            if message is None:
                return
            for target in self._targets:
                self._told(Sent(target.name, self._send(target, *message)))

    def _send(self, target: Target, kind: str, text: str, level: Level) -> str | None:
        """Try, and again after a while; not while the run waits for its end."""
        title = f"{self._title}: {kind}"
        problem = target.send(title, text, level, self._wishes.seconds)
        for wait in _WAITS:
            if problem is None or self._ending.wait(wait):
                break
            problem = target.send(title, text, level, self._wishes.seconds)
        return problem
