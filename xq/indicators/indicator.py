"""What an indicator is: a pure function of bars with its parameters, memory and source."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil, comb, log
from typing import Any, Generic, Literal, Required, TypedDict, TypeVar, Unpack, cast

import numpy as np

from xq.bars import Bars
from xq.errors import UsageError, unknown
from xq.indicators.columns import over_columns

R = TypeVar("R")
Number = int | float
Kind = Literal["finite", "decaying", "anchored"]
Anchor = Literal["", "UTC day", "reversal", "confirmed swing"]
Unit = Literal["price", "log price", "volume", "percent", "number", "time"]

SEED_WEIGHT = 1e-12
"""A start is forgotten when its weight is below this. At 1e-9 the RSI of a market that has just
gone quiet still shows its start in the eighth digit; at 1e-12 window and full run agree to 1e-9."""

_HINT = "xq indicators list"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number an indicator takes; whole when its default is whole."""

    name: str
    default: Number
    low: Number
    high: Number
    unit: str = ""

    @property
    def range(self) -> str:
        """Name, least and largest value, unit: ``length 2 to 10000 bars``."""
        return f"{self.name} {self.low:g} to {self.high:g} {self.unit}".rstrip()

    def accept(self, value: object, owner: str) -> Number:
        """The value in its own type.

        Raises
        ------
        UsageError
            If it is not a number of that kind, or out of range.
        """
        kind = "a whole number" if isinstance(self.default, int) else "a number"
        try:
            number = float(cast(str, value))
        except (TypeError, ValueError):
            raise self._refused(owner, kind, value) from None
        if isinstance(self.default, int) and not number.is_integer():
            raise self._refused(owner, kind, value)
        if not self.low <= number <= self.high:
            raise self._refused(owner, kind, value)
        return int(number) if isinstance(self.default, int) else number

    def _refused(self, owner: str, kind: str, value: object) -> UsageError:
        unit = f" {self.unit}" if self.unit else ""
        expected = f"{kind} between {self.low:g} and {self.high:g}{unit}"
        return UsageError(f"{owner}: {self.name} must be {expected}, found {value}", hint=_HINT)


LENGTH_LIMIT = 10_000


def length(default: int, name: str = "length", low: int = 2) -> Parameter:
    """A number of bars."""
    return Parameter(name, default, low, LENGTH_LIMIT, "bars")


@dataclass(frozen=True)
class Indicator(Generic[R]):
    """A pure function of bars with its parameters, its memory and its source.

    Attributes
    ----------
    inputs
        Arrays it takes, by their name in `Bars`; ``close`` may be any series.
    outputs
        Names of its results; one result comes as an array, several as a named tuple.
    kind
        ``finite`` (a fixed number of bars), ``decaying`` (recursive, its start fades) or
        ``anchored`` (from an event on: a UTC day, a reversal).
    source, convention
        Where it is defined, and which of the customary variants this is.
    start
        How a recursion begins; empty where nothing is carried on.
    ddof
        Subtracted from the divisor of a deviation; None where there is none.
    anchor
        The event that an anchored one counts from.
    undefined
        Where there is no value even after warm-up; empty for nowhere.
    units
        Of each output: prices and volumes scale with their inputs, percents and numbers do not;
        a time is epoch ms. A log price moves by a constant when prices are in another unit.

    Examples
    --------
    >>> from xq import indicators as ta
    >>> ta.sma([1.0, 2.0, 3.0, 4.0], 2).tolist()
    [nan, 1.5, 2.5, 3.5]
    >>> ta.sma.memory(20), ta.ema.memory(20)
    (20, 297)
    >>> ta.bbands([1.0, 2.0, 3.0], length=2, width=1.0).upper.tolist()
    [nan, 2.0, 3.0]
    """

    name: str
    title: str
    inputs: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    outputs: tuple[str, ...]
    kind: Kind
    source: str
    convention: str
    start: str
    ddof: int | None
    anchor: Anchor
    undefined: str
    units: tuple[Unit, ...]
    compute: Callable[..., tuple[np.ndarray, ...]] = field(repr=False)
    needs: Callable[..., int] = field(repr=False)
    shape: Callable[..., R] = field(repr=False)

    def __call__(self, *arguments: object, **named: Number) -> R:
        """Compute on ``(T,)`` or ``(T, N)`` arrays, or on `Bars`; parameters follow.

        NaN while there are not enough bars, and again after every bar that is not finite.

        Raises
        ------
        UsageError
            If a parameter is out of range or unknown.
        ValueError
            If the inputs differ in shape.
        """
        count = len(self.inputs)
        if arguments and isinstance(bars := arguments[0], Bars):
            arguments = (*(getattr(bars, name) for name in self.inputs), *arguments[1:])
        if len(arguments) < count:
            raise UsageError(f"{self.name} takes bars, or {', '.join(self.inputs)}", hint=_HINT)
        values = self.resolve(arguments[count:], named)
        results = over_columns(
            lambda *lines: self.compute(*lines, *values), arguments[:count], len(self.outputs)
        )
        return self.shape(*results)

    def memory(self, *positional: object, **named: object) -> int:
        """Bars, this one included, that the value of one bar depends on; a day as minutes."""
        return self.needs(*self.resolve(positional, named))

    def resolve(self, positional: tuple[object, ...], named: dict[str, Any]) -> tuple[Number, ...]:
        """Every parameter's value: given ones checked, the others at their default."""
        if len(positional) > len(self.parameters):
            raise UsageError(f"{self.signature} takes no further parameter", hint=_HINT)
        known = {parameter.name: parameter for parameter in self.parameters}
        given = dict(zip(known, positional, strict=False))
        for name, value in named.items():
            if name not in known:
                raise unknown(f"parameter of {self.name}", name, known, hint=self.signature)
            if name in given:
                raise UsageError(f"{self.name}: {name} is given twice", hint=_HINT)
            given[name] = value
        return tuple(p.accept(given.get(p.name, p.default), self.name) for p in self.parameters)

    @property
    def signature(self) -> str:
        """Name and parameters with their defaults, as the command line takes them."""
        return ":".join([self.name, *(f"{p.name}={p.default:g}" for p in self.parameters)])


