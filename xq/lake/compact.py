"""Every file as xq would write it today: one row group layout, one encoding, no leftovers.

Commits already leave one canonical file per leaf, so nothing piles up between compactions; files
of an older version, another program or another library release are what is left to do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from xq.lake import layout, merge, parquet, store
from xq.lake.commit import Change, publish
from xq.lake.disk import Disk, LocalDisk, storage_errors
from xq.lake.layout import Dataset
from xq.lake.trust import Trust, digest_of

_WAIT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Compacted:
    """What a compaction of one dataset did.

    Attributes
    ----------
    rewritten
        Files whose bytes changed; their rows did not, except for repeated keys.
    repeated
        Rows that were dropped because a later one of the same file has their key.
    """

    dataset: Dataset
    files: int
    rewritten: int
    repeated: int
    bytes_before: int
    bytes_after: int


def compact(
    root: Path,
    dataset: Dataset,
    *,
    disk: Disk | None = None,
    advance: Callable[[], None] = lambda: None,
) -> Compacted:
    """Rewrite what is not canonical, file by file, each an ordinary commit.

    Raises
    ------
    LockHeld
        If a writer is at work on the dataset.
    CorruptFile
        If a file is not the committed one; files before it are compacted.
    StorageFailed
        If the disk refuses; the file concerned is as before.
    """
    disk = disk or LocalDisk()

    def work(root: Path) -> Compacted:
        staging = layout.staging_path(root, dataset)
        rewritten = repeated = before = after = 0
        leaves = layout.leaves(root, dataset)
        disk.discard(staging)
        try:
            with Trust(root, dataset) as trust:
                for leaf in leaves:
                    table, known = trust.whole(leaf)
                    rows = merge.unique(table, dataset.spec)
                    data = memoryview(parquet.encode(rows, dataset.spec))
                    if digest_of(data) != known.sha256:
                        kept = merge.Merged(leaf.path, rows, 0, 0, rows.num_rows)
                        publish(disk, root, dataset, [Change(leaf, kept, known)], trust)
                        rewritten += 1
                        repeated += table.num_rows - rows.num_rows
                    before += known.size
                    after += len(data)
                    advance()
        finally:
            disk.discard(staging)
        return Compacted(dataset, len(leaves), rewritten, repeated, before, after)

    with storage_errors(root / dataset.path, ""):
        return store.of(root).transact(root, dataset, _WAIT_SECONDS, None, work)
