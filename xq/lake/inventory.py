"""What a dataset's files hold, told by the manifest where that is safe, without opening them."""

from collections.abc import Sequence
from pathlib import Path

from xq.errors import CorruptFile
from xq.lake import arrays, layout, manifest
from xq.lake.layout import Dataset, Leaf
from xq.lake.manifest import Facts
from xq.lake.ranges import Range, joined, present
from xq.lake.trust import Trust
from xq.timeframe import Timeframe


def facts(root: Path, dataset: Dataset, leaves: Sequence[Leaf]) -> dict[str, Facts]:
    """Facts by period, of the files that have the size their manifest tells.

    A file is left out when no manifest lists it, when its size is another, or when the commit
    that replaced it changed no size, so that only its bytes could tell which one it is.
    """
    try:
        entries = manifest.load(root, dataset, [leaf.period for leaf in leaves])
    except CorruptFile:
        return {}
    found = {}
    for leaf in leaves:
        entry = entries.get(leaf.period)
        known = entry.sized(leaf.path.stat().st_size) if entry else None
        if known is not None:
            found[leaf.period] = known
    return found


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
    files = layout.files(root, dataset, within)
    try:
        told = manifest.told(root, dataset, {period: size for period, _, size in files})
    except CorruptFile:
        told = {}
    found: list[tuple[int, int]] = []
    with Trust(root, dataset) as trust:
        for period, path, _ in files:
            if period in told:
                found += [(start, end) for start, end in told[period]]
                continue
            ts = arrays.times(trust.table(Leaf(Path(path), period), ["ts"])["ts"])
            found += [(item.start_ms, item.end_ms) for item in present(ts, bar)]
    return joined(found)
