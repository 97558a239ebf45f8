"""``xq strategies``: the plugin folder, a new plugin, and the law over every row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from xq.api.params import assigned
from xq.api.when import check_range
from xq.api.workspace import Workspace
from xq.errors import StorageFailed, UsageError
from xq.timeframe import DAY_MS, Timeframe
from xq.types import Symbol

if TYPE_CHECKING:
    from xq.bars import Bars
    from xq.strategy.load import Listing
    from xq.strategy.sandbox import Evaluation

NEWEST_BARS = 10_000
_DEADLINE_S = 900.0


@dataclass(frozen=True, slots=True)
class StrategyRow:
    """One plugin.

    Attributes
    ----------
    lookback
        Bars one row of weights depends on, with the default parameters.
    error
        Why the file cannot be used; None when it can.
    """

    name: str
    title: str
    source: str
    parameters: str
    lookback: int | None
    path: Path
    error: str | None


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """What to hold a strategy against.

    Attributes
    ----------
    since_ms, until_ms, days
        Range of stored bars; ``days`` counts back from ``until_ms`` or the last one. With none of
        them, the newest `NEWEST_BARS`.
    rows
        How many rows to ask again; None is every one.
    """

    name: str
    parameters: Mapping[str, object]
    symbols: tuple[str, ...] = ()
    timeframe: str | None = None
    exchange: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    days: float | None = None
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class CheckReport:
    """A strategy that passed, and what it was held against.

    Attributes
    ----------
    checked
        Rows asked again: each with its own ``lookback`` bars alone, and without any later bar.
    thin_margins
        Times at which rounding alone decides the weight.
    seconds
        Of the strategy over all bars, and of the law.
    """

    strategy: str
    title: str
    parameters: Mapping[str, object]
    exchange: str
    symbols: tuple[str, ...]
    timeframe: str
    start: datetime
    end: datetime
    bars: int
    lookback: int
    checked: int
    thin_margins: tuple[datetime, ...]
    seconds: Mapping[str, float]
    printed: str


def listing(ws: Workspace) -> list[StrategyRow]:
    """Every plugin of the workspace; a broken one with its error."""
    from xq.strategy.sandbox import discover

    return [_row(found) for found in discover(ws.strategies, clock=ws.clock)]


def new(ws: Workspace, name: str) -> Path:
    """Write a working strategy file to start from.

    Raises
    ------
    UsageError
        If the name cannot be a file and module name, or is taken.
    StorageFailed
        If the folder cannot be written.
    """
    from xq.strategy.template import render

    if not name.isidentifier() or name.startswith("_") or not name.isascii():
        raise UsageError(
            f"a strategy is named with letters, digits and _, found {name!r}",
            hint="xq strategies new my_idea",
        )
    path = ws.strategies / f"{name}.py"
    if path.exists():
        raise UsageError("the strategy exists already", where=str(path))
    try:
        ws.strategies.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(render(name))
    except OSError as error:
        raise StorageFailed(f"cannot write: {error.strerror or error}", where=str(path)) from None
    return path


def overrides(ws: Workspace, name: str, assignments: Iterable[str] = ()) -> dict[str, object]:
    """Parameters of a strategy: ``[strategy.<name>]`` of the config, then ``name=value`` texts.

    Raises
    ------
    UsageError
        If a text is not ``name=value``.
    """
    return {**ws.config.strategy.get(name, {}), **assigned(assignments)}


def check(ws: Workspace, request: CheckRequest) -> CheckReport:
    """Hold a strategy against the law on stored bars.

    Raises
    ------
    StrategyError
        The subclass says how it breaks the law.
    UsageError
        Unknown strategy or parameter.
    DataError
        Nothing stored for the range, or too little for the lookback.
    """
    from xq.strategy.sandbox import Evaluator, StrategySpec

    check_range(request.since_ms, request.until_ms, request.days)
    spec = StrategySpec(ws.strategies, request.name, request.parameters)
    with Evaluator.start(spec, deadline_s=_DEADLINE_S, clock=ws.clock) as evaluator:
        bars = _bars(ws, request, evaluator.declaration.lookback)
        bars = _joined(ws, request, bars, evaluator.declaration.inputs)
        evaluation = evaluator.run(bars, rows=request.rows or "all", seed=ws.seed)
    return _report(ws, request, bars, evaluation)


def _bars(ws: Workspace, request: CheckRequest, lookback: int) -> "Bars":
    from xq.lake.reader import Lake

    symbols = _symbols(ws, request.symbols)
    timeframe = Timeframe.parse(request.timeframe or ws.config.collect.timeframe)
    bars = Lake(ws.lake).bars(
        _exchange(ws, request),
        symbols,
        timeframe,
        request.since_ms,
        request.until_ms,
        gaps="flag",
    )
    if request.days is not None:
        first = int((bars.known_at <= bars.known_at[-1] - request.days * DAY_MS).sum())
        return bars.slice(max(first - lookback + 1, 0), len(bars))
    if request.since_ms is None and request.until_ms is None:
        return bars.slice(max(len(bars) - NEWEST_BARS, 0), len(bars))
    return bars


def _joined(ws: Workspace, request: CheckRequest, bars: "Bars", inputs: Sequence[str]) -> "Bars":
    from xq.api.feature_inputs import begun, with_inputs
    from xq.lake.reader import Lake

    bars = with_inputs(Lake(ws.lake), _exchange(ws, request), bars, inputs)
    return bars.slice(begun(bars), len(bars))


def _exchange(ws: Workspace, request: CheckRequest) -> str:
    return request.exchange or ws.config.exchange.name


def _symbols(ws: Workspace, given: Sequence[str]) -> tuple[str, ...]:
    names = given or ws.config.collect.symbols[:1]
    return tuple(dict.fromkeys(str(Symbol.parse(name)) for name in names))


def _report(
    ws: Workspace, request: CheckRequest, bars: "Bars", evaluation: "Evaluation"
) -> CheckReport:
    declared, seconds = evaluation.declaration, evaluation.seconds
    return CheckReport(
        strategy=declared.name,
        title=declared.title,
        parameters=dict(declared.parameters),
        exchange=_exchange(ws, request),
        symbols=bars.symbols,
        timeframe=bars.timeframe.name,
        start=_moment(int(bars.ts[0])),
        end=_moment(int(bars.known_at[-1])),
        bars=len(bars),
        lookback=declared.lookback,
        checked=len(evaluation.checked_rows),
        thin_margins=tuple(_moment(thin.ts_ms) for thin in evaluation.thin_margins),
        seconds={"weights": round(seconds.weights, 3), "law": round(seconds.law, 3)},
        printed=evaluation.printed,
    )


def _moment(ts_ms: int) -> datetime:
    return datetime.fromtimestamp(ts_ms / 1000, UTC)


def _row(found: "Listing") -> StrategyRow:
    parameters = " ".join(f"{p.name}={p.default}" for p in found.parameters.values())
    error = None
    if found.error is not None:
        where = f" ({found.error.where})" if found.error.where else ""
        error = f"{found.error.message}{where}"
    return StrategyRow(
        found.name, found.title, found.source, parameters, found.lookback, found.path, error
    )
