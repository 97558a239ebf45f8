"""Rows of the lake as a file for other programs."""

import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from xq.errors import UsageError
from xq.lake.disk import LocalDisk, make_folder, storage_errors, write_whole

_ISO = "%Y-%m-%dT%H:%M:%SZ"  # a timestamp[ms] prints its milliseconds after the seconds


def write_file(table: pa.Table, path: Path, *, replace: bool) -> int:
    """Write Parquet, CSV or JSON lines, as the file's name ends; whole or not at all.

    Returns
    -------
    int
        Bytes written.

    Raises
    ------
    UsageError
        If the ending is unknown, or the file exists and ``replace`` is false.
    StorageFailed
        If the disk refuses.
    """
    encoders = {".parquet": _parquet, ".csv": _csv, ".jsonl": _jsonl}
    encode = encoders.get(path.suffix)
    if encode is None:
        endings = ", ".join(encoders)
        raise UsageError(f"expected a file ending in {endings}, found {path.name!r}")
    _refuse_existing(path, replace)
    data = encode(table)
    write_whole(path, data)
    return len(data)


@contextmanager
def whole_file(path: Path, *, replace: bool) -> Iterator[TextIO]:
    """A file to write text or, through ``buffer``, bytes to; in place once the context ends well.

    Raises
    ------
    UsageError
        If the file exists and ``replace`` is false.
    StorageFailed
        If the disk refuses.
    """
    _refuse_existing(path, replace)
    staged = _beside(path)
    try:
        with storage_errors(path):
            make_folder(path.parent)
            with _open(staged, path) as sink:
                yield sink
                sink.flush()
                os.fsync(sink.fileno())
            LocalDisk().publish(staged, path)
    finally:
        with suppress(OSError):  # the folder may be a file
            staged.unlink(missing_ok=True)


def _open(staged: Path, path: Path) -> TextIO:
    try:
        return staged.open("w", encoding="utf-8", newline="")
    except OSError as error:
        error.filename = str(path)  # nobody asked for the staged one
        raise


def _refuse_existing(path: Path, replace: bool) -> None:
    if path.exists() and not replace:
        raise UsageError("the file exists", where=str(path), hint="add --force to replace it")


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.partial")


def _parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue())


def _csv(table: pa.Table) -> bytes:
    from pyarrow import csv

    sink = io.BytesIO()
    csv.write_csv(
        _with_text_lists(_with_text_times(table)), sink, csv.WriteOptions(quoting_style="needed")
    )
    return sink.getvalue()


def _jsonl(table: pa.Table) -> bytes:
    rows = _with_text_times(table).to_pylist()
    lines = (json.dumps(row, ensure_ascii=False, default=_plain) for row in rows)
    return "".join(f"{line}\n" for line in lines).encode()


def _plain(value: object) -> str:
    """An exact number as its shortest text: a JSON number would be read as a float."""
    if not isinstance(value, Decimal):
        raise TypeError(f"no JSON for {type(value).__name__}")
    return f"{value.normalize():f}"


def _with_text_lists(table: pa.Table) -> pa.Table:
    """CSV knows no lists: they become JSON texts."""
    for place, field in enumerate(table.schema):
        if pa.types.is_list(field.type):
            values = table[field.name].to_pylist()
            texts = [None if v is None else json.dumps(v, default=_plain) for v in values]
            table = table.set_column(place, field.name, pa.array(texts, pa.string()))
    return table


def _with_text_times(table: pa.Table) -> pa.Table:
    import pyarrow.compute as pc

    for place, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            texts = pc.strftime(table[field.name].cast(pa.timestamp("ms", "UTC")), format=_ISO)
            short = pc.replace_substring(texts, ".000Z", "Z")
            table = table.set_column(place, field.name, short)
    return table
