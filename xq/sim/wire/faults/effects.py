"""The kinds of faults: what each may hit, and what it needs to know."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from xq.sim.wire.faults.fault import Place

REQUIRED = object()

_CALL, _MESSAGE = frozenset({Place.CALL}), frozenset({Place.MESSAGE})
_FOREVER = 0
_LONGEST_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Effect:
    """One kind of fault.

    Attributes
    ----------
    places
        Whether it hits calls, messages, or either.
    options
        Names and defaults; `REQUIRED` where there is none.
    times
        How often it strikes unless told.
    over_http
        Whether it needs a connection of its own, which requests over the WebSocket API lack.
    event
        Messages that it hits unless told.
    """

    places: frozenset[Place]
    options: Mapping[str, Any] = field(default_factory=dict)
    times: int = 1
    over_http: bool = False
    event: str = ""


_BEFORE, _AFTER = {"when": "before"}, {"when": "after"}

EFFECTS: dict[str, Effect] = {
    # the connection
    "delay": Effect(_CALL, {"seconds": REQUIRED} | _BEFORE, over_http=True),
    "reset": Effect(_CALL, _BEFORE, over_http=True),
    "hang": Effect(_CALL, _BEFORE, over_http=True),
    "lose_answer": Effect(_CALL, over_http=True),
    "truncate": Effect(_CALL, {"bytes": 40}, over_http=True),
    # answers that say nothing
    "empty": Effect(_CALL, _AFTER, over_http=True),
    "html": Effect(_CALL, _AFTER, over_http=True),
    "answer": Effect(
        _CALL,
        {"status": 200, "body": REQUIRED, "type": "application/json"} | _BEFORE,
        over_http=True,
    ),
    # answers of a venue in trouble
    "bad_gateway": Effect(_CALL, _BEFORE, over_http=True),
    "unavailable_page": Effect(_CALL, _BEFORE, over_http=True),
    "gateway_timeout": Effect(_CALL, _BEFORE, over_http=True),
    "firewall": Effect(_CALL, _BEFORE, over_http=True),
    "restricted": Effect(_CALL, _BEFORE),
    "unknown_state": Effect(_CALL, _BEFORE),
    "unavailable": Effect(_CALL, _BEFORE),
    "throttled": Effect(_CALL, _BEFORE),
    "internal_error": Effect(_CALL, _BEFORE),
    "disconnected": Effect(_CALL, _BEFORE),
    "unexpected_response": Effect(_CALL, _BEFORE),
    "timeout": Effect(_CALL, _BEFORE),
    "too_many_requests": Effect(_CALL, {"seconds": 60.0}),
    "too_many_orders": Effect(_CALL, {"seconds": 10.0}),
    "ban": Effect(_CALL, {"seconds": 120.0}),
    # the venue itself
    "maintenance": Effect(_CALL, times=_FOREVER),
    "clock_skew": Effect(_CALL, {"ms": REQUIRED}, times=_FOREVER),
    "delist": Effect(_CALL, {"market": REQUIRED}, times=_FOREVER),
    "filters": Effect(
        _CALL,
        {
            "market": REQUIRED,
            "tick": None,
            "lot": None,
            "min_quantity": None,
            "min_notional": None,
        },
        times=_FOREVER,
    ),
    "expire_listen_key": Effect(_CALL | _MESSAGE),
    # messages of streams
    "drop": Effect(_MESSAGE),
    "gap": Effect(_MESSAGE, event="depthUpdate"),
    "duplicate": Effect(_MESSAGE),
    "swap": Effect(_MESSAGE),
    "silence": Effect(_MESSAGE),
    "close": Effect(_MESSAGE, {"code": 1001}),
    "cut": Effect(_MESSAGE),
}


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("a number of seconds")
    if not 0 <= value <= _LONGEST_SECONDS:
        raise ValueError("seconds from 0 to 86400")
    return float(value)


def _whole(low: int, high: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return value

    return read


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a text")
    return value


def _step(value: object) -> Decimal:
    """A step of price or quantity, written as text so that no digit is lost."""
    try:
        found = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        found = None
    if found is None or not found.is_finite() or found <= 0:
        raise ValueError('a positive number as text, like "0.10"')
    return found


def _when(value: object) -> str:
    if value not in ("before", "after"):
        raise ValueError('"before" or "after" the venue has done what was asked')
    return str(value)


_LONG_MS = 10 * 365 * 86_400_000
OPTIONS: dict[str, Callable[[object], Any]] = {
    "seconds": _seconds,
    "when": _when,
    "bytes": _whole(0, 1_000_000),
    "status": _whole(200, 599),
    "body": _text,
    "type": _text,
    "ms": _whole(-_LONG_MS, _LONG_MS),
    "market": _text,
    "tick": _step,
    "lot": _step,
    "min_quantity": _step,
    "min_notional": _step,
    "code": _whole(1000, 4999),
}
