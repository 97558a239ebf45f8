"""Rows of an order book that cannot be true, taken out of the lake and kept in quarantine."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xq.lake import arrays, inspect, quarantine
from xq.lake.damage import BadFile, Damage, bad_file, bad_rows
from xq.lake.expel import drop
from xq.lake.gaps_book import gaps_of_book
from xq.lake.inspect import Inspected
from xq.lake.layout import Dataset
from xq.lake.quarantine import BadRow
from xq.lake.reader import Lake
from xq.lake.writer import LakeWriter


@dataclass(frozen=True, slots=True)
class Expelled:
    """Rows set aside, and why others, or whole files, stay."""

    rows: int
    refused: tuple[str, ...]


def damage_of_book(lake: Lake, dataset: Dataset, *, now_ms: int) -> Damage:
    """What is wrong with a recorded book; nobody can be asked for any of it.

    Raises
    ------
    StorageFailed
        If the disk does not let files be read.
    """
    bad: list[BadFile] = []
    rows: list[BadRow] = []
    for file, found in _judged(lake, dataset, now_ms):
        if file.wrong is not None:
            bad.append(bad_file(file, dataset))
        rows += found
    missing = [gap.within for gap in gaps_of_book(lake, dataset) if gap.whose == "unrecorded"]
    return Damage(tuple(bad), tuple(rows), tuple(missing), ())


def expel_rows(root: Path, dataset: Dataset, *, now_ms: int) -> Expelled:
    """Move every bad row of sound files to quarantine, file by file; rows beside them stay.

    Rows are durable in quarantine before they leave: a kill between leaves them in both.

    Raises
    ------
    LockHeld, StorageFailed, CorruptFile
        As a commit does.
    """
    lake, writer = Lake(root), LakeWriter(root)
    count, refused = 0, []
    for file, bad in _judged(lake, dataset, now_ms):
        if file.wrong is not None:
            refused.append(f"no venue has {file.leaf.path} again: {file.message}")
        own = [row for row in bad if _is_of(file, row)]
        if len(own) < len(bad):
            refused.append(f"rows of another day lie in {file.leaf.path}; left as they are")
        if own:
            count += quarantine.keep(writer, dataset, "lake", own, at_ms=now_ms)
            _remove(root, writer, dataset, file, own)
    return Expelled(count, tuple(refused))


def _judged(
    lake: Lake, dataset: Dataset, now_ms: int
) -> Iterator[tuple[Inspected, Sequence[BadRow]]]:
    for file in inspect.files(lake.root, dataset):
        yield file, bad_rows(lake, dataset, file, now_ms) if file.wrong is None else ()


def _is_of(file: Inspected, row: BadRow) -> bool:
    within = file.leaf.within
    return within.start_ms <= row.ts_ms < within.end_ms


def _remove(
    root: Path, writer: LakeWriter, dataset: Dataset, file: Inspected, bad: Sequence[BadRow]
) -> None:
    if file.rows is None:
        return
    keep = np.ones(file.rows.num_rows, dtype=bool)
    keep[[row.line - 1 for row in bad]] = False
    if not keep.any():
        drop(root, dataset, file.leaf.period)
        return
    times = sorted({row.ts_ms for row in bad})
    beside = keep & np.isin(arrays.times(file.rows["ts"]), times)
    sound = file.rows.take(arrays.rows_at(np.flatnonzero(beside)))
    writer.upsert(dataset, sound, without=times)
