"""New rows over stored rows: same keys replaced, order and bytes independent of arrival; pure."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xq.errors import DataError
from xq.lake import arrays
from xq.lake.schema import TIMESTAMP, Kind


@dataclass(frozen=True, slots=True)
class Merged:
    """The rows one file should hold, and how they differ from what it holds."""

    path: Path
    rows: pa.Table
    added: int
    revised: int
    unchanged: int


def conform(table: pa.Table, kind: Kind, where: str) -> pa.Table:
    """Columns in the kind's order and types; absent optional ones become null.

    Raises
    ------
    DataError
        If a required column is absent, one is unknown, or values do not fit the type.
    """
    unknown = [name for name in table.column_names if name not in kind.schema.names]
    if unknown:
        raise DataError(f"{kind.name} has no column {', '.join(unknown)}", where=where)
    columns = []
    for field in kind.schema:
        if field.name not in table.column_names:
            if not field.nullable:
                raise DataError(f"{kind.name} needs a column {field.name}", where=where)
            columns.append(pa.nulls(table.num_rows, field.type))
        else:
            columns.append(_cast(table[field.name], field, where))
    return pa.Table.from_arrays(columns, schema=kind.schema)


def unique(table: pa.Table, kind: Kind) -> pa.Table:
    """Rows sorted by key; of equal keys the last one given."""
    ordered = _sorted(table, kind)
    return _without(ordered, _same_as_next(ordered, kind.key))


def merged(path: Path, stored: pa.Table, fresh: pa.Table, kind: Kind) -> Merged:
    """Fresh rows over stored ones; both sorted and unique."""
    if not stored.num_rows:
        return Merged(path, fresh, fresh.num_rows, 0, 0)
    both = _sorted(pa.concat_tables([stored, fresh]), kind)
    replaced = _same_as_next(both, kind.key)
    equal = replaced & _same_as_next(both, tuple(kind.schema.names))
    unchanged = int(equal.sum())
    revised = int(replaced.sum()) - unchanged
    added = fresh.num_rows - unchanged - revised
    return Merged(path, _without(both, replaced), added, revised, unchanged)


def _without(table: pa.Table, left_out: np.ndarray) -> pa.Table:
    return table.take(arrays.rows_at(np.flatnonzero(~left_out))) if left_out.any() else table


def _sorted(table: pa.Table, kind: Kind) -> pa.Table:
    if kind.key == ("ts",):
        ts = arrays.times(table["ts"])
        if len(ts) < 2 or bool((np.diff(ts) >= 0).all()):
            return table
        return table.take(arrays.rows_at(np.argsort(ts, kind="stable")))
    # Arrow's sort is stable, which is what lets the last of equal keys win.
    order = pc.sort_indices(table, sort_keys=[(name, "ascending") for name in kind.key])
    return table.take(order)


def _same_as_next(table: pa.Table, names: tuple[str, ...]) -> np.ndarray:
    """(n,) bool: whether a row has the values of the row after it; missing equals missing."""
    same = np.ones(table.num_rows, dtype=bool)
    if not len(same):
        return same
    same[-1] = False
    for name in names:
        column = table[name].combine_chunks()
        if name == "ts" or (pa.types.is_floating(column.type) and not column.null_count):
            values = arrays.numbers(pa.chunked_array([column]))
            same[:-1] &= (values[:-1] == values[1:]) | (
                (values[:-1] != values[:-1]) & (values[1:] != values[1:])
            )
            continue
        if pa.types.is_list(column.type):
            same[:-1] &= _same_lists(column)
            continue
        head, tail = column.slice(0, len(column) - 1), column.slice(1)
        alike = pc.equal(head, tail).fill_null(False).to_numpy(zero_copy_only=False)
        absent = pc.and_(head.is_null(nan_is_null=True), tail.is_null(nan_is_null=True))
        same[:-1] &= alike | absent.to_numpy(zero_copy_only=False)
    return same


def _same_lists(column: pa.ListArray) -> np.ndarray:
    """(n - 1,) bool: whether a list has the values of the next; missing equals missing."""
    absent = arrays.flags(pa.chunked_array([column]))
    lengths = np.asarray(pc.list_value_length(column).fill_null(0).to_numpy(zero_copy_only=False))
    same: np.ndarray = (lengths[:-1] == lengths[1:]) & (absent[:-1] == absent[1:])
    starts = np.concatenate(([0], np.cumsum(lengths)))[:-1]
    rows = np.flatnonzero(same & (lengths[:-1] > 0))
    if not len(rows):
        return same
    sizes = lengths[rows]
    inside = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    values = column.flatten()
    head, tail = (
        values.take(arrays.rows_at(np.repeat(starts[rows + shift], sizes) + inside))
        for shift in (0, 1)
    )
    equal = pc.equal(head, tail).fill_null(False).to_numpy(zero_copy_only=False)
    both = pc.and_(head.is_null(), tail.is_null()).to_numpy(zero_copy_only=False)
    same[rows] = np.logical_and.reduceat(equal | both, np.cumsum(sizes) - sizes)
    return same


def _cast(column: pa.ChunkedArray, field: pa.Field, where: str) -> pa.ChunkedArray:
    kind = column.type
    numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    try:
        if field.type == TIMESTAMP and numeric:
            return column.cast(pa.int64()).cast(TIMESTAMP)
        return column.cast(field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{field.name} does not fit {field.type}: {reason}", where=where) from error
