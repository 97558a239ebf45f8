"""Which sets of parameters a sweep tries: ranges and lists, as a grid or drawn at random."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xq.errors import UsageError, unknown
from xq.strategy.parameters import Parameter, Value

LIMIT = 10_000
"""Most sets of one sweep unless told otherwise."""

Params = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Axis:
    """The values one parameter takes, in the order they were given."""

    name: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Space:
    """All parameters that were named; one value means: held fixed.

    Examples
    --------
    >>> space = Space((Axis("fast", (5, 10)), Axis("slow", (20, 30, 40))))
    >>> len(space), list(space.grid())[:2]
    (6, [{'fast': 5, 'slow': 20}, {'fast': 5, 'slow': 30}])
    """

    axes: tuple[Axis, ...]

    def __len__(self) -> int:
        return math.prod(len(axis.values) for axis in self.axes)

    @property
    def swept(self) -> tuple[Axis, ...]:
        """Those with more than one value."""
        return tuple(axis for axis in self.axes if len(axis.values) > 1)

    def at(self, number: int) -> dict[str, Value]:
        """The set of that number in the grid; the last parameter changes first."""
        chosen = []
        for axis in reversed(self.axes):
            number, place = divmod(number, len(axis.values))
            chosen.append((axis.name, axis.values[place]))
        return dict(reversed(chosen))

    def grid(self) -> Iterator[dict[str, Value]]:
        """Every combination."""
        names = [axis.name for axis in self.axes]
        for values in itertools.product(*(axis.values for axis in self.axes)):
            yield dict(zip(names, values, strict=True))

    def random(self, count: int, seed: int) -> list[dict[str, Value]]:
        """``count`` different combinations, in the order they were drawn.

        Examples
        --------
        >>> space = Space((Axis("fast", tuple(range(100))),))
        >>> space.random(3, seed=1) == space.random(5, seed=1)[:3]
        True
        """
        chance = np.random.default_rng(seed)
        drawn: dict[int, None] = {}
        while len(drawn) < min(count, len(self)):
            drawn[int(chance.integers(len(self)))] = None
        return [self.at(number) for number in drawn]

    def corners(self) -> list[dict[str, Value]]:
        """Sets at the ends of all ranges, at most 64: where lookbacks are longest."""
        ends = [dict.fromkeys((axis.values[0], axis.values[-1])) for axis in self.axes]
        names = [axis.name for axis in self.axes]
        found = itertools.islice(itertools.product(*ends), 64)
        return [dict(zip(names, values, strict=True)) for values in found]


def space_of(texts: Sequence[str], known: Mapping[str, Parameter]) -> Space:
    """Read ``name=low:high:step``, ``name=a,b,c`` and ``name=value``.

    Raises
    ------
    UnknownName
        If the strategy has no such parameter.
    UsageError
        If a text is none of these, a name comes twice, or a value is out of range.

    Examples
    --------
    >>> fast = Parameter(12, low=2, high=200, name="fast")
    >>> space_of(["fast=5:20:5"], {"fast": fast}).axes[0].values
    (5, 10, 15, 20)
    """
    axes: dict[str, Axis] = {}
    for text in texts:
        name, equals, values = (part.strip() for part in text.partition("="))
        if not (name and equals and values):
            raise UsageError(
                f"a parameter is written name=values, found {text!r}",
                hint="--param fast=5:50:5, --param fast=5,8,13 or --param fast=20",
            )
        if name in axes:
            raise UsageError(f"parameter {name!r} is given twice", hint="join both with commas")
        if name not in known:
            raise unknown("parameter", name, known, hint=f"parameters: {', '.join(known)}")
        axes[name] = Axis(name, _values(text, values, known[name]))
    return Space(tuple(axes.values()))


def check_count(count: int, limit: int) -> None:
    """Refuse a sweep of nothing, and one so large that it must be a mistake.

    Raises
    ------
    UsageError
        With the count and how to get within the limit.
    """
    if count < 1:
        raise UsageError(
            "the sweep has 0 sets of parameters", hint="a range such as --param fast=5:50:5"
        )
    if count > limit:
        raise UsageError(
            f"the sweep has {count:,} sets of parameters, more than the limit of {limit:,}",
            hint=f"--method random --trials {min(limit, 1000)}, wider steps, or --limit {count}",
        )


def _values(text: str, values: str, parameter: Parameter) -> tuple[Value, ...]:
    parts = values.split(":")
    if len(parts) in (2, 3) and parameter.kind in ("int", "float"):
        found = _range(text, parts, parameter)
    else:
        found = [parameter.accept(part.strip()) for part in values.split(",")]
    return tuple(dict.fromkeys(found))


def _range(text: str, parts: Sequence[str], parameter: Parameter) -> list[Value]:
    try:
        low, high, step = (float(part) for part in (*parts, "1")[:3])
    except ValueError:
        low = high = step = math.nan
    if not (math.isfinite(low + high + step) and step > 0):
        raise UsageError(
            f"a range is written low:high:step with a step above 0, found {text!r}",
            hint=f"--param {parameter.name}=5:50:5",
        )
    count = math.floor((high - low) / step + 1e-9) + 1
    if count > 10_000_000:
        raise UsageError(f"{text} has {count:,} values", hint="a wider step")
    numbers = [low + k * step for k in range(max(count, 0))]
    return [parameter.accept(round(number, 12)) for number in numbers]
