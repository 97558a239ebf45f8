"""The commit: every file staged, their checksums made durable, then each put in place at once."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from xq.lake import arrays, layout, manifest, parquet
from xq.lake.disk import UNCHANGED, Disk, failed, make_folders, storage_errors
from xq.lake.layout import Dataset, Leaf
from xq.lake.manifest import Entry, Facts
from xq.lake.merge import Merged
from xq.lake.trust import Trust, digest_of

_POOL_FROM = 3  # files; below that a thread costs more than it saves
_THREADS = 4  # that compute
_WAITING = 16  # that wait for the disk, which serves those that wait together at once

Result = TypeVar("Result")


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
    with storage_errors(root / dataset.path):
        beside = manifest.folder_of(root, dataset), layout.coverage_path(root, dataset).parent
        make_folders([*beside, *(change.leaf.path.parent for change in changes)])
    manifest.publish(disk, root, dataset, entries, staging)
    _place(disk, changes, staging)
    for change, now in zip(changes, staged, strict=True):
        trust.vouch(change.leaf, now.sha256)


def _place(disk: Disk, changes: Sequence[Change], staging: Path) -> None:
    """Put staged files in place; many at a time, since each waits for the disk alone."""

    def place(change: Change) -> OSError | None:
        try:
            disk.publish(_staged(staging, change), change.leaf.path)
        except OSError as error:
            return error
        return None

    errors = []
    for error in _each(place, changes, _WAITING):
        errors.append(error)
        if error is not None and len(changes) < _POOL_FROM:
            break
    for change, error in zip(changes, errors, strict=False):
        if error is not None:
            left = [_staged(staging, item) for item in changes]
            done = sum(not os.path.exists(path) for path in left)  # noqa: PTH110 - raises nothing
            state = f"; {done} of {len(changes)} files were committed, run it again"
            raise failed(error, change.leaf.path, state if done else UNCHANGED) from error


def _each(
    work: Callable[[Change], Result], changes: Sequence[Change], threads: int = _THREADS
) -> Iterator[Result]:
    if len(changes) < _POOL_FROM:
        yield from map(work, changes)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(threads, len(changes))) as pool:
        yield from pool.map(work, changes)


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

    return list(_each(stage, changes))


def _staged(staging: Path, change: Change) -> Path:
    return staging / f"{change.leaf.period}.parquet"
