"""Holes in recorded order books: changes that no recording holds, and damaged files."""

from collections.abc import Callable, Iterator

from xq.clock import iso
from xq.lake import inspect
from xq.lake.book_gaps import walk
from xq.lake.gaps import Gap
from xq.lake.layout import Dataset, Leaf
from xq.lake.poison.rule import BOOKS
from xq.lake.reader import Lake
from xq.lake.trust import Trust


def gaps_of_book(
    lake: Lake, dataset: Dataset, count: Callable[[int], None] | None = None
) -> Iterator[Gap]:
    """Every hole of a recording: changes that are missing, then files that are damaged or gone.

    A snapshot stands for its moment: of `book_snapshot` only files can be missing.

    Parameters
    ----------
    count
        Told the rows of every sound file.
    """
    damaged = []
    for found in walk(lake.root, dataset, count):
        if isinstance(found, Leaf):
            damaged.append(found)
            continue
        resumes = found.resumes_ms
        again = "no later snapshot" if resumes is None else f"a snapshot of {iso(resumes)}"
        evidence = f"update {found.after_id} is followed by one after {found.before_id}; {again}"
        yield Gap(dataset, found.within, found.missing, "unrecorded", evidence)
    with Trust(lake.root, dataset) as trust:
        damaged += [file.leaf for file in inspect.gone(lake.root, dataset, trust)]
    for leaf in sorted(damaged, key=lambda item: item.within):
        hint = f"xq data quarantine {leaf.path}" if leaf.path.exists() else None
        evidence = "inside a file that is unreadable, changed or gone"
        yield Gap(dataset, leaf.within, None, "damaged", evidence, hint=hint)


def is_book(dataset: Dataset) -> bool:
    """Whether its holes show in the ids of updates."""
    return dataset.kind in BOOKS
