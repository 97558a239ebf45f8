"""Where the bytes of a lake are."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from xq.lake import layout
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
        files = [leaf.path for leaf in layout.leaves(root, dataset)]
        if files:
            yield Usage(dataset, len(files), sum(path.stat().st_size for path in files))
    if kind is None:
        own = [path for path in (root / layout.META).rglob("*") if path.is_file()]
        if own:
            yield Usage(None, len(own), sum(path.stat().st_size for path in own))
