"""The commit: every file staged, their checksums made durable, then each put in place at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xq.lake import arrays, layout, manifest, parquet
from xq.lake.disk import Disk, failed, storage_errors
from xq.lake.layout import Dataset, Leaf
from xq.lake.manifest import Entry, Facts
from xq.lake.merge import Merged
from xq.lake.trust import Trust, digest_of

_POOL_FROM = 3  # files; below that a thread costs more than it saves
_THREADS = 4


@dataclass(frozen=True, slots=True)
class Change:
    """A file to write, and the facts of the one in its place; None if there is none."""

    leaf: Leaf
    merged: Merged
    before: Facts | None


def publish(
    disk: Disk, root: Path, dataset: Dataset, changes: Sequence[Change], trust: Trust
) -> None:
    """Commit files of one dataset; for the holder of its lock.

    A kill leaves every file either old or new, and its checksum on record either way.

    Raises
    ------
    StorageFailed
        If the disk refuses; the message says whether anything was changed.
    """
    if not changes:
        return
    staging = layout.staging_path(root, dataset)
    staged = _stage(disk, root, dataset, changes, staging)
    entries = {
        change.leaf.period: Entry(now, change.before)
        for change, now in zip(changes, staged, strict=True)
    }
    manifest.publish(disk, root, dataset, entries, staging)
    for done, (change, now) in enumerate(zip(changes, staged, strict=True)):
        path = change.leaf.path
        try:
            disk.publish(_staged(staging, change), path)
        except OSError as error:
            state = f"; {done} of {len(staged)} files were committed, run it again"
            raise failed(error, path, state if done else "; nothing was changed") from error
        trust.vouch(change.leaf, now.sha256)


def _stage(
    disk: Disk, root: Path, dataset: Dataset, changes: Sequence[Change], staging: Path
) -> list[Facts]:
    """Write every file before any is put in place: a full disk then changes nothing."""

    def stage(change: Change) -> Facts:
        rows = change.merged.rows
        data = memoryview(parquet.encode(rows, dataset.spec))
        with storage_errors(root / dataset.path):
            disk.stage(_staged(staging, change), data)
        return manifest.facts(digest_of(data), len(data), dataset, arrays.times(rows["ts"]))

    if len(changes) < _POOL_FROM:
        return [stage(change) for change in changes]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(stage, changes))


def _staged(staging: Path, change: Change) -> Path:
    return staging / f"{change.leaf.period}.parquet"
