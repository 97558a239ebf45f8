"""``xq data check`` and ``xq data rules``: which rows cannot be true, and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xq.api.workspace import Workspace
from xq.errors import NoData, UsageError

if TYPE_CHECKING:
    import pyarrow as pa

    from xq.lake.audit import Finding
    from xq.lake.formats.name import Named
    from xq.lake.layout import Dataset
    from xq.lake.poison.sheet import Sheet
    from xq.timeframe import Timeframe


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One kind of poison row."""

    rule: str
    family: str
    severity: str
    needs: str | None
    kinds: tuple[str, ...]
    meaning: str


@dataclass(frozen=True, slots=True)
class Series:
    """What to look at: a series of bars, and how many rows of a rule are told one by one."""

    exchange: str | None = None
    symbol: str | None = None
    timeframe: str | None = None
    kind: str | None = None
    per_rule: int = 5

    @property
    def is_given(self) -> bool:
        """Whether one series is named rather than the whole lake."""
        return any((self.exchange, self.symbol, self.timeframe))


def rules() -> list[RuleRow]:
    """Every kind of poison row that xq knows."""
    from xq.lake.poison.catalogue import RULES

    return [
        RuleRow(
            rule.name,
            rule.family,
            rule.severity.value,
            rule.needs if rule.needs != "reference" else "--against REFERENCE",
            rule.kinds,
            rule.meaning,
        )
        for rule in RULES.values()
    ]


def check_lake(
    ws: Workspace, series: Series, against: str | None = None, *, warnings: bool = True
) -> Iterator["Finding"]:
    """What is wrong in the lake, or in one series of it.

    Raises
    ------
    NoData
        If the series, or the reference, has no rows.
    """
    from xq.lake import audit, layout
    from xq.lake.reader import Lake

    lake, now_ms = Lake(ws.lake), ws.clock.now_ms()
    dataset = only(ws, series, against)
    if dataset is None:
        found = audit.check(
            lake, now_ms=now_ms, kind=series.kind, warnings=True, per_rule=series.per_rule
        )
    else:
        if not layout.leaves(lake.root, dataset):
            raise NoData("nothing is stored of it", where=str(dataset), hint="xq data ls")
        reference = None if against is None else _reference(ws, against, dataset.bar, dataset.kind)
        found = audit.check_dataset(
            lake, dataset, now_ms=now_ms, reference=reference, per_rule=series.per_rule
        )
    for finding in found:
        if warnings or finding.severity == "error":
            yield finding


def only(ws: Workspace, series: Series, against: str | None = None) -> "Dataset | None":
    """The one dataset that is looked at; None for the whole lake."""
    from xq.api.data import series_of

    if not series.is_given and against is None:
        return None
    kind = series.kind or "ohlcv"
    return series_of(ws, kind, series.exchange, series.symbol, series.timeframe)


def check_file(
    ws: Workspace, path: Path, series: Series, against: str | None = None
) -> Iterator["Finding"]:
    """What is wrong with the rows of a file, without storing any.

    Raises
    ------
    CorruptFile, NoData, StorageFailed
        If it cannot be read, or has no rows.
    DataError
        If a column is missing, rows name several markets, or the times are those of other bars.
    UsageError
        If its rows cannot be of the kind that is said.
    """
    from xq.api.data_import import of_kind
    from xq.api.data_import_book import BOOKS
    from xq.errors import DataError
    from xq.lake import audit
    from xq.lake.formats.load import load
    from xq.lake.formats.market import refuse_others
    from xq.lake.formats.name import read_name
    from xq.lake.poison.catalogue import examine
    from xq.lake.poison.sheet import Evidence, Sheet

    named = of_kind(read_name(path), series.kind)
    if named.kind in BOOKS:
        if against is not None:
            raise UsageError("order books cannot be held against a reference", where=against)
        yield from _book_file(ws, path, named, series)
        return
    bar = _length(ws, named, series)
    raw = load(path, named)
    if not raw.table.num_rows:
        raise NoData("the file has no rows", where=str(path))
    lost = [name for name in _needed(named) if name not in raw.table.column_names]
    if lost:
        found = ", ".join(raw.table.column_names[:12])
        raise DataError(f"columns {', '.join(lost)} are missing, found {found}", where=str(path))
    refuse_others(raw.table, None, path)
    table = _in_milliseconds(raw.table)
    if bar is not None:
        _refuse_other_bars(table, bar, path)
    reference = None if against is None else _reference(ws, against, bar, named.kind)
    sheet = Sheet(
        table, named.kind, bar, ws.clock.now_ms(),
        Evidence(reference=reference),
    )  # fmt: skip
    for item in raw.bad:
        yield audit.Finding(path.name, item.rule, item.message, str(path), item.row)
    yield from audit.told(path.name, str(path), examine(sheet), series.per_rule)
    yield from _absent(path, sheet, bar)


