"""Taking a dataset out of the lake: gone for readers at one instant, finished after a kill."""

import shutil
from contextlib import suppress
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from xq.errors import LockHeld
from xq.lake import layout, store
from xq.lake.disk import UNCHANGED, make_folder, storage_errors, sync_folder
from xq.lake.layout import Dataset
from xq.lake.lock import held

_WAIT_SECONDS = 5.0
_GONE = "; the rows are gone, run it again to clean up"


def remove(root: Path, dataset: Dataset) -> None:
    """Remove a dataset's files, its ledger and its checksums.

    One rename takes the folder away from every reader; a kill after it is finished by the next
    writer.

    Raises
    ------
    LockHeld
        If a writer is at work on the dataset.
    StorageFailed
        If the disk refuses.
    """

    def work(at: Path) -> None:
        # On a copy nothing is gone yet: that is for the commit to say.
        take_away(at, dataset, _GONE if at == root else UNCHANGED)

    with storage_errors(root / dataset.path, ""):
        store.of(root).transact(root, dataset, _WAIT_SECONDS, store.NOTHING, work)


def take_away(root: Path, dataset: Dataset, consequence: str = _GONE) -> None:
    """`remove` for the holder of the dataset's lock; ``consequence`` of a failure after it."""
    folder, away = root / dataset.path, trash_path(root, dataset)
    with storage_errors(folder):
        finish(root, away.name)
        there = folder.is_dir()
        if there:
            make_folder(away.parent)
            folder.rename(away)
    with storage_errors(folder, consequence):
        if there:
            sync_folder(folder.parent)
            sync_folder(away.parent)
            finish(root, away.name)
        else:
            _forget(root, dataset.path)


def trash_path(root: Path, dataset: Dataset) -> Path:
    """Where the files of a dataset wait to be deleted."""
    return root / layout.META / "trash" / dataset.slug


def finish(root: Path, slug: str) -> None:
    """Complete a removal that was cut short; for the holder of the dataset's lock."""
    away = root / layout.META / "trash" / slug
    if not away.is_dir():
        return
    path = Path(*PurePosixPath(unquote(slug)).parts)
    if not (root / path).exists():
        _forget(root, path)
    shutil.rmtree(away, ignore_errors=True)


def finish_all(root: Path) -> None:
    """Complete every removal that was cut short and that nobody is working on."""
    folder = root / layout.META / "trash"
    for away in sorted(folder.iterdir()) if folder.is_dir() else ():
        with (
            suppress(LockHeld),
            held(root / layout.META / "locks" / f"{away.name}.lock", 0.0, away.name),
        ):
            finish(root, away.name)


def _forget(root: Path, path: Path) -> None:
    meta = root / layout.META
    for name in ("manifest", "verified", "coverage"):
        with suppress(FileNotFoundError):  # what is left would say that the rows are still there
            shutil.rmtree(meta / name / path)
    (meta / "coverage" / path.parent / f"{path.name}.json").unlink(missing_ok=True)
