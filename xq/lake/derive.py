"""Coarser bars from finer ones on read: exact, and only from complete buckets."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from xq.lake import arrays, columns, folders, layout, store
from xq.lake.columns import BarColumns
from xq.lake.layout import Dataset
from xq.lake.schema import TIMESTAMP
from xq.timeframe import Timeframe, names

KINDS = ("ohlcv", "mark", "index")  # what coarser bars can be made of

Read = Callable[[Dataset, int | None, int | None], pa.Table]


@dataclass(frozen=True, slots=True)
class Block:
    """Bars of one symbol and where they come from.

    Attributes
    ----------
    derived_from
        The stored timeframe they were made of; None for stored bars.
    """

    bars: BarColumns
    derived_from: Timeframe | None = None


def finer_stored(root: Path, dataset: Dataset) -> Timeframe | None:
    """The stored timeframe that a dataset without files can be made of: the coarsest that fits.

    Returns
    -------
    Timeframe or None
        None if the dataset has files of its own, is no series of bars, or nothing fits; 3d bars
        are never derived.
    """
    bar = dataset.bar
    if bar is None or not bar.has_shared_edges or dataset.kind not in KINDS:
        return None
    if layout.periods(root, dataset):
        return None
    folder = (root / dataset.path).parent
    store.of(root).catalogue(dataset.kind)
    found = []
    for name in _stored(folder):
        finer = Timeframe.parse(name)
        if divides(finer, bar) and layout.periods(root, of_length(dataset, name)):
            found.append(finer)
    return max(found, key=lambda item: item.ms, default=None)


def divides(finer: Timeframe, bar: Timeframe) -> bool:
    """Whether whole bars of one length make a bar of the other.

    Examples
    --------
    >>> minute, hour, week = (Timeframe.parse(name) for name in ("1m", "1h", "1w"))
    >>> divides(minute, hour), divides(hour, minute), divides(Timeframe.parse("3d"), week)
    (True, False, False)
    """
    return finer.ms < bar.ms and bar.ms % finer.ms == 0 and finer.is_edge(bar.floor(0))


def table(
    dataset: Dataset, finer: Timeframe, start_ms: int | None, end_ms: int | None, read: Read
) -> pa.Table:
    """The rows that a dataset of bars would have, made of those of ``finer``.

    Parameters
    ----------
    read
        Gives the stored rows of a dataset in a range.
    """
    bar = Timeframe.parse(str(dataset.timeframe))
    first = None if start_ms is None else bar.ceil(start_ms)
    last = None if end_ms is None else bar.ceil(end_ms)
    rows = read(of_length(dataset, finer.name), first, last)
    names = [name for name in dataset.spec.schema.names if name != "ts"]
    parts = {name: arrays.numbers(rows[name]) for name in names}
    made = aggregate(BarColumns(arrays.times(rows["ts"]), parts), finer, bar)
    columns_made = [pa.array(made.ts, TIMESTAMP), *(pa.array(made.fields[name]) for name in names)]
    return pa.Table.from_arrays(columns_made, schema=dataset.spec.schema)


def bar_columns(root: Path, dataset: Dataset, start_ms: int | None, end_ms: int | None) -> Block:
    """Stored bars that open in ``[start_ms, end_ms)``; where none are stored at all, derived ones.

    Raises
    ------
    CorruptFile, PoisonRows
        As `xq.lake.columns.bar_columns`.
    """
    bar, finer = dataset.bar, finer_stored(root, dataset)
    if bar is None or finer is None:
        return Block(columns.bar_columns(root, dataset, start_ms, end_ms))
    first = None if start_ms is None else bar.ceil(start_ms)
    last = None if end_ms is None else bar.ceil(end_ms)
    rows = columns.bar_columns(root, of_length(dataset, finer.name), first, last)
    return Block(aggregate(rows, finer, bar), finer)


def aggregate(rows: BarColumns, finer: Timeframe, coarser: Timeframe) -> BarColumns:
    """Bars of ``coarser`` from sorted bars of ``finer``; a bucket that lacks one is left out.

    Examples
    --------
    >>> minute, three = Timeframe.parse("1m"), Timeframe.parse("3m")
    >>> ts = np.array([0, 60_000, 120_000, 180_000])
    >>> one = {name: np.array([1.0, 3.0, 2.0, 9.0]) for name in ("open", "high", "low", "close")}
    >>> made = aggregate(BarColumns(ts, one | {"volume": np.ones(4)}), minute, three)
    >>> made.ts.tolist(), [float(values[0]) for values in made.fields.values()]
    ([0], [1.0, 3.0, 1.0, 2.0, 3.0])
    """
    size = coarser.ms // finer.ms
    offset = coarser.floor(0)
    buckets = (rows.ts - offset) // coarser.ms
    edges = np.flatnonzero(np.diff(buckets, prepend=buckets[:1] - 1))
    counts = np.diff(edges, append=len(buckets))
    whole = edges[counts == size]
    at = whole[:, None] + np.arange(size)
    fields = {name: _IN_BUCKET[name](values[at]) for name, values in rows.fields.items()}
    return BarColumns(buckets[whole] * coarser.ms + offset, fields)


# Volumes are added in the order of time, as `resample` in SQL does, so that the sums are the same.
_IN_BUCKET: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "open": lambda parts: parts[:, 0],
    "high": lambda parts: parts.max(axis=1),
    "low": lambda parts: parts.min(axis=1),
    "close": lambda parts: parts[:, -1],
    "volume": lambda parts: np.add.accumulate(parts, axis=1)[:, -1],
}


def _stored(folder: Path) -> list[str]:
    parts = (name.partition("=") for name in folders.names(str(folder)))
    return [value for key, _, value in parts if key == "timeframe" and value in names()]


def of_length(dataset: Dataset, timeframe: str) -> Dataset:
    """The same series with bars of another length."""
    return Dataset(dataset.kind, dataset.exchange, dataset.symbol, timeframe)
