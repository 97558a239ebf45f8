"""Asking a venue something, safely repeatable: retries, waits and errors in our own words."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import TypeVar, cast

from xq.errors import VenueError, VenueRefused, VenueUnclear, VenueUnreachable, XqError
from xq.ports import Clock
from xq.redact import clean
from xq.venues.outcomes import Failure, Reply, Rules, Wire, error_code
from xq.venues.pace import LONGEST_WAIT, Pace, retry_after
from xq.venues.wire import WireSession

T = TypeVar("T")

OFFLINE_HINT = "add --exchange sim to use the embedded venue; it needs no network"
_BLOCKED = frozenset({403, 451})
_HINT_SLOWER = "wait a minute, then run the same command again; it resumes"


@dataclass(frozen=True, slots=True)
class Retry:
    """Full jitter: each wait is uniform between nothing and a ceiling that doubles."""

    attempts: int = 4
    first: float = 0.25
    ceiling: float = 4.0

    def wait(self, attempt: int, rng: Random) -> float:
        """Seconds before the try after number ``attempt`` (from 0)."""
        return rng.uniform(0.0, min(self.ceiling, self.first * 2**attempt))


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a read failed and whether to ask again, ``after`` seconds if the venue said so."""

    error: VenueError
    again: bool = False
    after: float | None = None


class Reader:
    """Runs reads of one venue; thread-safe, the session comes with each call.

    Parameters
    ----------
    name
        The venue, for messages.
    """

    def __init__(
        self, name: str, rules: Rules, pace: Pace, clock: Clock, retry: Retry | None = None
    ) -> None:
        self._name = name
        self._rules = rules
        self._pace = pace
        self._clock = clock
        self._retry = retry or Retry()
        self._rng = Random(clock.now_ms())  # noqa: S311 - jitter, not a secret

    def __call__(
        self,
        session: WireSession,
        what: str,
        ask: Callable[[], T],
        *,
        weight: int = 1,
        checked: bool = False,
    ) -> T:
        """Ask until there is an answer, the venue says no, or the tries are used up.

        Parameters
        ----------
        weight
            What the venue counts for the request.
        checked
            Whether ``ask`` itself refuses an answer that is no data.

        Raises
        ------
        VenueUnreachable, VenueRefused, VenueUnclear
            Naming the venue and what was asked.
        """
        for attempt in count():
            minute = self._pace.wait(weight)
            answer, problem = self._once(session, ask, checked)
            headers = session.last.headers if isinstance(session.last, Reply) else {}
            self._pace.learn(headers, weight, minute)
            if problem is None:
                return cast(T, answer)
            last = attempt + 1 >= self._retry.attempts
            if last or not problem.again or (problem.after or 0.0) > LONGEST_WAIT:
                problem.error.where = problem.error.where or f"{self._name}: {what}"
                raise problem.error
            if problem.after is not None:
                self._pace.pause(problem.after)
            else:
                self._clock.sleep(self._retry.wait(attempt, self._rng))
        raise VenueUnclear(
            f"{self._name} was not asked"
        )  # count() never ends; for the type checker

    def _once(
        self, session: WireSession, ask: Callable[[], T], checked: bool
    ) -> tuple[T | None, Problem | None]:
        session.forget()
        try:
            answer = ask()
        except VenueError as error:  # ours: an odd answer, or an address we must not ask
            doubt = _doubt(self._name, session.last) if isinstance(session.last, Reply) else None
            return None, doubt or Problem(error)
        except XqError:
            raise
        except Exception as error:  # noqa: BLE001 - ccxt raises anything on an odd body
            problem = diagnose(self._name, self._rules, session.last, error, self._clock.now_ms())
            if isinstance(session.last, Reply) and session.last.status == 418:
                self._pace.ban(problem.after)
            return None, problem
        if isinstance(session.last, Reply) and not checked:
            return answer, _doubt(self._name, session.last)
        return answer, None


def diagnose(name: str, rules: Rules, wire: Wire | None, error: Exception, now_ms: int) -> Problem:
    """Turn a failed read into our error, judged by the wire first and ccxt's words second."""
    if wire is None:
        return Problem(VenueRefused(f"{name} cannot do this: {_short(error)}"))
    if isinstance(wire, Failure):
        hopeless = "certificate" in wire.reason or "proxy" in wire.reason
        text = f"{name} cannot be reached: {wire.reason}"
        return Problem(VenueUnreachable(text, hint=_hint(name)), again=not hopeless)
    wait = retry_after(wire.headers, now_ms)
    if wire.status == 418:
        text = f"{name} has banned this address for asking too often"
        return Problem(VenueRefused(text, hint=_HINT_SLOWER), after=wait)
    if wire.status == 429:
        text = f"{name} says: too many requests"
        return Problem(VenueRefused(text, hint=_HINT_SLOWER), again=True, after=wait)
    code, message = error_code(rules, wire)
    if code is not None and 400 <= wire.status < 500:
        return Problem(VenueRefused(f"{name} refused with code {code}: {message}"))
    if wire.status >= 300:
        return _bad_status(name, wire, wait, message)
    return _doubt(name, wire) or _odd_answer(name, error)


def _doubt(name: str, reply: Reply) -> Problem | None:
    """Why an answer is no data, whatever ccxt made of it."""
    return _bad_status(name, reply) if reply.status >= 300 else _not_data(name, reply)


def _bad_status(name: str, wire: Reply, wait: float | None = None, message: str = "") -> Problem:
    if wire.status in _BLOCKED:
        text = f"{name} does not serve this address (HTTP status {wire.status})"
        return Problem(VenueUnreachable(text, hint=OFFLINE_HINT))
    if wire.status < 500:
        return Problem(
            VenueUnreachable(f"{name} answered with HTTP status {wire.status}", hint=_hint(name))
        )
    said = f": {message}" if message else ""
    text = f"{name} is failing (HTTP status {wire.status}{said})"
    return Problem(VenueUnreachable(text, hint=_hint(name)), again=True, after=wait)


def _not_data(name: str, reply: Reply) -> Problem | None:
    import orjson

    try:
        payload = orjson.loads(reply.body)
    except ValueError:
        payload = None
    if isinstance(payload, dict | list):
        return None
    text = f"{name} answered with something that is not data"
    return Problem(VenueUnclear(text, hint=_hint(name)), again=True)


def _odd_answer(name: str, error: Exception) -> Problem:
    """HTTP 200 with an error inside, or a shape nobody knows."""
    from ccxt.base.errors import BaseError, OperationFailed

    if isinstance(error, BaseError):
        text = f"{name} refused: {_short(error)}"
        return Problem(VenueRefused(text), again=isinstance(error, OperationFailed))
    return Problem(VenueUnclear(f"{name} answered in an unknown shape ({type(error).__name__})"))


def _hint(name: str) -> str:
    return "xq doctor" if name == "sim" else OFFLINE_HINT


def _short(error: Exception) -> str:
    text = clean(" ".join(str(error).split())) or type(error).__name__  # whole, before it is cut
    return text if len(text) <= 200 else text[:197] + "..."
