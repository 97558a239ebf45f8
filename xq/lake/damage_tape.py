"""Damage of trades and funding."""

from collections.abc import Sequence

import numpy as np

from xq.lake import arrays
from xq.lake.damage import Damage, bad_file, bad_rows
from xq.lake.gaps_tape import gaps_of_tape
from xq.lake.inspect import OLDER, Inspected
from xq.lake.layout import Dataset
from xq.lake.quarantine import BadRow
from xq.lake.ranges import Range, union
from xq.lake.reader import Lake


def damage_of_tape(
    lake: Lake, dataset: Dataset, found: Sequence[Inspected], *, now_ms: int, again: bool = False
) -> Damage:
    """`damage_of` for kinds without bars; bad rows are asked for with the sound ones beside."""
    told = [file for file in found if file.wrong in (None, OLDER)]
    bad = tuple(bad_file(file, dataset) for file in found if file.wrong is not None)
    rows = [row for file in told for row in bad_rows(lake, dataset, file, now_ms)]
    ts = _sound_times(told, rows)
    missing = tuple(
        Range(gap.within.start_ms, min(gap.within.end_ms, now_ms))
        for gap in gaps_of_tape(lake, dataset, found)
        if (again or gap.whose != "venue") and gap.within.start_ms < now_ms
    )
    around = (_around(ts, row.ts_ms) for row in rows)
    return Damage(bad, tuple(rows), missing, union([*missing, *around]))


def _sound_times(files: Sequence[Inspected], rows: Sequence[BadRow]) -> np.ndarray:
    times = [arrays.times(file.rows["ts"]) for file in files if file.rows is not None]
    ts = np.unique(np.concatenate([np.empty(0, np.int64), *times]))
    return ts[~np.isin(ts, [row.ts_ms for row in rows])]


def _around(ts: np.ndarray, at_ms: int) -> Range:
    """From the sound row before a time to the one after it."""
    place = int(np.searchsorted(ts, at_ms))
    start = int(ts[place - 1]) if place else at_ms
    end = int(ts[place]) if place < len(ts) else at_ms
    return Range(start, end + 1)
