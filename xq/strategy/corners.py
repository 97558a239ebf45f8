"""The law at the edges of every parameter's range."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from xq.bars import Bars
from xq.errors import NoData, StrategyError, UsageError
from xq.ports import Clock
from xq.strategy.examination import Check
from xq.strategy.parameters import Parameter, Value
from xq.strategy.sandbox import StrategySpec, evaluate

Law = Callable[[StrategySpec, float], int]

_NAME = "parameter corners"
_ROWS = 12
_LEAST_SECONDS = 10.0


def corners(
    declared: Mapping[str, Parameter], values: Mapping[str, Value]
) -> Iterator[dict[str, object]]:
    """Each parameter at each of its ends, the others as they are; then all low, and all high.

    Examples
    --------
    >>> fast = Parameter(12, low=2, high=200, name="fast")
    >>> list(corners({"fast": fast}, {"fast": 12}))
    [{'fast': 2}, {'fast': 200}]
    """
    ends = {name: _ends(parameter) for name, parameter in declared.items()}
    seen: list[dict[str, object]] = [dict(values)]
    for name, choices in ends.items():
        for choice in choices:
            yield from _new({**values, name: choice}, seen)
    for at in (0, -1):
        yield from _new({**values, **{n: c[at] for n, c in ends.items() if c}}, seen)


def _new(corner: dict[str, object], seen: list[dict[str, object]]) -> Iterator[dict[str, object]]:
    if corner not in seen:
        seen.append(corner)
        yield corner


def _ends(parameter: Parameter) -> tuple[Value, ...]:
    if parameter.choices:
        return parameter.choices
    if parameter.kind == "bool":
        return (False, True)
    whole = parameter.kind == "int"
    ends = (end for end in (parameter.low, parameter.high) if end is not None)
    return tuple(int(end) if whole else end for end in ends)


def check_corners(
    spec: StrategySpec,
    corner_values: Iterator[dict[str, object]],
    law: Law,
    length: str,
    until: float,
    clock: Clock,
) -> Check:
    """Run the law at every corner that the strategy itself does not refuse.

    A corner whose lookback is longer than the data is counted, not failed.

    Parameters
    ----------
    law
        Asks a strategy within so many seconds; how many answers were held against each other.
    length
        Of the data, in words.
    """
    asked, refused, longer = 0, 0, 0
    for values in corner_values:
        left = until - clock.monotonic()
        if left < _LEAST_SECONDS:
            return Check(_NAME, "not asked", asked, "the time was up")
        try:
            asked += law(replace(spec, parameters=values), left)
        except UsageError:
            refused += 1
        except NoData:
            longer += 1
        except StrategyError as error:
            told = " ".join(f"{name}={value}" for name, value in values.items())
            finding = f"with {told}: {error.message}"
            kept = type(error)(finding, where=error.where, hint=error.hint)
            return Check(_NAME, "fails", asked, finding, error=kept)
    noted = [f"{refused} refused by its own check"] * bool(refused)
    noted += [f"{longer} need more than {length}"] * bool(longer)
    if not asked and not noted:
        noted = ["no parameter has a range"]
    return Check(_NAME, "holds" if asked else "not asked", asked, "; ".join(noted))


def law_on(bars: Bars, clock: Clock, seed: int) -> Law:
    """The law of bars on a few rows."""

    def asked(spec: StrategySpec, seconds: float) -> int:
        evaluation = evaluate(spec, bars, rows=_ROWS, seed=seed, deadline_s=seconds, clock=clock)
        return len(evaluation.checked_rows) * len(bars.symbols)

    return asked
