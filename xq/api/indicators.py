"""``xq indicators``: columns over stored bars, printed or kept in the lake."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xq.api.when import check_range
from xq.api.workspace import Workspace
from xq.timeframe import DAY_MS, Timeframe
from xq.types import Symbol

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from xq.bars import Bars
    from xq.indicators.registry import Request

DEFAULT = ("sma:20", "ema:20", "rsi:14", "macd", "bbands:20:2")


@dataclass(frozen=True, slots=True)
class IndicatorRow:
    """One indicator of the registry.

    Attributes
    ----------
    use
        Name and parameters with their defaults, as the command line takes them.
    parameters
        With their ranges: ``length 2 to 10000 bars``.
    units
        Of the outputs, in their order; one where all have the same.
    memory
        Bars one value depends on, with the defaults; ``kind`` says why. A day counts as minutes.
    start, ddof, anchor, undefined
        Conventions; see `xq.indicators.indicator.Indicator`.
    """

    name: str
    title: str
    use: str
    inputs: str
    parameters: str
    outputs: str
    units: str
    memory: int
    kind: str
    source: str
    convention: str
    start: str
    ddof: int | None
    anchor: str
    undefined: str


@dataclass(frozen=True, slots=True)
class Selection:
    """Which stored bars: ``days`` counts back from ``until``, or from the last stored bar."""

    symbol: str | None = None
    timeframe: str | None = None
    exchange: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    days: float | None = None

    @property
    def is_range(self) -> bool:
        """Whether it has a beginning."""
        return self.since_ms is not None or self.days is not None


@dataclass(frozen=True, slots=True)
class IndicatorReport:
    """Computed columns.

    Attributes
    ----------
    table
        ``ts``, ``close`` and one column per output; null in warm-up.
    missing
        Bars that are not stored inside the range; indicators start anew after each hole.
    requests
        What was computed, with all parameters.
    bars, first
        Every bar that was read, warm-up included, and the row at which the table begins.
    unsettled
        Recursive ones that have fewer bars before the range than their memory: their first values
        still show their start.
    derived_from
        The stored timeframe that the bars were made of; None for stored bars.
    """

    exchange: str
    symbol: str
    timeframe: str
    columns: tuple[str, ...]
    table: "pa.Table"
    missing: int
    requests: "tuple[Request, ...]"
    bars: "Bars"
    first: int
    unsettled: tuple[str, ...] = ()
    derived_from: str | None = None


def listing(names: Sequence[str] = ()) -> list[IndicatorRow]:
    """Every indicator by name, or those named.

    Raises
    ------
    UnknownName
        If there is none of a name.
    """
    from xq.indicators.registry import every, get

    return [
        IndicatorRow(
            name=item.name,
            title=item.title,
            use=item.signature,
            inputs=" ".join(item.inputs),
            parameters=", ".join(p.range for p in item.parameters),
            outputs=" ".join(item.outputs),
            units=" ".join(item.units if len(set(item.units)) > 1 else item.units[:1]),
            memory=item.memory(),
            kind=item.kind,
            source=item.source,
            convention=item.convention,
            start=item.start,
            ddof=item.ddof,
            anchor=item.anchor,
            undefined=item.undefined,
        )
        for item in (map(get, names) if names else every())
    ]


def compute(ws: Workspace, specs: Sequence[str], selection: Selection) -> IndicatorReport:
    """Compute ``ema:20``, ``macd``, ``bbands:20:2`` … over stored bars.

    Bars before the range warm the indicators up, where there are any.

    Raises
    ------
    UsageError
        Unknown indicator, or a parameter out of range.
    DataError
        Nothing stored for the range, or a file that cannot be read.
    """
    from xq.indicators.registry import parse

    requests = [parse(text) for text in specs or DEFAULT]
    check_range(selection.since_ms, selection.until_ms, selection.days)
    timeframe = Timeframe.parse(selection.timeframe or ws.config.collect.timeframe)
    symbol = str(Symbol.parse(selection.symbol or ws.config.collect.symbols[0]))
    exchange = selection.exchange or ws.config.exchange.name
    warm_up = max(request.memory(timeframe) for request in requests)
    bars, first = _bars(ws, exchange, symbol, timeframe, selection, warm_up)
    grid, rows = _regular(bars)
    columns: dict[str, np.ndarray] = {}
    for request in requests:
        columns |= {name: values[rows, 0][first:] for name, values in request.compute(grid).items()}
    missing = len(grid) - int(rows[first]) - len(bars) + first
    table = _table(bars, first, columns)
    finer = _finer(ws, exchange, symbol, timeframe)
    return IndicatorReport(
        exchange,
        symbol,
        timeframe.name,
        tuple(columns),
        table,
        missing,
        tuple(requests),
        bars,
        first,
        _unsettled(requests, timeframe, first) if selection.is_range else (),
        finer,
    )


def _unsettled(requests: "Sequence[Request]", timeframe: Timeframe, before: int) -> tuple[str, ...]:
    recursive = (
        request
        for request in requests
        if request.indicator.kind == "decaying" or request.indicator.anchor == "reversal"
    )
    return tuple(r.spelling for r in recursive if before < r.memory(timeframe) - 1)


def _finer(ws: Workspace, exchange: str, symbol: str, timeframe: Timeframe) -> str | None:
    from xq.lake.reader import Lake

    finer = Lake(ws.lake).derived_from(exchange, symbol, timeframe)
    return None if finer is None else finer.name


def _bars(
    ws: Workspace,
    exchange: str,
    symbol: str,
    timeframe: Timeframe,
    selection: Selection,
    warm_up: int,
) -> tuple["Bars", int]:
    """Stored bars of the range and up to ``warm_up`` before it; the range's first row."""
    from xq.lake.reader import Lake

    lake = Lake(ws.lake)
    since_ms = selection.since_ms
    if selection.days is not None:
        ends = selection.until_ms or int(
            lake.bars(exchange, [symbol], timeframe, gaps="flag").known_at[-1]
        )
        since_ms = ends - round(selection.days * DAY_MS)
    if since_ms is None:
        return lake.bars(exchange, [symbol], timeframe, None, selection.until_ms, gaps="flag"), 0
    lake.bars(exchange, [symbol], timeframe, since_ms, selection.until_ms, gaps="flag")
    bars = lake.bars(
        exchange,
        [symbol],
        timeframe,
        timeframe.shift(since_ms, -warm_up),
        selection.until_ms,
        gaps="flag",
    )
    return bars, int((bars.ts < since_ms).sum())


def _regular(bars: "Bars") -> tuple["Bars", "np.ndarray"]:
    """The bars on an unbroken time axis, NaN where none is stored; and their rows there."""
    import numpy as np

    from xq.bars import FIELDS, Bars

    places = bars.timeframe.number(bars.ts)
    rows = places - places[0]
    if len(bars) == int(rows[-1]) + 1:
        return bars, rows
    ts = bars.timeframe.open_of(places[0] + np.arange(int(rows[-1]) + 1))
    fields = {name: np.full((len(ts), 1), np.nan) for name in FIELDS}
    for name, values in fields.items():
        values[rows] = getattr(bars, name)
    return Bars.of(bars.timeframe, bars.symbols, ts, **fields), rows


def _table(bars: "Bars", first: int, columns: "dict[str, np.ndarray]") -> "pa.Table":
    import pyarrow as pa

    ts = pa.array(bars.ts[first:], pa.timestamp("ms", "UTC"))
    arrays = {"ts": ts, "close": pa.array(bars.close[first:, 0])}
    for name, values in columns.items():
        arrays[name] = pa.array(values, from_pandas=True)  # NaN becomes null
    return pa.table(arrays)
