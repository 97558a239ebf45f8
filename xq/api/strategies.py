"""``xq strategies``: the plugin folder, a new plugin, and the law over every row."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from xq.api.params import assigned
from xq.api.when import check_range
from xq.api.workspace import Workspace
from xq.errors import StorageFailed, StrategyError, UsageError

if TYPE_CHECKING:
    from xq.strategy.load import Listing

NEWEST_BARS = 10_000
CHECK_SECONDS = 600.0
"""A check stops asking after so many; what was not asked is told."""


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
        How many rows to ask again; None is every one, of events a sample.
    seconds
        After which nothing more is asked.
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
    seconds: float = CHECK_SECONDS


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One thing a strategy was asked.

    Attributes
    ----------
    result
        ``holds``, ``fails`` or ``not asked``.
    asked
        Weights held against those wanted.
    finding
        What differs, or why it was not asked.
    rows
        Opens of the first bars concerned.
    """

    check: str
    result: str
    asked: int
    finding: str
    rows: tuple[datetime, ...]
    thin_margins: int


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a strategy was held against, and how it did.

    Attributes
    ----------
    checked
        Rows asked again: each with its own ``lookback`` bars alone, and without any later bar.
    checks
        The law first, then what was asked beyond it.
    thin_margins
        Times at which rounding alone decides the weight.
    seconds
        Of the strategy over all bars, and of the law.
    printed
        The end of what it wrote to stdout and stderr.
    events, windows
        Of a strategy on events, which has no bars and no lookback: how many, and its windows in
        seconds.
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
    checks: tuple[CheckRow, ...]
    thin_margins: tuple[datetime, ...]
    seconds: Mapping[str, float]
    printed: str
    events: int = 0
    windows: tuple[float, ...] = ()


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


def check(ws: Workspace, request: CheckRequest) -> tuple[CheckReport, StrategyError | None]:
    """Hold a strategy against the law, and against more, on stored bars or recorded events.

    Returns
    -------
    The report, and the first failure; None when nothing fails.

    Raises
    ------
    StrategyBroken
        The file does not load.
    UsageError
        Unknown strategy or parameter.
    DataError
        Nothing stored for the range, or too little for the lookback.
    """
    from xq.api.market_tape import is_market_strategy
    from xq.api.strategies_check import Checking
    from xq.api.strategies_check_bars import BarGround
    from xq.api.strategies_check_market import MarketGround

    check_range(request.since_ms, request.until_ms, request.days)
    until = ws.clock.monotonic() + request.seconds
    ground = MarketGround.of if is_market_strategy(ws, request.name) else BarGround.of
    return Checking(ws, request, until, ground).report()


def _row(found: "Listing") -> StrategyRow:
    parameters = " ".join(f"{p.name}={p.default}" for p in found.parameters.values())
    error = None
    if found.error is not None:
        where = f" ({found.error.where})" if found.error.where else ""
        error = f"{found.error.message}{where}"
    return StrategyRow(
        found.name, found.title, found.source, parameters, found.lookback, found.path, error
    )
