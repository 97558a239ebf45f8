"""One file of the lake as a table and back: fixed settings, so that same rows give same bytes."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from xq.errors import CorruptFile
from xq.lake import wayout
from xq.lake.disk import failed
from xq.lake.schema import Kind, is_levels

_ROW_GROUP = 131_072


def encode(table: pa.Table, kind: Kind) -> pa.Buffer:
    """The bytes of a file that holds these rows.

    Prices rarely repeat, so dictionaries only cost; times are stored as differences.
    """
    numbers = [field.name for field in kind.schema if pa.types.is_floating(field.type)]
    others = [name for name in kind.schema.names if name not in (*numbers, "ts")]
    # Prices of a book do repeat, message after message.
    others += [f"{field.name}.list.element" for field in kind.schema if is_levels(field.type)]
    sink = pa.BufferOutputStream()
    pq.write_table(
        table.combine_chunks(),
        sink,
        row_group_size=_ROW_GROUP,
        compression="zstd",
        use_dictionary=others,
        column_encoding={"ts": "DELTA_BINARY_PACKED"},
        write_page_checksum=True,
        write_statistics=["ts"],
    )
    return sink.getvalue()


@contextmanager
def open_file(
    path: Path, source_of: Callable[[Path], pa.NativeFile] | None = None
) -> Iterator[pq.ParquetFile]:
    """A file of the lake, open for reading.

    Parameters
    ----------
    source_of
        Opens the bytes; None takes them from the disk as they are.

    Raises
    ------
    CorruptFile
        If it is not Parquet or its pages do not match their checksums.
    StorageFailed
        If the disk does not let it be read.
    """
    try:
        with pa.OSFile(str(path)) if source_of is None else source_of(path) as source:
            yield pq.ParquetFile(source, page_checksum_verification=True)
    except (pa.ArrowException, UnicodeDecodeError) as error:  # of a damaged column's name
        raise corrupt(path, str(error)) from error
    except OSError as error:
        # Arrow raises plain OSError without errno for broken pages and checksums.
        raise (failed(error, path) if error.errno else corrupt(path, str(error))) from error


def read(
    path: Path,
    kind: Kind,
    columns: Sequence[str] | None = None,
    source_of: Callable[[Path], pa.NativeFile] | None = None,
) -> pa.Table:
    """The rows of a file.

    Raises
    ------
    CorruptFile
        Also if the columns are not those of the kind.
    """
    names = list(columns if columns is not None else kind.schema.names)
    with open_file(path, source_of) as file:
        check_schema(path, file.schema_arrow, kind, names)
        return file.read(columns=names, use_threads=False)


def check_schema(path: Path, found: pa.Schema, kind: Kind, names: Sequence[str]) -> None:
    """Refuse a file whose columns are not those of its kind."""
    for name in names:
        wanted = kind.schema.field(name).type
        if name not in found.names:
            raise corrupt(path, f"column {name} is missing")
        if found.field(name).type != wanted:
            raise corrupt(path, f"column {name} is {found.field(name).type}, expected {wanted}")


def corrupt(path: Path, reason: str) -> CorruptFile:
    """The error that names a file which cannot be read."""
    first = reason.strip().splitlines()[0] if reason.strip() else "unreadable"
    first = first.replace(f"'{path}' ", "").replace(str(path), path.name)
    return CorruptFile(
        f"not a readable Parquet file of the lake: {first}",
        where=str(path),
        hint=wayout.command(path),
    )
