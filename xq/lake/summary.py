"""Holes of a dataset in numbers, without reading its files where the records tell."""

from pathlib import Path

from xq.errors import CorruptFile
from xq.lake import book_gaps, coverage, facts, inventory, store
from xq.lake.facts import What
from xq.lake.layout import Dataset, Leaf
from xq.lake.ranges import Range, subtract, union
from xq.lake.trust import Trust


def holes(root: Path, dataset: Dataset, stored: Range, rows: int) -> tuple[int | None, int | None]:
    """Missing bars or updates of a book, and the stretches they form, of all times known.

    Known are the stored bars, what was fetched and what a collect wanted, as for
    `xq.lake.gaps.gaps`. None, None where neither a grid nor ids tell, and where the records or a
    file cannot be read.
    """
    bar = dataset.bar
    if dataset.kind == "book_diff":
        return book_gaps.counts(root, dataset)
    if bar is None or dataset.spec.key != ("ts",):
        return None, None
    try:
        ledger = coverage.load(root, dataset)
        wanted = facts.of(facts.load(root, dataset), What.WANTED)
        ends = union([stored, *ledger.covered, *wanted])
        span = Range(ends[0].start_ms, ends[-1].end_ms)
        if span.bars(bar) == rows:
            return 0, 0
        absent = subtract([span], inventory.stretches(root, dataset, bar))
    except CorruptFile:
        return None, None
    counts = [count for item in absent if (count := item.bars(bar))]
    return sum(counts), len(counts)


def refused(root: Path, dataset: Dataset) -> frozenset[str]:
    """Periods whose file is not the committed one, of a lake in a folder.

    Hashes only files that no verdict is kept of, or that changed since: each once.
    """
    if store.of(root).facts(dataset) is not None:
        return frozenset()
    bad = set()
    with Trust(root, dataset) as trust:
        for period, path, _ in inventory.listing(root, dataset):
            try:
                trust.prove(Leaf(Path(path), period))
            except CorruptFile:
                bad.add(period)
    return frozenset(bad)
