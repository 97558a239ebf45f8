"""Where the bytes of a lake are."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from xq.lake import folders, inventory, layout, store
from xq.lake.layout import Dataset


@dataclass(frozen=True, slots=True)
class Usage:
    """Files of one dataset, or of the lake's own records when ``dataset`` is None."""

    dataset: Dataset | None
    files: int
    bytes: int


def usage(root: Path, kind: str | None = None) -> Iterator[Usage]:
    """Every dataset with files, then what lies under ``.xq``: locks, ledgers, checksums.

    Raises
    ------
    UnknownName
        If there is no such kind.
    """
    for dataset in layout.datasets(root, kind):
        sizes = inventory.sizes(root, dataset)
        if sizes:
            yield Usage(dataset, len(sizes), sum(sizes.values()))
    if kind is None:
        elsewhere = store.of(root).records()
        if elsewhere is not None:
            yield Usage(None, *elsewhere)
            return
        own = [folders.look(path) for path in folders.below(f"{root}/{layout.META}")]
        sizes_of = [stat.st_size for stat in own if stat is not None]
        if sizes_of:
            yield Usage(None, len(sizes_of), sum(sizes_of))
