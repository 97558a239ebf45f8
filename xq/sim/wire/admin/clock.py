"""The venue's time in the hands of who runs it: speed, pause, steps, jumps."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from xq.errors import UsageError, unknown
from xq.sim.pace import Pace
from xq.sim.venue import SimVenue
from xq.timeframe import Timeframe

_KEYS = ("speed", "paused", "step", "next", "seek")
_LATEST_MS = 4_102_444_800_000  # 2100


def shown(venue: SimVenue) -> dict[str, Any]:
    """How time passes."""
    clock = venue.clock
    return {"speed": str(clock.pace), "paused": clock.pace.paused, "ended": clock.ended}


def change(venue: SimVenue, wish: object) -> None:
    """Do what one key of a mapping asks.

    ``speed`` is a number or ``max``, ``paused`` true or false, ``step`` a timeframe or milliseconds
    to move by, ``next`` a timeframe whose next bar shall close, ``seek`` a moment, ISO or epoch ms.

    Raises
    ------
    UsageError
        If it asks for something else, or for the past.
    """
    if not isinstance(wish, Mapping) or len(wish) != 1:
        raise UsageError(f"expected one of {', '.join(_KEYS)}, found {wish!r}")
    [(key, value)] = wish.items()
    if key == "speed":
        pace = Pace.parse(value if isinstance(value, str) else _text(value))
        venue.set_pace(replace(pace, paused=venue.clock.pace.paused))
    elif key == "paused":
        if not isinstance(value, bool):
            raise UsageError(f"expected paused to be true or false, found {value!r}")
        venue.set_pace(replace(venue.clock.pace, paused=value))
    elif key == "step":
        venue.seek(_within(venue.clock.now_ms() + _length_ms(value)))
    elif key == "next":
        venue.seek(_within(venue.clock.next_bar(_timeframe(value))))
    elif key == "seek":
        venue.seek(_within(_moment_ms(value)))
    else:
        raise unknown("key", str(key), _KEYS)


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UsageError(f"expected a speed as a number or max, found {value!r}")
    return str(value)


def _length_ms(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    return _timeframe(value).ms


def _timeframe(value: object) -> Timeframe:
    if not isinstance(value, str):
        raise UsageError(f"expected a timeframe like 1m or 1h, found {value!r}")
    return Timeframe.parse(value)


def _moment_ms(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None:
        raise UsageError(f"expected an ISO time or epoch milliseconds, found {value!r}")
    moment = found if found.tzinfo else found.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def _within(ts_ms: int) -> int:
    if ts_ms > _LATEST_MS:
        raise UsageError("expected a time before the year 2100")
    return ts_ms
