"""Typed parameters of a strategy: a default, a range, and what overrides may say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from xq.errors import UsageError, unknown

Value = int | float | bool | str

_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a strategy, of its default's type.

    Attributes
    ----------
    low, high
        Inclusive range; None is open.
    choices
        The words a text parameter may take; empty for any.
    """

    default: Value
    low: float | None = None
    high: float | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()
    name: str = ""

    @property
    def kind(self) -> str:
        """``int``, ``float``, ``bool`` or ``str``."""
        return type(self.default).__name__

    @property
    def expected(self) -> str:
        """What a value must be, in words."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        what = {"int": "a whole number", "float": "a number", "bool": "true or false"}
        text = what.get(self.kind, "text")
        if self.low is not None and self.high is not None:
            text += f" between {self.low:g} and {self.high:g}"
        elif self.low is not None:
            text += f" of at least {self.low:g}"
        elif self.high is not None:
            text += f" of at most {self.high:g}"
        return f"{text} {self.unit}".strip()

    def accept(self, value: object) -> Value:
        """The value in the parameter's type; text is read as the command line would.

        Raises
        ------
        UsageError
            If it cannot be, or is out of range.

        Examples
        --------
        >>> Parameter(12, low=2, high=200, name="fast").accept("20")
        20
        """
        read = _READERS[self.kind](value)
        if read is None or not self._within(read):
            raise UsageError(
                f"{self.name} must be {self.expected}, found {value}",
                hint=f"--param {self.name}={self.default}",
            )
        return read

    def _within(self, value: Value) -> bool:
        if isinstance(value, str):
            return not self.choices or value in self.choices
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


def param(
    default: Value,
    *,
    low: float | None = None,
    high: float | None = None,
    unit: str = "",
    choices: tuple[str, ...] = (),
) -> Any:
    """Declare a strategy's parameter: ``fast: int = param(12, low=2, high=200, unit="bars")``.

    Raises
    ------
    UsageError
        If the default is not a legal value of its own parameter.
    """
    declared = Parameter(default, low, high, unit, tuple(choices), "the default")
    declared.accept(default)
    return declared


def resolve(known: Mapping[str, Parameter], overrides: Mapping[str, object]) -> dict[str, Value]:
    """Every parameter's value: the overrides checked, the rest at their default.

    Raises
    ------
    UnknownName
        If an override names no parameter; the closest is suggested.
    UsageError
        If a value is of the wrong kind or out of range.
    """
    for name in overrides:
        if name not in known:
            listed = ", ".join(known)
            raise unknown("parameter", name, known, hint=f"parameters: {listed or 'none'}")
    return {n: p.accept(overrides[n]) if n in overrides else p.default for n, p in known.items()}


def _whole(value: object) -> Value | None:
    number = _number(value)
    return int(number) if isinstance(number, float) and number.is_integer() else None


def _number(value: object) -> Value | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None


def _truth(value: object) -> Value | None:
    return value if isinstance(value, bool) else _WORDS.get(str(value).lower())


def _text(value: object) -> Value | None:
    return value if isinstance(value, str) else None


_READERS = {"int": _whole, "float": _number, "bool": _truth, "str": _text}
