"""Every indicator by name, and how the command line spells one: ``bbands:20:2``."""

from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from xq.bars import Bars
from xq.errors import unknown
from xq.indicators import (
    averages,
    fracdiff,
    momentum,
    order_flow,
    swings,
    trend,
    volatility,
    volume,
    wavelets,
)
from xq.indicators.indicator import Indicator, Number
from xq.timeframe import DAY_MS, MINUTE_MS, Timeframe

_FAMILIES = (
    averages,
    fracdiff,
    momentum,
    order_flow,
    swings,
    trend,
    volatility,
    volume,
    wavelets,
)


@cache
def table() -> Mapping[str, Indicator[Any]]:
    """Name to indicator, in alphabetical order."""
    found = {
        entry.name: entry
        for family in _FAMILIES
        for entry in vars(family).values()
        if isinstance(entry, Indicator)
    }
    return MappingProxyType(dict(sorted(found.items())))


def every() -> Iterator[Indicator[Any]]:
    """All indicators by name."""
    return iter(table().values())


def get(name: str) -> Indicator[Any]:
    """The indicator of that name.

    Raises
    ------
    UnknownName
        If there is none; the closest name is suggested.
    """
    if name not in table():
        raise unknown("indicator", name, table(), hint="xq indicators list")
    return table()[name]


class Request(NamedTuple):
    """An indicator with the values of its parameters."""

    indicator: Indicator[Any]
    values: tuple[Number, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names of its outputs: ``ema_20``, ``bbands_upper_20_2``."""
        name, suffix = self.indicator.name, "".join(f"_{_exact(value)}" for value in self.values)
        outputs = self.indicator.outputs
        return tuple(f"{name if o == name else f'{name}_{o}'}{suffix}" for o in outputs)

    @property
    def spelling(self) -> str:
        """As the command line takes it, with every value: ``bbands:20:2``."""
        return ":".join([self.indicator.name, *map(_exact, self.values)])

    @property
    def parameters(self) -> dict[str, Number]:
        """Every parameter's value by name."""
        names = (parameter.name for parameter in self.indicator.parameters)
        return dict(zip(names, self.values, strict=True))

    def memory(self, timeframe: Timeframe) -> int:
        """Bars that one value depends on; a day holds fewer long bars than minutes."""
        bars = self.indicator.memory(*self.values)
        if self.indicator.anchor != "UTC day":
            return bars
        return bars - DAY_MS // MINUTE_MS - (-DAY_MS // timeframe.ms)

    def compute(self, bars: Bars) -> dict[str, np.ndarray]:
        """Column name to ``(T, N)`` values."""
        result = self.indicator(bars, *self.values)
        arrays = result if isinstance(result, tuple) else (result,)
        return dict(zip(self.columns, arrays, strict=True))


def _exact(value: Number) -> str:
    """A number that reads back as itself, without the point where it is whole."""
    return repr(value).removesuffix(".0")


def parse(text: str) -> Request:
    """Read ``ema:20``, ``macd``, ``bbands:20:2`` or ``bbands:width=2.5``.

    Raises
    ------
    UsageError
        Unknown indicator or parameter, or a value out of range.

    Examples
    --------
    >>> parse("bbands:20:2.5").columns
    ('bbands_upper_20_2.5', 'bbands_middle_20_2.5', 'bbands_lower_20_2.5')
    """
    name, *parts = text.strip().split(":")
    found = get(name.strip().lower())
    positional = tuple(part for part in parts if "=" not in part)
    named = dict(part.split("=", 1) for part in parts if "=" in part)
    return Request(found, found.resolve(positional, named))
