"""Damage of trades and funding."""

from collections.abc import Iterator

import numpy as np

from xq.lake import arrays, inspect
from xq.lake.damage import BadFile, Damage, bad_file, bad_rows
from xq.lake.gaps_tape import gaps_of_tape
from xq.lake.inspect import OLDER, Inspected
from xq.lake.layout import Dataset
from xq.lake.quarantine import BadRow
from xq.lake.ranges import Range, union
from xq.lake.reader import Lake


def damage_of_tape(lake: Lake, dataset: Dataset, *, now_ms: int, again: bool = False) -> Damage:
    """`damage_of` for kinds without bars; bad rows are asked for with the sound ones beside."""
    bad: list[BadFile] = []
    rows: list[BadRow] = []
    around: list[Range] = []

    def looked_at() -> Iterator[Inspected]:
        for file in inspect.files(lake.root, dataset):
            if file.wrong is not None:
                bad.append(bad_file(file, dataset))
            if file.rows is not None and file.wrong in (None, OLDER):
                found = bad_rows(lake, dataset, file, now_ms)
                rows.extend(found)
                around.extend(_around(arrays.times(file.rows["ts"]), found))
            yield file

    missing = tuple(
        Range(gap.within.start_ms, min(gap.within.end_ms, now_ms))
        for gap in gaps_of_tape(lake, dataset, looked_at())
        if (again or gap.whose != "venue") and gap.within.start_ms < now_ms
    )
    return Damage(tuple(bad), tuple(rows), missing, union([*missing, *around]))


def _around(ts: np.ndarray, bad: list[BadRow]) -> Iterator[Range]:
    """From the sound row before each bad one to the one after it, inside one file."""
    if not bad:
        return
    sound = np.unique(ts[~np.isin(ts, [row.ts_ms for row in bad])])
    for row in bad:
        place = int(np.searchsorted(sound, row.ts_ms))
        start = int(sound[place - 1]) if place else row.ts_ms
        end = int(sound[place]) if place < len(sound) else row.ts_ms
        yield Range(start, end + 1)
