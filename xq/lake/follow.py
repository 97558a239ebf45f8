"""New rows of a dataset as they are committed."""

from collections.abc import Iterator

import pyarrow as pa

from xq.lake import arrays, layout
from xq.lake.layout import Dataset
from xq.lake.reader import Lake
from xq.lake.trust import Identity, identity
from xq.ports import Clock

_BEGINNING = -(2**62)


def follow(
    lake: Lake,
    dataset: Dataset,
    clock: Clock,
    *,
    tail: int = 10,
    every_seconds: float = 1.0,
    cycles: int | None = None,
) -> Iterator[pa.Table]:
    """The last ``tail`` rows, then every batch of rows later than those, sorted by key.

    A row that is revised, or that fills a hole further back, is not shown. A look at a dataset
    that did not change opens no file.

    Parameters
    ----------
    cycles
        How often to look, the first time included; None never ends.

    Raises
    ------
    CorruptFile
        If a file is not the committed one.
    """
    last_ms: int | None = None
    before: Identity | None = None
    looked = 0
    while True:
        now = _newest(lake, dataset)
        if now is not None and now != before:
            before = now
            if last_ms is None:
                rows = _last(lake, dataset, max(tail, 1))
                shown = rows if tail else rows.slice(0, 0)
            else:
                shown = rows = lake.table(dataset, last_ms + 1)
            if rows.num_rows:
                last_ms = int(arrays.times(rows["ts"])[-1])
            if shown.num_rows:
                yield shown
        elif now is None:
            last_ms = _BEGINNING  # what comes into an empty dataset is new, all of it
        looked += 1
        if cycles is not None and looked >= cycles:
            return
        clock.sleep(every_seconds)


def _newest(lake: Lake, dataset: Dataset) -> Identity | None:
    periods = layout.periods(lake.root, dataset)
    if not periods:
        return None
    leaves = layout.leaves(lake.root, dataset, layout.period_range(periods[-1]))
    return identity(leaves[-1].path) if leaves else None


def _last(lake: Lake, dataset: Dataset, tail: int) -> pa.Table:
    rows = dataset.spec.schema.empty_table()
    for period in reversed(layout.periods(lake.root, dataset)):
        rows = lake.table(dataset, layout.period_range(period).start_ms)
        if rows.num_rows >= tail:
            break
    return rows.slice(max(0, rows.num_rows - tail))
