"""What a dataset's files hold, told by the manifest where that is safe, without opening them."""

from collections.abc import Sequence
from pathlib import Path

from xq.errors import CorruptFile
from xq.lake import arrays, layout, manifest
from xq.lake.layout import Dataset, Leaf
from xq.lake.manifest import Facts
from xq.lake.ranges import Range, present, union
from xq.lake.trust import Trust, identity
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
        known = entry.sized(identity(leaf.path)[1]) if entry else None
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
    leaves = layout.leaves(root, dataset, within)
    known = facts(root, dataset, leaves)
    found: list[Range] = []
    with Trust(root, dataset) as trust:
        for leaf in leaves:
            told = known.get(leaf.period)
            if told is not None and told.stretches is not None:
                found += told.stretches
            else:
                found += present(arrays.times(trust.table(leaf, ["ts"])["ts"]), bar)
    return union(found)
