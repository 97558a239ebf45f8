"""Arrow columns as NumPy views, and back; pyarrow's own ways would import pandas (0.4 s)."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def numbers(column: pa.ChunkedArray) -> np.ndarray:
    """A column of float64, int64 or timestamps without its nulls' meaning: raw numbers.

    A view of the column's memory if it is one chunk. The value under a null is arbitrary.
    """
    dtype = np.float64 if pa.types.is_floating(column.type) else np.int64
    parts = [_view(chunk, dtype) for chunk in column.chunks if len(chunk)]
    if len(parts) == 1:
        return parts[0]
    return np.concatenate([np.empty(0, dtype), *parts])


def flags(column: pa.ChunkedArray) -> np.ndarray:
    """(n,) bool: where a column is null."""
    if not column.null_count:
        return np.zeros(len(column), dtype=bool)
    return np.asarray(column.is_null().to_numpy(zero_copy_only=False), dtype=bool)


def times(column: pa.ChunkedArray) -> np.ndarray:
    """A ``ts`` column as int64 epoch ms; a missing time is 0."""
    whole = column.cast(pa.int64())
    return numbers(whole.fill_null(0) if whole.null_count else whole)


def rows_at(indices: np.ndarray) -> pa.Array:
    """Row numbers as Arrow takes them."""
    return column(np.asarray(indices, dtype=np.int64))


def column(values: np.ndarray) -> pa.Array:
    """A float64 or int64 array as Arrow, without nulls; shares its memory where it lies in a row.

    Examples
    --------
    >>> column(np.array([[1.5, 9.0], [2.5, 9.0]])[:, 0]).to_pylist()
    [1.5, 2.5]
    """
    kind, dtype = (
        (pa.float64(), np.float64) if values.dtype == np.float64 else (pa.int64(), np.int64)
    )
    plain = np.ascontiguousarray(values, dtype=dtype)
    return pa.Array.from_buffers(kind, len(plain), [None, pa.py_buffer(plain)])


def no_rows(schema: pa.Schema) -> pa.Table:
    """A table of this schema without a row.

    Examples
    --------
    >>> no_rows(pa.schema([("a", pa.float64())])).num_rows
    0
    """
    return pa.Table.from_batches([], schema=schema)


def mask(values: np.ndarray) -> pa.Array:
    """A bool array as Arrow.

    Examples
    --------
    >>> mask(np.array([True, False, True])).to_pylist()
    [True, False, True]
    """
    bits = pa.py_buffer(np.packbits(values, bitorder="little"))
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, bits])


def epoch_ms(moment: datetime) -> int:
    """Epoch milliseconds of a time with a zone, exact.

    Examples
    --------
    >>> epoch_ms(datetime(1970, 1, 1, 0, 0, 1, 5000, tzinfo=UTC))
    1005
    """
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _view(chunk: pa.Array, dtype: type) -> np.ndarray:
    values: np.ndarray = np.frombuffer(chunk.buffers()[1], dtype=dtype)
    return values[chunk.offset : chunk.offset + len(chunk)]
