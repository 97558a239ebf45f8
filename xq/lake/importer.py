"""Somebody else's file as rows of the lake, or a list of what is wrong with it by row."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from xq.errors import DataError, NoData, suggestion
from xq.lake import arrays, merge, rules, spacing
from xq.lake.file_kinds import kinds_with
from xq.lake.formats.load import load
from xq.lake.formats.market import refuse_others
from xq.lake.formats.name import Named
from xq.lake.poison.catalogue import RULES, examine
from xq.lake.poison.rule import Severity
from xq.lake.poison.sheet import Sheet
from xq.lake.rules import Poison
from xq.lake.schema import TIMESTAMP, Kind, kind_of
from xq.timeframe import Timeframe

_COMMA = re.compile(r": '-?[\d.]+,[\d,]+'$")
_WHOLE = re.compile(r"-?\d+(\.0*)?")

# Smaller numbers are seconds (until the year 5138), larger ones milliseconds (from 1973 on);
# then those of which 1e3 or 1e6 make a millisecond.
_SECONDS_BELOW = 10**11
_UNITS = ((10**14, 10**3), (10**17, 10**6))


@dataclass(frozen=True, slots=True)
class Imported:
    """Rows ready for `LakeWriter.upsert`.

    Attributes
    ----------
    ignored
        Columns of the file that were left out.
    poison
        Rows that cannot be true and are not among ``rows``; empty unless they were asked for.
    raw
        The file as it was read; `Poison.row` counts its rows.
    """

    rows: pa.Table
    ignored: tuple[str, ...]
    poison: tuple[Poison, ...] = ()
    raw: pa.Table | None = None


def read_file(
    path: Path,
    named: Named,
    timeframe: Timeframe | None,
    *,
    now_ms: int,
    set_aside: bool = False,
    market: str | None = None,
) -> Imported:
    """Rows of a kind from a file of any layout that `formats.load` reads.

    ``ts`` may be epoch milliseconds or seconds (also micro- and nanoseconds, told apart by their
    size), ISO text with a zone or in UTC, or an Arrow timestamp or date of any unit.

    Parameters
    ----------
    named
        Layout and kind; symbol and timeframe in it are not looked at.
    now_ms
        The present; a row that is not over by then is refused.
    set_aside
        Whether poison is left out and told in the answer instead of refused.
    market
        The symbol that a column must name, if one names any.

    Raises
    ------
    NoData
        If the file has no rows.
    CorruptFile
        If its format is none that xq knows.
    DataError
        If a column is missing, the times are those of bars of another length, or a column names
        several markets or another one.
    PoisonRows
        If rows cannot be read or cannot be true, naming them counted from 1.
    StorageFailed
        If the file cannot be opened.
    """
    raw = load(path, named)
    table, spec = raw.table, kind_of(named.kind)
    if not table.num_rows and not raw.bad:
        raise NoData("the file has no rows", where=str(path))
    refuse_others(table, market, path)
    _require_columns(table, spec, path)
    bad = list(raw.bad)
    columns: dict[str, Any] = {}
    for field in spec.schema:
        if field.name in table.column_names:
            columns[field.name], found = _cells(field, _decoded(table[field.name]))
            bad += found
    rows = pa.table(columns, schema=pa.schema([spec.schema.field(name) for name in columns]))
    rows = merge.conform(rows, spec, str(path))
    if timeframe is not None:
        spacing.refuse_finer(_told(rows["ts"]), timeframe, str(path))
    poison = _judge(rows, spec, bad, timeframe, now_ms)
    if not set_aside:
        rules.refuse(poison, where=str(path), hint=_spelling(bad))
    kept = np.setdiff1d(np.arange(rows.num_rows), [item.row - 1 for item in poison if item.row])
    if timeframe is not None:
        spacing.refuse_coarser(arrays.times(rows["ts"])[kept], timeframe, str(path))
    ignored = tuple(name for name in table.column_names if name not in spec.schema.names)
    return Imported(rows.take(pa.array(kept)) if poison else rows, ignored, tuple(poison), table)


def _spelling(bad: Sequence[Poison]) -> str | None:
    """How times and numbers are written, if that is what is wrong."""
    unreadable = [item.message for item in bad if item.rule == "unreadable"]
    if any(" is no time: " in text for text in unreadable):
        return "times are epoch numbers or like 2024-01-31T00:00:00Z"
    if any(_COMMA.search(text) for text in unreadable):
        return "write decimals with a point, and nothing between thousands"
    return None


def _told(column: pa.ChunkedArray) -> np.ndarray:
    times: np.ndarray = arrays.times(column)[~arrays.flags(column)]
    return times


def _judge(
    rows: pa.Table, spec: Kind, bad: Sequence[Poison], timeframe: Timeframe | None, now_ms: int
) -> list[Poison]:
    """Broken cells, basic rules, then every other rule of the catalogue that is an error."""
    told = {item.row for item in bad}
    # A cell that could not be read is null now; its own message is better than "missing".
    basic = rules.validate_rows(rows, spec, timeframe=timeframe, known_until_ms=now_ms)
    found = [*bad, *(item for item in basic if item.row not in told)]
    told |= {item.row for item in found}
    sheet = Sheet(rows, spec.name, timeframe, now_ms)
    errors = [rule for rule in RULES.values() if rule.severity is Severity.ERROR]
    unsorted = {"unsorted"}  # an import sorts
    for sick in examine(sheet, errors):
        if sick.row not in told and sick.rule not in unsorted:
            found.append(Poison(sick.row, sick.rule, sick.message))
    return sorted(found, key=lambda item: (item.row, item.rule))


def _require_columns(table: pa.Table, spec: Kind, path: Path) -> None:
    required = [field.name for field in spec.schema if not field.nullable]
    missing = [name for name in required if name not in table.column_names]
    if not missing:
        return
    found = ", ".join(table.column_names[:12])
    close = suggestion(missing[0], table.column_names)
    kinds = kinds_with(table.column_names)
    hint = " or ".join(f"add --kind {name}" for name in kinds) or None
    if close:
        hint = f"rename the column {close} to {missing[0]}"
    raise DataError(
        f"columns {', '.join(missing)} are missing, found {found}", where=str(path), hint=hint
    )


def _cells(field: pa.Field, column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, list[Poison]]:
    if field.name == "ts":
        return _times("ts", column)
    if pa.types.is_floating(field.type):
        return _numbers(field.name, column)
    if pa.types.is_integer(field.type):
        try:
            return column.cast(field.type), []
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            texts = column.cast(pa.string())
            return _each(field.name, texts, int, field.type, "no whole number")
    return column.cast(field.type), []


def _numbers(name: str, column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, list[Poison]]:
    if not _is_text(column.type):
        try:
            return column.cast(pa.float64()), []
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            column = column.cast(pa.string())
    try:
        return column.cast(pa.float64()), []
    except pa.ArrowInvalid:
        return _each(name, column, float, pa.float64(), "no number")


def _times(name: str, column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, list[Poison]]:
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _from_timestamps(column)
    if _is_text(kind):
        try:
            column = column.cast(pa.float64())
        except pa.ArrowInvalid:
            return _each(name, column, _epoch, TIMESTAMP, "no time")
    try:
        return _from_epochs(column.cast(pa.int64()))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return _each(name, column, _epoch, TIMESTAMP, "no time")


def _from_timestamps(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, list[Poison]]:
    if pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("ms"))
    per_millisecond = {"us": 10**3, "ns": 10**6}.get(column.type.unit)
    if per_millisecond is None:
        return _whole(column.cast(pa.timestamp("ms", column.type.tz)).cast(pa.int64()), 1)
    return _whole(column.cast(pa.int64()), per_millisecond)


def _from_epochs(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, list[Poison]]:
    size = np.abs(arrays.numbers(column.fill_null(0)))
    divisors = np.ones(len(size), dtype=np.int64)
    for smallest, divisor in _UNITS:
        divisors[size >= smallest] = divisor
    seconds = size < _SECONDS_BELOW
    factors = np.where(seconds, 1000, 1)
    return _whole(column, divisors, factors)


def _whole(
    column: pa.ChunkedArray, divisor: int | np.ndarray, factor: int | np.ndarray = 1
) -> tuple[pa.ChunkedArray, list[Poison]]:
    """Epoch numbers as times; what is finer than a millisecond is refused, not rounded away."""
    absent = arrays.flags(column)
    epochs = arrays.numbers(column.fill_null(0))
    bad = [
        Poison(int(row) + 1, "off_grid", f"ts {epochs[row]} is finer than a millisecond")
        for row in np.flatnonzero(epochs % divisor)
    ]
    values = pa.array(epochs // divisor * factor, mask=absent).cast(TIMESTAMP)
    return pa.chunked_array([values]), bad


def _epoch(text: str) -> int:
    text = text.strip().removesuffix(" UTC")
    if _WHOLE.fullmatch(text):
        values, bad = _from_epochs(pa.chunked_array([pa.array([int(float(text))])]))
        if bad:
            raise ValueError(bad[0].message)
        return int(arrays.times(values)[0])
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if moment.microsecond % 1000:
        raise ValueError("finer than a millisecond")
    return arrays.epoch_ms(moment)


def _each(
    name: str,
    column: pa.ChunkedArray,
    convert: Callable[[str], Any],
    kind: pa.DataType,
    complaint: str,
) -> tuple[pa.ChunkedArray, list[Poison]]:
    """Cell by cell, for a column with at least one cell that does not fit."""
    values: list[Any] = []
    bad: list[Poison] = []
    for row, cell in enumerate(column.to_pylist(), start=1):
        try:
            values.append(None if cell is None else convert(str(cell)))
        except ValueError:
            values.append(None)
            bad.append(Poison(row, "unreadable", f"{name} is {complaint}: {cell!r}"))
    return pa.chunked_array([pa.array(values, kind)]), bad


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    return column.cast(kind.value_type) if pa.types.is_dictionary(kind) else column


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
