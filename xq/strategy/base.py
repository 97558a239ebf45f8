"""The plugin contract: a strategy is a pure function from closed bars to target weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from xq.bars import Bars
from xq.errors import ImpureStrategy, UsageError
from xq.strategy.parameters import Parameter, Value, resolve
from xq.strategy.parameters import param as param

_KINDS = ("int", "float", "bool", "str")


@dataclass(frozen=True, slots=True)
class Exits:
    """Exits that depend on the entry; the engine applies them the same way in every mode.

    Attributes
    ----------
    stop_loss, take_profit, trailing_stop
        Fractions of the entry price (of the best price since, for the trailing stop).
    max_bars
        Time stop: bars a position may live.
    """

    stop_loss: float | None = None
    take_profit: float | None = None
    trailing_stop: float | None = None
    max_bars: int | None = None

    def __post_init__(self) -> None:
        for name in ("stop_loss", "take_profit", "trailing_stop"):
            value = getattr(self, name)
            if value is not None and not 0 < value < (10 if name == "take_profit" else 1):
                raise UsageError(f"{name} is a fraction of the entry price, found {value}")
        if self.max_bars is not None and self.max_bars < 1:
            raise UsageError(f"max_bars must be at least 1, found {self.max_bars}")


class Strategy:
    """Base of every plugin: declare parameters and lookback, answer with target weights.

    Attributes
    ----------
    exits
        Stop loss and the like, applied by the engine; None for none.
    inputs
        Names of further arrays of `Bars.extra` it needs.
    parameters
        What `param` declared, by name.
    asks
        The method that answers; `xq.strategy.market.MarketStrategy` has another.
    """

    asks: ClassVar[str] = "target_weights"
    exits: Exits | None = None
    inputs: tuple[str, ...] = ()
    parameters: ClassVar[Mapping[str, Parameter]] = MappingProxyType({})

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        found = dict(cls.parameters)
        for name, declared in vars(cls).items():
            if isinstance(declared, Parameter):
                found[name] = _named(name, declared, cls.__annotations__.get(name))
        cls.parameters = MappingProxyType(found)

    def __init__(self, **overrides: object) -> None:
        vars(self).update(resolve(self.parameters, overrides))
        self.check()

    def __setattr__(self, name: str, value: object) -> None:
        raise ImpureStrategy(
            f"a strategy keeps nothing between bars, found an assignment to self.{name}",
            hint="use a local variable; latch() is the only memory",
        )

    @property
    def values(self) -> dict[str, Value]:
        """Every parameter's value."""
        return {name: vars(self)[name] for name in self.parameters}

    @property
    def lookback(self) -> int:
        """Bars, the present one included, that a row of weights depends on."""
        raise NotImplementedError("a strategy states its lookback")

    def check(self) -> None:
        """Raise ValueError if the parameters contradict each other."""

    def target_weights(self, bars: Bars) -> Any:
        """Signed fractions of equity, ``(T, N)``; NaN only in warm-up and without a close."""
        raise NotImplementedError("a strategy answers target_weights")


def _named(name: str, declared: Parameter, annotation: object) -> Parameter:
    kind = getattr(annotation, "__name__", annotation)
    default = declared.default
    if kind == "float" and declared.kind == "int":
        default = float(default)
    elif kind in _KINDS and kind != declared.kind:
        raise UsageError(f"{name} is declared {kind}, but its default is {default!r}")
    return Parameter(default, declared.low, declared.high, declared.unit, declared.choices, name)


def latch(enter: Any, leave: Any, max_bars: int) -> np.ndarray:
    """Hold from ``enter`` until ``leave``, at most ``max_bars`` bars after the last ``enter``.

    The state of a bar depends on that bar and the ``max_bars - 1`` before it, so that a lookback
    can be stated: ``max_bars`` plus the memory of what the signals are made of, less one.

    Parameters
    ----------
    enter, leave
        Boolean, ``(T,)`` or ``(T, N)``; where both are true, leave wins.
    max_bars
        Bars after which an entry is forgotten unless it came again.

    Returns
    -------
    Boolean array of the same shape.

    Examples
    --------
    >>> enter = np.array([True, False, False, False, True, False])
    >>> leave = np.array([False, False, False, False, False, True])
    >>> latch(enter, leave, max_bars=3).tolist()
    [True, True, True, False, True, False]
    """
    if max_bars < 1:
        raise UsageError(f"max_bars must be at least 1, found {max_bars}")
    entered, left = np.broadcast_arrays(enter, leave)
    if entered.dtype != bool or left.dtype != bool:
        raise UsageError("enter and leave must be comparisons; as a number NaN would count as true")
    row = np.arange(len(entered)).reshape(-1, *([1] * (entered.ndim - 1)))
    last_entry = np.maximum.accumulate(np.where(entered & ~left, row, -max_bars), axis=0)
    last_leave = np.maximum.accumulate(np.where(left, row, -1), axis=0)
    held: np.ndarray = (last_entry > last_leave) & (row - last_entry < max_bars)
    return held
