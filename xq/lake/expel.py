"""A file that cannot be read, taken out of the lake: a copy and the reason stay in quarantine."""

from pathlib import Path

from xq.errors import CorruptFile, UsageError
from xq.lake import arrays, layout, manifest, parquet, quarantine, store
from xq.lake.disk import LocalDisk, storage_errors, sync_folder
from xq.lake.layout import Dataset, Leaf
from xq.lake.quarantine import BadRow
from xq.lake.schema import KINDS
from xq.lake.trust import Trust
from xq.lake.writer import LakeWriter

_WAIT_SECONDS = 5.0


def find(root: Path, path: Path) -> tuple[Dataset, Leaf]:
    """The dataset and leaf of a file.

    Raises
    ------
    UsageError
        If it is no file of the lake.
    """
    wanted = path.absolute()
    if wanted.is_relative_to(root.absolute()):
        kind = next(iter(wanted.relative_to(root.absolute()).parts), "")
        for dataset in layout.datasets(root, kind) if kind in KINDS else ():
            for leaf in layout.leaves(root, dataset):
                if leaf.path.absolute() == wanted:
                    return dataset, leaf
    raise UsageError("no file of the lake", where=str(path), hint="xq data check")


def expel(root: Path, path: Path, *, at_ms: int) -> tuple[Dataset, Path]:
    """Set a file aside; its rows count as lost, and the next collect or repair may bring them.

    The copy and its reason are durable before the file goes.

    Raises
    ------
    UsageError
        If it is no file of the lake, or a sound one.
    LockHeld, StorageFailed
        As a commit does.
    """
    dataset, leaf = find(root, path)
    reason = _reason(root, dataset, leaf)
    writer = LakeWriter(root)
    copy = quarantine.keep_file(root, dataset, leaf)
    start = max(0, leaf.within.start_ms)
    told = f"{reason}; kept as {copy.name}"  # the same may befall the file once more
    row = BadRow(start, 0, "corrupt_file", told, str(copy.relative_to(root)))
    itself = dataset == quarantine.DATASET
    if not itself:
        quarantine.keep(writer, dataset, "lake", [row], at_ms=at_ms)

    drop(root, dataset, leaf.period)
    if itself:
        quarantine.keep(writer, dataset, "lake", [row], at_ms=at_ms)
    return dataset, copy


def drop(root: Path, dataset: Dataset, period: str) -> None:
    """Remove one file of a dataset and what the manifest says of it.

    Raises
    ------
    LockHeld, StorageFailed
        As a commit does.
    """

    def work(root: Path) -> None:
        _drop(root, dataset, period)

    store.of(root).transact(root, dataset, _WAIT_SECONDS, store.NOTHING, work)


def _reason(root: Path, dataset: Dataset, leaf: Leaf) -> str:
    try:
        with Trust(root, dataset) as trust:
            table, _ = trust.whole(leaf)
        ts = arrays.times(table["ts"])
        if bool((ts[1:] < ts[:-1]).any()):
            raise parquet.corrupt(leaf.path, "its times do not increase")
    except CorruptFile as error:
        return error.message
    raise UsageError(
        "the file is sound, it stays", where=str(leaf.path), hint="xq data rm takes whole datasets"
    )


def _drop(root: Path, dataset: Dataset, period: str) -> None:
    disk, staging = LocalDisk(), layout.staging_path(root, dataset)
    path = layout.leaf_path(root, dataset, period)
    with storage_errors(path):
        path.unlink(missing_ok=True)
        if path.parent.is_dir():
            sync_folder(path.parent)
    entries = manifest.load(root, dataset)
    entries.pop(period, None)
    try:
        manifest.replace(disk, root, dataset, entries, staging)
    finally:
        disk.discard(staging)
