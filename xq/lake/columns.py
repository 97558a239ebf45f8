"""Columns straight from the files into arrays: the fast path under every read of bars."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from xq.bars import FIELDS
from xq.errors import PoisonRows
from xq.lake import arrays, layout, parquet
from xq.lake.layout import Dataset, Leaf
from xq.lake.ranges import Range
from xq.lake.trust import Trust

_COLUMNS = ("ts", *FIELDS)
_POOL_FROM = 3  # leaves; below that a thread costs more than it saves
_THREADS = 4
_BEGINNING, _END = -(2**62), 2**62


@dataclass(frozen=True, slots=True)
class BarColumns:
    """Bars of one symbol: ``ts`` (T,) int64 and five (T,) float64 arrays."""

    ts: np.ndarray
    fields: dict[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Footer:
    """What a file says about itself without its rows being read."""

    rows: int
    first_ms: int
    last_ms: int


def leaves_within(
    root: Path, dataset: Dataset, start_ms: int | None, end_ms: int | None
) -> list[Leaf]:
    """The files that may hold rows of ``[start_ms, end_ms)``, oldest first."""
    return list(layout.leaves(root, dataset, span(start_ms, end_ms)))


def span(start_ms: int | None, end_ms: int | None) -> Range | None:
    """``[start_ms, end_ms)`` as a range; None if both ends are open."""
    if start_ms is None and end_ms is None:
        return None
    first = _BEGINNING if start_ms is None else start_ms
    return Range(first, _END if end_ms is None else end_ms)


def rows_within(ts: np.ndarray, start_ms: int | None, end_ms: int | None) -> slice:
    """The rows of sorted times that lie in ``[start_ms, end_ms)``.

    Examples
    --------
    >>> rows_within(np.array([10, 20, 30]), 20, None)
    slice(1, 3, None)
    """
    start = 0 if start_ms is None else int(np.searchsorted(ts, start_ms))
    stop = len(ts) if end_ms is None else int(np.searchsorted(ts, end_ms))
    return slice(start, max(start, stop))


def bar_columns(
    root: Path, dataset: Dataset, start_ms: int | None, end_ms: int | None
) -> BarColumns:
    """Bars of one dataset that open in ``[start_ms, end_ms)``; empty arrays if there are none.

    Raises
    ------
    CorruptFile
        If a file cannot be read or its times do not increase.
    PoisonRows
        If a number is NaN or infinite.
    """
    found = leaves_within(root, dataset, start_ms, end_ms)
    tables = _read_all(root, found, dataset)
    parts = []
    for leaf, table in zip(found, tables, strict=True):
        ts = arrays.times(table["ts"])
        _check_order(leaf.path, ts)
        rows = rows_within(ts, start_ms, end_ms)
        parts.append((ts[rows], {name: arrays.numbers(table[name])[rows] for name in FIELDS}))
    if len(parts) == 1:
        block = BarColumns(*parts[0])
    else:
        empty = [np.empty(0)]
        block = BarColumns(
            np.concatenate([part[0] for part in parts] or [np.empty(0, np.int64)]),
            {name: np.concatenate([part[1][name] for part in parts] or empty) for name in FIELDS},
        )
    _check_numbers(dataset, block)
    return block


def footer(path: Path) -> Footer:
    """Row count and first and last time of a file.

    Raises
    ------
    CorruptFile
        If it has no readable footer or no statistics of ``ts``.
    """
    with parquet.open_file(path) as file:
        meta = file.metadata
        if "ts" not in file.schema_arrow.names:
            raise parquet.corrupt(path, "column ts is missing")
        at = file.schema_arrow.names.index("ts")
        groups = [meta.row_group(index) for index in range(meta.num_row_groups)]
        stats = [group.column(at).statistics for group in groups if group.num_rows]
        if not stats or any(item is None or not item.has_min_max for item in stats):
            return _counted(path, file)
        if all(_in_ms(item) for item in stats):
            first, last = min(item.min_raw for item in stats), max(item.max_raw for item in stats)
            return Footer(meta.num_rows, first, last)
        first, last = min(item.min for item in stats), max(item.max for item in stats)
        return Footer(meta.num_rows, arrays.epoch_ms(first), arrays.epoch_ms(last))


def _in_ms(item: pq.Statistics) -> bool:
    """Whether its raw numbers are epoch ms; Arrow's own way to a time would import pandas."""
    return '"timeUnit":"milliseconds"' in item.logical_type.to_json()


def _counted(path: Path, file: pq.ParquetFile) -> Footer:
    ts = arrays.times(file.read(columns=["ts"])["ts"])
    if not len(ts):
        raise parquet.corrupt(path, "it holds no rows")
    return Footer(len(ts), int(ts.min()), int(ts.max()))


def _read_all(root: Path, found: Sequence[Leaf], dataset: Dataset) -> list[pa.Table]:
    with Trust(root, dataset) as trust:

        def read(leaf: Leaf) -> pa.Table:
            return trust.table(leaf, _COLUMNS)

        if len(found) < _POOL_FROM:
            return [read(leaf) for leaf in found]
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(min(_THREADS, os.cpu_count() or 1)) as pool:
            return list(pool.map(read, found))


def _check_order(path: Path, ts: np.ndarray) -> None:
    if len(ts) > 1 and not bool((ts[1:] > ts[:-1]).all()):
        raise parquet.corrupt(path, "its times do not increase")


def _check_numbers(dataset: Dataset, block: BarColumns) -> None:
    for name, values in block.fields.items():
        # The sum is finite only if every term is; far cheaper than testing each.
        if not np.isfinite(values.sum()) and not np.isfinite(values).all():
            raise PoisonRows(
                f"{name} is NaN or infinite in stored bars",
                where=str(dataset),
                hint="xq data check",
            )
