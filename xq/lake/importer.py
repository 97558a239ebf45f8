"""Somebody else's file of bars as rows of the lake, or a list of what is wrong with it by row."""

import codecs
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from xq.errors import CorruptFile, DataError, NoData, suggestion
from xq.lake import arrays, rules
from xq.lake.disk import failed
from xq.lake.rules import Poison
from xq.lake.schema import TIMESTAMP, kind_of
from xq.timeframe import Timeframe

_PARQUET_MAGIC = b"PAR1"
_CHUNK = 1 << 20
_COLUMNS = kind_of("ohlcv").schema.names
_WHOLE = re.compile(r"-?\d+(\.0*)?")

# Smaller numbers are seconds (until the year 5138), larger ones milliseconds (from 1973 on);
# then those of which 1e3 or 1e6 make a millisecond.
_SECONDS_BELOW = 10**11
_UNITS = ((10**14, 10**3), (10**17, 10**6))


@dataclass(frozen=True, slots=True)
class Bad:
    """A cell that cannot be read, in a row counted from 1."""

    row: int
    rule: str
    message: str


@dataclass(frozen=True, slots=True)
class Imported:
    """Rows ready for `LakeWriter.upsert`, and columns of the file that were left out."""

    rows: pa.Table
    ignored: tuple[str, ...]


def read_bars(path: Path, timeframe: Timeframe, *, now_ms: int) -> Imported:
    """Bars from a Parquet or CSV file with ``ts, open, high, low, close, volume``.

    ``ts`` may be epoch milliseconds or seconds (also micro- and nanoseconds, told apart by their
    size), ISO text with a zone or in UTC, or an Arrow timestamp or date of any unit.

    Parameters
    ----------
    now_ms
        The present; a bar that is not over by then is refused.

    Raises
    ------
    NoData
        If the file has no rows.
    CorruptFile
        If it is neither Parquet nor CSV.
    DataError
        If a column is missing.
    PoisonRows
        If rows cannot be read or cannot be true, naming them counted from 1.
    StorageFailed
        If the file cannot be opened.
    """
    table, bad = _read(path)
    if not table.num_rows and not bad:
        raise NoData("the file has no rows", where=str(path))
    _require_columns(table, path)
    _refuse(bad, path)
    columns: dict[str, Any] = {}
    for name in _COLUMNS:
        read = _times if name == "ts" else _numbers
        columns[name], found = read(name, _decoded(table[name]))
        bad += found
    rows = pa.table(columns, schema=kind_of("ohlcv").schema)
    # A cell that could not be read is null now; its own message is better than "missing".
    told = {item.row for item in bad}
    poison = rules.validate_rows(rows, timeframe=timeframe, known_until_ms=now_ms)
    _refuse([*bad, *(item for item in poison if item.row not in told)], path)
    ignored = tuple(name for name in table.column_names if name not in _COLUMNS)
    return Imported(rows, ignored)


def _refuse(found: Sequence[Bad | Poison], path: Path) -> None:
    poison = [Poison(item.row, item.rule, item.message) for item in found]
    rules.refuse(sorted(poison, key=lambda item: (item.row, item.rule)), where=str(path))


def _read(path: Path) -> tuple[pa.Table, list[Bad]]:
    try:
        with path.open("rb") as file:
            magic = file.read(len(_PARQUET_MAGIC))
    except OSError as error:
        raise failed(error, path) from error
    if magic == _PARQUET_MAGIC:
        return _read_parquet(path), []
    if path.suffix in (".parquet", ".pq"):
        raise CorruptFile("not a Parquet file", where=str(path))
    return _read_csv(path)


def _read_parquet(path: Path) -> pa.Table:
    import pyarrow.parquet as pq

    try:
        with pa.OSFile(str(path)) as source:
            return pq.ParquetFile(source).read()
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise CorruptFile(f"not a readable Parquet file: {reason}", where=str(path)) from error


