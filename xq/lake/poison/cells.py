"""Columns of any type as numbers and times, without an error for what is neither; pure."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from xq.lake import arrays

_PER_SECOND = {"s": 1, "ms": 1000, "us": 10**6, "ns": 10**9}
_LARGEST = 2**62


def number_column(column: pa.ChunkedArray) -> np.ndarray:
    """(n,) float64; NaN where a cell is null or no number."""
    texts = text_column(column)
    if texts is not None:
        return np.array([_number(text) for text in texts], dtype=np.float64)
    try:
        plain = column.cast(pa.float64(), safe=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return np.full(len(column), np.nan)
    return arrays.numbers(plain.fill_null(np.nan) if plain.null_count else plain)


def whole_column(column: pa.ChunkedArray) -> np.ndarray:
    """(n,) int64; 0 where a cell is null or no number."""
    if pa.types.is_integer(column.type):
        return arrays.numbers(column.cast(pa.int64()).fill_null(0))
    numbers = np.nan_to_num(number_column(column), posinf=0, neginf=0)
    return np.where(np.abs(numbers) < _LARGEST, numbers, 0).astype(np.int64)


def time_column(column: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """(n,) int64 epoch ms and (n,) bool where it is no time; plain numbers are taken as ms."""
    kind = column.type
    texts = text_column(column)
    if texts is not None:
        found = [_time(text) for text in texts]
        ts = np.array([0 if item is None else item for item in found], dtype=np.int64)
        return ts, np.array([item is None for item in found], dtype=bool)
    absent = arrays.flags(column)
    if pa.types.is_date(kind):
        column = column.cast(pa.timestamp("ms"))
        kind = column.type
    if pa.types.is_timestamp(kind):
        whole = arrays.numbers(column.cast(pa.int64()).fill_null(0))
        per_second = _PER_SECOND[kind.unit]
        scaled = whole * 1000 if per_second == 1 else whole // (per_second // 1000)
        return scaled, absent
    numbers = number_column(column)
    bad = ~np.isfinite(numbers) | (np.abs(numbers) > _LARGEST)
    return np.where(bad, 0, numbers).astype(np.int64), bad


def text_column(column: pa.ChunkedArray) -> list[str | None] | None:
    """The cells as text if the column is text, else None."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return None
    cells: list[str | None] = column.to_pylist()
    return cells


def _number(text: str | None) -> float:
    try:
        return np.nan if text is None else float(text)
    except ValueError:
        return np.nan


def _time(text: str | None) -> int | None:
    if text is None:
        return None
    text = text.strip()
    if text.lstrip("-").isdigit():
        return int(text) if len(text) < 19 else None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)
