"""``xq data import``: somebody else's file of bars into the lake."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from xq.api.data import at, bars_of
from xq.api.workspace import Workspace
from xq.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

    from xq.lake.layout import Dataset


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import brought.

    Attributes
    ----------
    rows
        Bars in the file.
    added, revised, unchanged
        Those that are new, that replaced stored ones, and that were stored already.
    gaps
        Stretches without bars between the file's first and last.
    ignored
        Columns of the file that bars do not have.
    """

    exchange: str
    symbol: str
    timeframe: str
    start: datetime
    end: datetime
    rows: int
    added: int
    revised: int
    unchanged: int
    gaps: int
    ignored: tuple[str, ...]
    stored: bool


def import_file(
    ws: Workspace,
    path: Path,
    *,
    exchange: str | None = None,
    symbol: str | None = None,
    timeframe: str | None = None,
    dry_run: bool = False,
    force: bool = False,
) -> ImportReport:
    """Bring a Parquet or CSV file of bars into the lake, all of it or nothing.

    Parameters
    ----------
    force
        Let the file win over stored bars that differ; else they are kept and the file refused.

    Raises
    ------
    PoisonRows
        If rows cannot be true, by number.
    DataError
        If the file cannot be read as bars, or contradicts stored ones.
    """
    from xq.lake.arrays import times
    from xq.lake.importer import read_bars
    from xq.lake.ranges import present
    from xq.lake.writer import LakeWriter
    from xq.timeframe import Timeframe

    dataset = bars_of(ws, exchange, symbol, timeframe)
    bar = Timeframe.parse(str(dataset.timeframe))
    _require_file(path)
    found = read_bars(path, bar, now_ms=ws.clock.now_ms())
    if not force:
        _refuse_contradiction(ws, dataset, found.rows, path)
    ts = times(found.rows["ts"]).copy()
    ts.sort()
    stretches = present(ts, bar)
    added = revised = unchanged = 0
    if not dry_run:
        commit = LakeWriter(ws.lake).upsert(dataset, found.rows, covered=stretches)
        added, revised, unchanged = commit.added, commit.revised, commit.unchanged
    return ImportReport(
        exchange=str(dataset.exchange),
        symbol=str(dataset.symbol),
        timeframe=bar.name,
        start=at(int(ts[0])),
        end=at(int(ts[-1]) + bar.ms),
        rows=len(ts),
        added=added,
        revised=revised,
        unchanged=unchanged,
        gaps=len(stretches) - 1,
        ignored=found.ignored,
        stored=not dry_run,
    )


def _require_file(path: Path) -> None:
    if path.is_dir():
        raise DataError("expected a file, found a folder", where=str(path))
    if not path.exists():
        raise DataError("no such file", where=str(path))


def _refuse_contradiction(ws: Workspace, dataset: "Dataset", rows: "pa.Table", path: Path) -> None:
    """Bars of another symbol, or of another source, must not slip in over those that are there."""
    import numpy as np

    from xq.clock import iso
    from xq.lake.arrays import times
    from xq.lake.reader import Lake

    rows = rows.sort_by("ts")
    ts = times(rows["ts"])
    kept = Lake(ws.lake).table(dataset, int(ts[0]), int(ts[-1]) + 1)
    _, new, old = np.intersect1d(ts, times(kept["ts"]), assume_unique=True, return_indices=True)
    columns = [name for name in rows.column_names if name != "ts"]
    mine, theirs = (
        np.column_stack([table[name].to_numpy() for name in columns])[at]
        for table, at in ((rows, new), (kept, old))
    )
    differs = np.argwhere(mine != theirs)
    if not len(differs):
        return
    row, column = differs[0]
    raise DataError(
        f"{len(np.unique(differs[:, 0]))} bars contradict stored ones, first "
        f"{iso(int(ts[new[row]]))}: {columns[column]} {mine[row, column]:.12g} in the file, "
        f"{theirs[row, column]:.12g} stored as {dataset.symbol}; nothing was stored",
        where=str(path),
        hint="is the --symbol right? --force lets the file win",
    )