def _read_csv(path: Path) -> tuple[pa.Table, list[Bad]]:
    from pyarrow import csv

    _require_text(path)
    bad: list[Bad] = []

    def note(row: Any) -> str:
        message = f"{row.actual_columns} cells, expected {row.expected_columns}"
        bad.append(Bad((row.number or len(bad) + 2) - 1, "ragged", message))
        return "skip"

    text = {name: pa.string() for name in _COLUMNS}
    try:
        table = csv.read_csv(
            path,
            read_options=csv.ReadOptions(use_threads=False),
            parse_options=csv.ParseOptions(invalid_row_handler=note),
            convert_options=csv.ConvertOptions(
                column_types=text, strings_can_be_null=True, null_values=[""]
            ),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            raise NoData("the file has no rows", where=str(path)) from error
        reason = str(error).splitlines()[0]
        raise CorruptFile(f"not a readable CSV file: {reason}", where=str(path)) from error
    return table, bad


def _require_text(path: Path) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while part := file.read(_CHUNK):
                decoder.decode(part)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise CorruptFile("neither Parquet nor UTF-8 text", where=str(path)) from error


def _require_columns(table: pa.Table, path: Path) -> None:
    missing = [name for name in _COLUMNS if name not in table.column_names]
    if not missing:
        return
    found = ", ".join(table.column_names[:12])
    close = suggestion(missing[0], table.column_names)
    hint = f"rename the column {close} to {missing[0]}" if close else None
    raise DataError(
        f"columns {', '.join(missing)} are missing, found {found}", where=str(path), hint=hint
    )


def _numbers(name: str, column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, list[Bad]]:
    if not _is_text(column.type):
        try:
            return column.cast(pa.float64()), []
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            column = column.cast(pa.string())
    try:
        return column.cast(pa.float64()), []
    except pa.ArrowInvalid:
        return _each(name, column, float, pa.float64(), "no number")


def _times(name: str, column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, list[Bad]]:
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


def _from_timestamps(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, list[Bad]]:
    if pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("ms"))
    per_millisecond = {"us": 10**3, "ns": 10**6}.get(column.type.unit)
    if per_millisecond is None:
        return _whole(column.cast(pa.timestamp("ms", column.type.tz)).cast(pa.int64()), 1)
    return _whole(column.cast(pa.int64()), per_millisecond)


def _from_epochs(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, list[Bad]]:
    size = np.abs(arrays.numbers(column.fill_null(0)))
    divisors = np.ones(len(size), dtype=np.int64)
    for smallest, divisor in _UNITS:
        divisors[size >= smallest] = divisor
    seconds = size < _SECONDS_BELOW
    factors = np.where(seconds, 1000, 1)
    return _whole(column, divisors, factors)


def _whole(
    column: pa.ChunkedArray, divisor: int | np.ndarray, factor: int | np.ndarray = 1
) -> tuple[pa.ChunkedArray, list[Bad]]:
    """Epoch numbers as times; what is finer than a millisecond is refused, not rounded away."""
    absent = arrays.flags(column)
    epochs = arrays.numbers(column.fill_null(0))
    bad = [
        Bad(int(row) + 1, "off_grid", f"ts {epochs[row]} is finer than a millisecond")
        for row in np.flatnonzero(epochs % divisor)
    ]
    values = pa.array(epochs // divisor * factor, mask=absent).cast(TIMESTAMP)
    return pa.chunked_array([values]), bad


def _epoch(text: str) -> int:
    text = text.strip()
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
) -> tuple[pa.ChunkedArray, list[Bad]]:
    """Cell by cell, for a column with at least one cell that does not fit."""
    values: list[Any] = []
    bad: list[Bad] = []
    for row, cell in enumerate(column.to_pylist(), start=1):
        try:
            values.append(None if cell is None else convert(str(cell)))
        except ValueError:
            values.append(None)
            bad.append(Bad(row, "unreadable", f"{name} is {complaint}: {cell!r}"))
    return pa.chunked_array([pa.array(values, kind)]), bad


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    return column.cast(kind.value_type) if pa.types.is_dictionary(kind) else column


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
