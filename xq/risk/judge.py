"""Which switches trip on given readings. Whatever cannot be trusted trips as well."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from xq.risk.readings import FUTURE_MS, Reading, Readings, is_number
from xq.risk.switches import LEAST_SAMPLES, Action, Cause, Rules, Switch, SwitchRule, Trip

_ZERO, _ONE = Decimal(0), Decimal(1)


@dataclass(frozen=True, slots=True)
class _Kind:
    """Which values a reading can have, and how one is told."""

    low: Decimal | None
    high: Decimal | None
    told: Callable[[Decimal], str]
    whole: bool = False
    falling: bool = False  # the threshold is a depth, the reading at most 0


def _short(value: Decimal) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")


def _fraction(value: Decimal) -> str:
    return f"{_short(value * 100)} %"


_KINDS: Mapping[Switch, _Kind] = MappingProxyType(
    {
        Switch.DAILY_LOSS: _Kind(None, None, _short),
        Switch.LOSING_STREAK: _Kind(_ZERO, None, lambda v: f"{v:f} in a row", whole=True),
        Switch.VOLATILITY: _Kind(_ZERO, None, _fraction),
        Switch.API_ERRORS: _Kind(_ZERO, _ONE, _fraction),
        Switch.DISAGREEMENT: _Kind(_ZERO, _ONE, _fraction),
        Switch.DRAWDOWN: _Kind(-_ONE, _ZERO, _fraction, falling=True),
        Switch.LEVERAGE: _Kind(_ZERO, None, lambda v: f"{_short(v)} times equity"),
    }
)


def judge(readings: Readings, rules: Rules, now_ms: int) -> tuple[Trip, ...]:
    """Every switch that trips now, in the order of `Switch`.

    A switch trips when its reading *reaches* the threshold, and when it is enabled but blind: no
    rule, no reading, none that is a number of its kind, or none that is fresh. Blindness demands at
    most that resting orders are cancelled, never that positions are closed. API errors are judged
    from 20 calls on, disagreement from two declared forecasts on.

    Parameters
    ----------
    now_ms
        On the clock by which the readings are dated.

    Examples
    --------
    >>> from xq.risk.switches import DEFAULT_RULES
    >>> rule = {Switch.LEVERAGE: DEFAULT_RULES[Switch.LEVERAGE]}
    >>> off = {s: SwitchRule(Decimal(1), enabled=False) for s in Switch}
    >>> judge(Readings(leverage=Reading(Decimal("9.9"), 0)), off | rule, 0)
    ()
    >>> [trip.reason for trip in judge(Readings(leverage=Reading(Decimal(10), 0)), off | rule, 0)]
    ['leverage is 10 times equity, at most 10 times equity']
    >>> [trip.reason for trip in judge(Readings(), off | rule, 0)]
    ['leverage is not known: nobody took a reading']
    """
    found = (_judged(switch, readings.of(switch), rules.get(switch), now_ms) for switch in Switch)
    return tuple(trip for trip in found if trip is not None)


def _judged(
    switch: Switch, reading: Reading | None, rule: SwitchRule | None, now_ms: int
) -> Trip | None:
    if rule is None:
        return _blind(switch, Action.CANCEL, "it has no rule", now_ms)
    if not rule.enabled:
        return None
    problem = _broken_rule(rule) or _untrusted(switch, reading, rule, now_ms)
    if problem:
        return _blind(switch, rule.action, problem, now_ms)
    if reading is None or not _applies(switch, reading):
        return None
    problem = _no_value(switch, reading)
    if problem or reading.value is None:
        return _blind(switch, rule.action, problem, now_ms)
    kind = _KINDS[switch]
    if (-reading.value if kind.falling else reading.value) < rule.threshold:
        return None
    name, bound = switch.value.replace("_", " "), kind.told(rule.threshold)
    reason = f"{name} is {kind.told(reading.value)}, at most {bound}"
    return Trip(switch, Cause.LIMIT, rule.action, now_ms, reason, reading.value, rule.threshold)


def _blind(switch: Switch, action: Action, problem: str, now_ms: int) -> Trip:
    mild = min(action, Action.CANCEL, key=lambda one: one.gravity)
    reason = f"{switch.value.replace('_', ' ')} is not known: {problem}"
    return Trip(switch, Cause.BLIND, mild, now_ms, reason)


def _broken_rule(rule: SwitchRule) -> str:
    if not is_number(rule.threshold) or rule.threshold <= 0:
        return f"its threshold must be a positive number, found {rule.threshold}"
    return ""


def _untrusted(switch: Switch, reading: Reading | None, rule: SwitchRule, now_ms: int) -> str:
    if reading is None:
        return "nobody took a reading"
    if not _whole(reading.as_of_ms) or reading.as_of_ms is None:
        return reading.problem or "it has no time"
    age = now_ms - reading.as_of_ms
    if age < -FUTURE_MS:
        return f"it is dated {-age / 1000:g} s in the future"
    if age > rule.max_age_ms:
        return f"it is {age / 1000:g} s old, at most {rule.max_age_ms / 1000:g} s"
    if switch in LEAST_SAMPLES and not (_whole(reading.samples) and (reading.samples or 0) >= 0):
        return reading.problem or f"it rests on {reading.samples} samples"
    return ""


def _applies(switch: Switch, reading: Reading) -> bool:
    return (reading.samples or 0) >= LEAST_SAMPLES.get(switch, 0)


def _no_value(switch: Switch, reading: Reading) -> str:
    value, kind = reading.value, _KINDS[switch]
    if value is None:
        return reading.problem or "it has no value"
    if not is_number(value):
        return f"it is {value!r}, not a number"
    below = kind.low is not None and value < kind.low
    above = kind.high is not None and value > kind.high
    if below or above or (kind.whole and value != value.to_integral_value()):
        return f"it cannot be {value}"
    return ""


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
