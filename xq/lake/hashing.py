"""A fingerprint of rows that no file layout, chunking or compression changes."""

from collections.abc import Mapping
from hashlib import blake2b

import numpy as np
import pyarrow as pa

from xq.bars import FIELDS, Bars
from xq.lake import arrays

_SIZE = 16


def hash_columns(columns: Mapping[str, np.ndarray]) -> str:
    """Hash of named columns, in their order: 32 hexadecimal digits.

    Examples
    --------
    >>> first = hash_columns({"ts": np.array([1, 2]), "close": np.array([1.0, 2.0])})
    >>> len(first), first == hash_columns({"ts": np.array([1, 2]), "close": np.array([1.0, 2.5])})
    (32, False)
    """
    digest = blake2b(digest_size=_SIZE)
    for name, values in columns.items():
        plain = np.ascontiguousarray(values)
        little = plain.astype(plain.dtype.newbyteorder("<"), copy=False)
        digest.update(f"{name}:{little.dtype.str}:{len(little)};".encode())
        digest.update(little.data.cast("B") if len(little) else b"")
    return digest.hexdigest()


def hash_bars(bars: Bars) -> str:
    """Hash of a block of bars; for one symbol the same as that of its rows in the lake.

    What is joined to the bars counts as well.
    """
    if len(bars.symbols) == 1:
        return hash_columns({"ts": bars.ts, **_lines(bars, 0)})
    digest = blake2b(digest_size=_SIZE)
    for column, symbol in enumerate(bars.symbols):
        values = _lines(bars, column)
        digest.update(f"{symbol}={hash_columns({'ts': bars.ts, **values})};".encode())
    return digest.hexdigest()


def _lines(bars: Bars, column: int) -> dict[str, np.ndarray]:
    fields = {name: getattr(bars, name)[:, column] for name in FIELDS}
    return fields | {f"+{name}": values[:, column] for name, values in bars.extra.items()}


def hash_table(table: pa.Table) -> str:
    """Hash of a table's rows, column by column."""
    return hash_columns(
        {name: part for name in table.column_names for name, part in _plain(name, table[name])}
    )


def _plain(name: str, column: pa.ChunkedArray) -> list[tuple[str, np.ndarray]]:
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    parts = [(f"{name}?", arrays.flags(column))] if column.null_count else []
    if column.type in (pa.int64(), pa.float64()):
        filled = column.fill_null(0) if column.null_count else column
        return [(name, arrays.numbers(filled)), *parts]
    texts = [repr(value).encode() for value in column.to_pylist()]
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    return [
        (f"{name}#", lengths),
        (name, np.frombuffer(b"".join(texts), dtype=np.uint8)),
        *parts,
    ]
