"""The only file that prints: data to stdout, everything for people to stderr."""

import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

from xq.cli.plain import csv_cell, mapping, plain
from xq.cli.streams import is_unicode, tell
from xq.errors import ReaderLeft, UsageError, XqError

if TYPE_CHECKING:
    import pyarrow as pa

Rows = Any  # a sequence of mappings or dataclasses, a pyarrow Table, or a RecordBatchReader

_BATCH = 10_000
_ROW_GROUP = 131_072
_UNCUT = 200
_ROOMY = 10_000


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    ARROW = "arrow"
    PARQUET = "parquet"


_BINARY = (Format.ARROW, Format.PARQUET)


@contextmanager
def _reader() -> Iterator[None]:
    """Tell a closed stdout from every other broken pipe."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        raise ReaderLeft from None


@_reader()
def print_rows(rows: Rows, kind: Format, *, title: str | None = None) -> None:
    """Write rows to stdout."""
    if kind in _BINARY and sys.stdout.isatty():
        raise UsageError(f"{kind} is not for a terminal", hint=f"add > FILE.{kind}")
    if kind is Format.ARROW:
        _write_arrow(rows)
    elif kind is Format.PARQUET:
        _write_parquet(rows)
    elif kind is Format.TABLE:
        _write_table(rows, title)
    elif kind is Format.CSV:
        _write_csv(rows)
    elif kind is Format.JSONL:
        for row in _mappings(rows):
            sys.stdout.write(to_json(row) + "\n")
    else:
        _write_array(rows)


@_reader()
def print_record(record: Mapping[str, Any] | Any, kind: Format) -> None:
    """Write one object to stdout."""
    fields = mapping(record)
    if kind is Format.TABLE:
        from xq.cli.table import pairs

        width = get_terminal_size().columns if sys.stdout.isatty() else None
        print_rich(pairs(list(_flat(fields)), width))
    elif kind is Format.CSV or kind in _BINARY:
        print_rows([dict(_flat(fields))], kind)
    else:
        sys.stdout.write(to_json(fields, indent=2 if kind is Format.JSON else None) + "\n")


@_reader()
def print_text(text: str) -> None:
    """Write text to stdout."""
    sys.stdout.write(text if text.endswith("\n") else text + "\n")


def print_note(text: str) -> None:
    """Write a line for people to stderr."""
    tell(text)


@_reader()
def print_rich(*renderables: Any) -> None:
    """Write rich renderables to stdout, as wide as they need when nobody's terminal cuts them."""
    from rich.console import Console

    width = get_terminal_size().columns if sys.stdout.isatty() else _UNCUT
    console = Console(
        file=sys.stdout, width=_ROOMY, height=_ROOMY, highlight=False, markup=False, emoji=False
    )
    console.width = max([width, *(console.measure(item).minimum for item in renderables)])
    console.print(*renderables, sep="\n")


def print_error(error: XqError, *, as_json: bool) -> int:
    """Write an error to stderr and return its exit code."""
    text = to_json(error.as_dict()) if as_json else str(error)
    tell(text)
    return error.exit_code


def to_json(value: Any, *, indent: int | None = None) -> str:
    """JSON text; NaN and infinities become null, Decimals numbers, times ISO strings.

    What stdout cannot spell is escaped.

    Examples
    --------
    >>> from decimal import Decimal
    >>> to_json({"a": Decimal("0.10"), "b": float("nan")})
    '{"a": 0.1, "b": null}'
    """
    ascii_only = not is_unicode(sys.stdout)
    return json.dumps(plain(value), indent=indent, ensure_ascii=ascii_only, allow_nan=False)


@contextmanager
def progress_bar(title: str, total: float | None, *, enabled: bool) -> Iterator[Any]:
    """A progress bar on stderr; silent when stderr is not a terminal."""
    if not (enabled and sys.stderr.isatty()):
        yield _Silent()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = [TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()]
    if total is not None:
        columns.insert(2, MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield _RichBar(progress, progress.add_task(title, total=total))


class _Silent:
    def advance(self, steps: float = 1) -> None:
        pass


class _RichBar:
    def __init__(self, progress: Any, task: Any) -> None:
        self._progress = progress
        self._task = task

    def advance(self, steps: float = 1) -> None:
        self._progress.advance(self._task, steps)


def _flat(fields: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in fields.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _mappings(rows: Rows) -> Iterator[Mapping[str, Any]]:
    if hasattr(rows, "to_batches"):
        rows = rows.to_batches(max_chunksize=_BATCH)
    for row in rows:
        if hasattr(row, "to_pylist"):
            yield from row.to_pylist()
        else:
            yield mapping(row)


def _names(rows: Rows) -> list[str]:
    if hasattr(rows, "schema"):
        return list(rows.schema.names)
    names: dict[str, None] = {}
    for row in rows:
        names |= dict.fromkeys(mapping(row))
    return list(names)


def _write_array(rows: Rows) -> None:
    separator = "[\n"
    for row in _mappings(rows):
        sys.stdout.write(separator + "  " + to_json(row))
        separator = ",\n"
    sys.stdout.write("[]\n" if separator == "[\n" else "\n]\n")


def _write_csv(rows: Rows) -> None:
    names = _names(rows)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    for row in _mappings(rows):
        writer.writerow([csv_cell(row.get(name)) for name in names])


def _write_arrow(rows: Rows) -> None:
    import pyarrow as pa

    reader = _stream(rows)
    with pa.ipc.new_stream(sys.stdout.buffer, reader.schema) as stream:
        for batch in reader:
            stream.write_batch(batch)


def _write_parquet(rows: Rows) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    reader, held, group = _stream(rows), 0, []
    with parquet.ParquetWriter(sys.stdout.buffer, reader.schema, compression="zstd") as writer:
        for batch in reader:
            group.append(batch)
            held += batch.num_rows
            if held >= _ROW_GROUP:
                writer.write_table(pa.Table.from_batches(group))
                held, group = 0, []
        if group:
            writer.write_table(pa.Table.from_batches(group))


def _stream(rows: Rows) -> "pa.RecordBatchReader":
    import pyarrow as pa

    if isinstance(rows, pa.RecordBatchReader):
        return rows
    return (rows if isinstance(rows, pa.Table) else _table_of(rows)).to_reader()


def _table_of(rows: Sequence[Any]) -> "pa.Table":
    import pyarrow as pa

    names = _names(rows)
    shown = [plain(mapping(row)) for row in rows]
    return pa.table({name: _column([row.get(name) for row in shown]) for name in names})


def _column(values: list[Any]) -> list[Any]:
    """Values of one type as they are; mixed ones as text, since a column has one type."""
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) <= 1 or kinds == {int, float}:
        return values
    return [
        value if value is None or isinstance(value, str) else to_json(value) for value in values
    ]


def _write_table(rows: Rows, title: str | None) -> None:
    from xq.cli.table import fitting, layout

    if hasattr(rows, "read_all"):
        rows = rows.read_all()
    held = rows if isinstance(rows, Sequence) or hasattr(rows, "num_rows") else list(rows)
    names, found = _names(held), list(_mappings(held))
    if sys.stdout.isatty():
        print_rich(*fitting(names, found, title, get_terminal_size().columns))
    else:
        print_rich(layout(names, found, title))