def fading(start: int, alpha: float, depth: int = 1) -> int:
    """Bars of a recursive average: its start, then until the start's weight is gone.

    Averages of averages, ``depth`` of them with the same ``alpha``, forget with the chance that
    as many coin tosses as bars show fewer than ``depth`` heads.

    Examples
    --------
    >>> fading(20, 2 / 21), fading(58, 2 / 21, depth=3)
    (297, 401)
    """
    bars = ceil(log(SEED_WEIGHT) / log(1 - alpha))
    while _remembered(bars, alpha, depth) > SEED_WEIGHT:
        bars += 1 + bars // 256
    return start + bars


def _remembered(bars: int, alpha: float, depth: int) -> float:
    return sum(comb(bars, k) * alpha**k * (1 - alpha) ** (bars - k) for k in range(depth))


class Facts(TypedDict, total=False):
    """What an indicator states beside its arithmetic; see `Indicator`."""

    inputs: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    memory: Required[Callable[..., int]]
    source: Required[str]
    kind: Kind
    convention: str
    start: str
    ddof: int | None
    anchor: Anchor
    undefined: str
    units: Required[Unit | tuple[Unit, ...]]


def indicator(
    **facts: Unpack[Facts],
) -> Callable[[Callable[..., np.ndarray]], Indicator[np.ndarray]]:
    """Make an indicator of a function of one-dimensional runs; its first line is the title."""

    def enter(compute: Callable[..., np.ndarray]) -> Indicator[np.ndarray]:
        outputs = (compute.__name__,)
        return _entry(compute, lambda *lines: (compute(*lines),), outputs, _single, facts)

    return enter


T = TypeVar("T", bound=tuple[np.ndarray, ...])


def indicators(
    result: type[T], **facts: Unpack[Facts]
) -> Callable[[Callable[..., tuple[np.ndarray, ...]]], Indicator[T]]:
    """Like `indicator`, for several outputs: the fields of the named tuple ``result``."""

    def enter(compute: Callable[..., tuple[np.ndarray, ...]]) -> Indicator[T]:
        return _entry(compute, compute, tuple(result.__annotations__), result, facts)

    return enter


def _entry(
    named: Callable[..., object],
    compute: Callable[..., tuple[np.ndarray, ...]],
    outputs: tuple[str, ...],
    shape: Callable[..., R],
    facts: Facts,
) -> Indicator[R]:
    units = facts["units"]
    return Indicator(
        name=named.__name__,
        title=(named.__doc__ or "").strip().splitlines()[0].rstrip("."),
        inputs=facts.get("inputs", ("close",)),
        parameters=facts.get("parameters", ()),
        outputs=outputs,
        kind=facts.get("kind", "finite"),
        source=facts["source"],
        convention=facts.get("convention", ""),
        start=facts.get("start", ""),
        ddof=facts.get("ddof"),
        anchor=facts.get("anchor", ""),
        undefined=facts.get("undefined", ""),
        units=(units,) * len(outputs) if isinstance(units, str) else units,
        compute=compute,
        needs=facts["memory"],
        shape=shape,
    )


def _single(values: np.ndarray) -> np.ndarray:
    return values