def _book_file(ws: Workspace, path: Path, named: "Named", series: Series) -> Iterator["Finding"]:
    from xq.api.data_import import Wanted
    from xq.api.data_import_book import read_book
    from xq.lake.audit import Finding, told

    wanted = Wanted(series.exchange, series.symbol, kind=series.kind)
    parts, lines = read_book(ws, path, named, wanted)
    for item in lines:
        yield Finding(path.name, item.rule, item.message, str(path), item.row)
    for part in parts:
        yield from told(str(part.dataset), str(path), part.sick, series.per_rule)


def _needed(named: "Named") -> list[str]:
    from xq.lake.schema import kind_of

    return [f.name for f in kind_of(named.kind).schema if not f.nullable and f.name != "side"]


def _length(ws: Workspace, named: "Named", series: Series) -> "Timeframe | None":
    from xq.timeframe import Timeframe

    if named.kind in ("trades", "funding"):
        return None
    return Timeframe.parse(series.timeframe or named.timeframe or ws.config.collect.timeframe)


def _refuse_other_bars(table: "pa.Table", bar: "Timeframe", path: Path) -> None:
    """As an import does: minutes are not 59 bad hours of 60."""
    from xq.lake import spacing
    from xq.lake.poison.cells import time_column

    ts, bad = time_column(table["ts"])
    spacing.refuse_finer(ts[~bad], bar, str(path))
    spacing.refuse_coarser(ts[~bad], bar, str(path))


def _in_milliseconds(table: "pa.Table") -> "pa.Table":
    """A whole column of epochs in another unit is a layout, not poison."""
    import numpy as np
    import pyarrow as pa

    from xq.lake.poison.cells import text_column, time_column

    if pa.types.is_timestamp(table["ts"].type):
        return table
    ts, bad = time_column(table["ts"])
    usual = float(np.median(np.abs(ts[~bad]))) if (~bad).any() else 0.0
    units = ((1e11, 1000.0), (1e14, 1.0), (1e17, 1e-3), (float("inf"), 1e-6))
    scale = next(scale for limit, scale in units if usual < limit)
    if scale == 1.0 or (text_column(table["ts"]) is not None and bad.any()):
        return table
    moved = pa.array((ts * scale).astype(np.int64), mask=bad)
    return table.set_column(table.column_names.index("ts"), "ts", moved)


def _reference(ws: Workspace, text: str, bar: "Timeframe | None", kind: str) -> "Sheet":
    from xq.lake import arrays
    from xq.lake.formats.load import load
    from xq.lake.formats.name import Named
    from xq.lake.poison.sheet import Sheet
    from xq.lake.reader import Lake

    path = Path(text)
    if path.is_file():
        table = load(path, Named(kind=kind)).table
    else:
        table = Lake(ws.lake).table(_dataset(text))
    if not table.num_rows:
        raise NoData("the reference has no rows", where=text)
    if "ts" not in table.column_names:
        raise UsageError("the reference has no column ts", where=text)
    sheet = Sheet(_in_milliseconds(table), kind, bar)
    order = sheet.ts.argsort(kind="stable")
    return Sheet(sheet.raw.take(arrays.rows_at(order)), kind, bar)


def _dataset(text: str) -> "Dataset":
    from xq.lake.layout import Dataset
    from xq.timeframe import Timeframe
    from xq.types import Symbol

    words = text.split()
    if len(words) != 3:
        raise UsageError(
            f"expected a file or 'EXCHANGE SYMBOL TIMEFRAME', found {text!r}",
            hint='xq data check FILE --against "binance BTC/USDT 1h"',
        )
    return Dataset("ohlcv", words[0], str(Symbol.parse(words[1])), Timeframe.parse(words[2]).name)


def _absent(path: Path, sheet: "Sheet", bar: "Timeframe | None") -> Iterator["Finding"]:
    """Stretches the reference has and the file has not."""
    from xq.lake.audit import Finding, moment
    from xq.lake.poison.reference import absent_from
    from xq.lake.ranges import present

    if bar is None:
        return
    for item in present(absent_from(sheet), bar):
        message = f"the reference has {item.bars(bar)} bars that are missing here, {item}"
        ts = moment(item.start_ms)
        yield Finding(path.name, "missing_beside_reference", message, str(path), ts=ts)
