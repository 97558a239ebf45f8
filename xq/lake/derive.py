"""Coarser bars from finer ones on read: exact, and only from complete buckets."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xq.lake import columns, layout, store
from xq.lake.columns import BarColumns
from xq.lake.layout import Dataset
from xq.timeframe import Timeframe, names


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
        None if the dataset has files of its own, or nothing fits.
    """
    bar = dataset.bar
    if bar is None or layout.periods(root, dataset):
        return None
    folder = (root / dataset.path).parent
    store.of(root).catalogue(dataset.kind)
    found = []
    for name in _stored(folder):
        finer = Timeframe.parse(name)
        fits = finer.ms < bar.ms and bar.ms % finer.ms == 0
        if fits and finer.is_edge(bar.floor(0)) and layout.periods(root, _of(dataset, name)):
            found.append(finer)
    return max(found, key=lambda item: item.ms, default=None)


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
    rows = columns.bar_columns(root, _of(dataset, finer.name), first, last)
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
    taken = {name: values[at] for name, values in rows.fields.items()}
    fields = {
        "open": taken["open"][:, 0],
        "high": taken["high"].max(axis=1),
        "low": taken["low"].min(axis=1),
        "close": taken["close"][:, -1],
        "volume": taken["volume"].sum(axis=1),
    }
    return BarColumns(buckets[whole] * coarser.ms + offset, fields)


def _stored(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    parts = (entry.name.partition("=") for entry in folder.iterdir())
    return [value for key, _, value in parts if key == "timeframe" and value in names()]


def _of(dataset: Dataset, timeframe: str) -> Dataset:
    return Dataset(dataset.kind, dataset.exchange, dataset.symbol, timeframe)
