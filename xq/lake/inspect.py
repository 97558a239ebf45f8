"""Every file of a dataset read once: its rows, and whether its bytes are the committed ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from xq.errors import CorruptFile
from xq.lake import layout, manifest, parquet
from xq.lake.disk import is_there, storage_errors
from xq.lake.layout import Dataset, Leaf
from xq.lake.manifest import Facts
from xq.lake.trust import DIFFERS, Trust

UNREADABLE, CHANGED, OLDER, GONE = "corrupt_file", "changed_file", "older_file", "missing_file"


@dataclass(frozen=True, slots=True)
class Inspected:
    """One file, in place or on record only.

    Attributes
    ----------
    rows
        What it holds, true or not; None if it cannot be read or is gone.
    wrong
        ``corrupt_file``, ``changed_file`` (readable, other bytes than committed), ``older_file``
        (the version before the last commit), ``missing_file``; None for a sound file.
    message
        What is wrong, in words.
    committed
        What the manifest tells of it; None if none lists it.
    """

    leaf: Leaf
    rows: pa.Table | None
    wrong: str | None = None
    message: str = ""
    committed: Facts | None = None


def files(root: Path, dataset: Dataset) -> Iterator[Inspected]:
    """Every file of a dataset, those that are gone last; each is read and hashed now.

    A damaged manifest is no fault of the files: they are read as they are; see `manifest_fault`.
    """
    with storage_errors(root / dataset.path, ""), Trust(root, dataset) as trust:
        for leaf in layout.leaves(root, dataset):
            yield _inspected(root, dataset, leaf, trust)
        yield from gone(root, dataset, trust)


def manifest_fault(root: Path, dataset: Dataset) -> CorruptFile | None:
    """The error of a manifest that cannot be believed; None for a sound one."""
    try:
        manifest.load(root, dataset)
    except CorruptFile as error:
        return error
    return None


def recorded(root: Path, kind: str | None = None) -> list[Dataset]:
    """Datasets that have a folder, or checksums of files that are gone."""
    known = {*layout.datasets(root, kind), *layout.datasets(manifest.all_folders(root), kind)}
    return sorted(known, key=lambda item: item.path)


def gone(root: Path, dataset: Dataset, trust: Trust) -> Iterator[Inspected]:
    """Files that were committed and are not there; none if the manifest cannot be believed."""
    try:
        entries = manifest.load(root, dataset)
    except CorruptFile:
        return
    for period, entry in sorted(entries.items()):
        leaf = Leaf(layout.leaf_path(root, dataset, period), period)
        # A first commit that was killed before its file got in place has never been seen.
        was_there = entry.before is not None or trust.seen(period) == entry.now.sha256
        if was_there and not is_there(leaf.path):
            message = f"the file is gone; it held {entry.now.rows} rows"
            yield Inspected(leaf, None, GONE, message, entry.now)


def _inspected(root: Path, dataset: Dataset, leaf: Leaf, trust: Trust) -> Inspected:
    seen = trust.seen(leaf.period)
    try:
        table, found = trust.whole(leaf)
    except CorruptFile as error:
        return _faulty(root, dataset, leaf, error)
    entry = _entry(root, dataset, leaf)
    if entry is not None and found.sha256 != entry.now.sha256 and seen == entry.now.sha256:
        message = "the version before the last commit was put back in its place"
        return Inspected(leaf, table, OLDER, message, entry.now)
    return Inspected(leaf, table, committed=None if entry is None else entry.of(found.sha256))


def _faulty(root: Path, dataset: Dataset, leaf: Leaf, error: CorruptFile) -> Inspected:
    """Only a file that is not sound is read a second time."""
    entry = _entry(root, dataset, leaf)
    committed = None if entry is None else entry.now
    try:
        table = parquet.read(leaf.path, dataset.spec)
    except CorruptFile as unreadable:
        return Inspected(leaf, None, UNREADABLE, unreadable.message, committed)
    if DIFFERS in error.message:
        return Inspected(leaf, table, CHANGED, DIFFERS, committed)
    if error.where == str(leaf.path):
        return Inspected(leaf, table, UNREADABLE, error.message, committed)
    return Inspected(leaf, table)  # its manifest is damaged


def _entry(root: Path, dataset: Dataset, leaf: Leaf) -> manifest.Entry | None:
    try:
        return manifest.load(root, dataset, [leaf.period]).get(leaf.period)
    except CorruptFile:
        return None
