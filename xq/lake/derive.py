"""Coarser bars from finer ones on read: exact, and only from complete buckets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

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
    if bar is None or dataset.kind not in KINDS:
        return None
    if layout.periods(root, dataset):
        return None
    folder = (root / dataset.path).parent
    store.of(root).catalogue(dataset.kind)
    found = []
    for finer in lengths(folder):
        if finer.divides(bar) and layout.periods(root, of_length(dataset, finer.name)):
            found.append(finer)
    return max(found, key=lambda item: item.ms, default=None)


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
    buckets = coarser.number(rows.ts)
    edges = np.flatnonzero(np.diff(buckets, prepend=buckets[:1] - 1))
    counts = np.diff(edges, append=len(buckets))
    opens = coarser.open_of(buckets[edges])
    complete = counts == finer.count(opens, coarser.end(opens))
    starts, sizes = edges[complete], counts[complete]
    told = of_what_traded(rows.fields, edges)
    fields = {name: np.empty(len(starts)) for name in told}
    for size in np.unique(sizes):  # one, except for months
        alike = sizes == size
        at = starts[alike][:, None] + np.arange(size)
        for name, values in told.items():
            fields[name][alike] = _IN_BUCKET[name](values[at])
    return BarColumns(opens[complete], fields)


def of_what_traded(fields: Mapping[str, np.ndarray], starts: np.ndarray) -> dict[str, np.ndarray]:
    """Bars so that first, highest and lowest of each bucket are those of what traded in it.

    A flat bar without volume repeats the price before it; of a bucket in which something traded it
    tells neither the open nor an extreme.

    Parameters
    ----------
    starts
        First row of each bucket; every row lies in one.

    Examples
    --------
    >>> quiet = {"open": np.array([9.0, 5.0]), "high": np.array([9.0, 6.0]),
    ...          "low": np.array([9.0, 4.0]), "volume": np.array([0.0, 1.0])}
    >>> made = of_what_traded(quiet, np.array([0]))
    >>> made["open"][0].item(), made["high"].max().item(), made["low"].min().item()
    (5.0, 6.0, 4.0)
    """
    volume, told = fields.get("volume"), dict(fields)
    if volume is None or not (volume == 0).any():
        return told
    traded, rows = (volume != 0) | (fields["high"] != fields["low"]), len(volume)
    first = np.minimum.reduceat(np.where(traded, np.arange(rows), rows), starts)
    some = first < rows
    silent = ~traded & np.repeat(some, np.diff(starts, append=rows))
    told["open"] = fields["open"].copy()
    told["open"][starts[some]] = fields["open"][first[some]]
    told["high"] = np.where(silent, -np.inf, fields["high"])
    told["low"] = np.where(silent, np.inf, fields["low"])
    return told


# Volumes are added in the order of time, as `resample` in SQL does, so that the sums are the same.
_IN_BUCKET: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "open": lambda parts: parts[:, 0],
    "high": lambda parts: parts.max(axis=1),
    "low": lambda parts: parts.min(axis=1),
    "close": lambda parts: parts[:, -1],
    "volume": lambda parts: np.add.accumulate(parts, axis=1)[:, -1],
}


def lengths(folder: Path) -> list[Timeframe]:
    """The bar lengths that a market's folder has folders of."""
    parts = (name.partition("=") for name in folders.names(str(folder)))
    found = [unquote(value) for key, _, value in parts if key == "timeframe"]
    return [Timeframe.parse(name) for name in found if name in names()]


def of_length(dataset: Dataset, timeframe: str) -> Dataset:
    """The same series with bars of another length."""
    return Dataset(dataset.kind, dataset.exchange, dataset.symbol, timeframe)
