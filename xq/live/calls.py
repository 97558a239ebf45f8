"""The log of calls to a venue: what the switch for API errors is judged on."""

from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar, cast

from xq.errors import VenueError, VenueRefused
from xq.ports import Clock
from xq.risk.measure_trades import Call
from xq.types import Outcome, OutcomeKind

P = TypeVar("P")

Listener = Callable[[str, float, bool, object], None]
"""Told of every call: its name, how many seconds it took, whether it failed, and the answer."""

_LONGEST = 10_000
_ANSWERS = (OutcomeKind.ACCEPTED, OutcomeKind.REJECTED)


class CallLog:
    """The newest calls of a run, by our clock; it lives as long as its process."""

    def __init__(self, clock: Clock, listener: Listener | None = None) -> None:
        self._clock = clock
        self._listeners = [] if listener is None else [listener]
        self._calls: deque[Call] = deque(maxlen=_LONGEST)

    def tell(self, listener: Listener) -> None:
        """From now on tell this listener, too."""
        self._listeners.append(listener)

    def note(self, failed: bool) -> None:
        """Write down a call that ended now."""
        self._calls.append(Call(self._clock.now_ms(), failed))

    def time(self) -> float:
        """Seconds on a clock that never goes back."""
        return self._clock.monotonic()

    def ended(self, name: str, began: float, failed: bool, answer: object = None) -> None:
        """Write down a call that ended now, and tell who listens."""
        self.note(failed)
        for listener in self._listeners:
            listener(name, self._clock.monotonic() - began, failed, answer)

    def calls(self, ahead_ms: int = 0) -> tuple[Call, ...]:
        """All of them, dated by a clock that is so far ahead of ours."""
        return tuple(Call(call.ts_ms + ahead_ms, call.failed) for call in tuple(self._calls))

    def listen(self, port: P) -> P:
        """The same port, each of whose calls is written down."""
        return cast(P, _Heard(port, self))


class _Heard:
    """A port between the loop and a venue; it adds nothing and swallows nothing."""

    def __init__(self, port: object, log: CallLog) -> None:
        self._port, self._log = port, log

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        return self._heard(name, found) if callable(found) else found

    def _heard(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def heard(*args: Any, **options: Any) -> Any:
            began = self._log.time()
            try:
                answer = call(*args, **options)
            except VenueError as error:
                refused = isinstance(error, VenueRefused)  # a definite no is an answer
                self._log.ended(name, began, failed=not refused)
                raise
            unclear = isinstance(answer, Outcome) and answer.kind not in _ANSWERS
            self._log.ended(name, began, unclear, answer)
            return answer

        return heard
