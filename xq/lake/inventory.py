"""What a dataset's files hold, told by the manifest where that is safe, without opening them."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from xq.errors import CorruptFile
from xq.lake import arrays, layout, manifest, store
from xq.lake.layout import Dataset, Leaf
from xq.lake.manifest import Facts
from xq.lake.ranges import Range, joined, present
from xq.lake.trust import Trust
from xq.timeframe import Timeframe


class Known(NamedTuple):
    """What the manifest tells of a file: its rows, their ends, and unbroken times as pairs."""

    rows: int
    first_ms: int
    last_ms: int
    stretches: list[list[int]] | None


def listing(
    root: Path, dataset: Dataset, within: Range | None = None
) -> list[tuple[str, str, int]]:
    """Period, path and bytes of every file, oldest first; fetches none of a lake elsewhere."""
    elsewhere = store.of(root).facts(dataset)
    if elsewhere is None:
        return layout.files(root, dataset, within)
    return [
        (period, str(layout.leaf_path(root, dataset, period)), elsewhere[period].size)
        for period in sorted(elsewhere)
        if layout.meets(period, within)
    ]


def sizes(root: Path, dataset: Dataset) -> dict[str, int]:
    """Bytes of every file, by period."""
    return {period: size for period, _, size in listing(root, dataset)}


def facts(root: Path, dataset: Dataset, lengths: Mapping[str, int]) -> dict[str, Known]:
    """What is known, by period, of the files that have the size their manifest tells.

    A file is left out when no manifest lists it, when its size is another, or when the commit
    that replaced it changed no size, so that only its bytes could tell which one it is.
    """
    elsewhere = store.of(root).facts(dataset)
    if elsewhere is not None:
        return {period: _known(elsewhere[period]) for period in lengths if period in elsewhere}
    try:
        rows = manifest.sized(root, dataset, lengths)
    except CorruptFile:
        return {}
    return {period: Known(*row[2:6]) for period, row in rows.items()}


def _known(told: Facts) -> Known:
    pairs = None
    if told.stretches is not None:
        pairs = [[item.start_ms, item.end_ms] for item in told.stretches]
    return Known(told.rows, told.first_ms, told.last_ms, pairs)


def stretches(
    root: Path, dataset: Dataset, bar: Timeframe, within: Range | None = None
) -> tuple[Range, ...]:
    """The times that stored bars fill without a hole, of all files or of those of a time.

    Opens only the files that the manifest cannot speak for.

    Raises
    ------
    CorruptFile
        If such a file cannot be read, or is not the committed one.
    """
    files = listing(root, dataset, within)
    told = facts(root, dataset, {period: size for period, _, size in files})
    found: list[tuple[int, int]] = []
    with Trust(root, dataset) as trust:
        for period, path, _ in files:
            known = told.get(period)
            if known is not None and known.stretches is not None:
                found += [(start, end) for start, end in known.stretches]
                continue
            leaf = Leaf(Path(path), period)
            store.of(root).bring(dataset, leaf.within)
            ts = arrays.times(trust.table(leaf, ["ts"])["ts"])
            found += [(item.start_ms, item.end_ms) for item in present(ts, bar)]
    return joined(found)
