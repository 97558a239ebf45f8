"""The one door to the file system for writes: staged, synced, renamed."""

import errno
import os
import shlex
import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from xq.errors import StorageFailed

_POOL_FROM = 3  # folders; below that a thread costs more than it saves
_WAITING = 16
UNCHANGED = "; nothing was changed"


class Disk(Protocol):
    """What a commit needs of a file system; tests put a failing one in its place."""

    def stage(self, path: Path, data: bytes | memoryview) -> None:
        """Write a new file and wait until its bytes are durable."""

    def publish(self, staged: Path, path: Path) -> None:
        """Move a staged file to its place at once, durably, replacing what was there."""

    def discard(self, folder: Path) -> None:
        """Remove a folder of staged files."""


class LocalDisk:
    """A POSIX file system."""

    def stage(self, path: Path, data: bytes | memoryview) -> None:
        """Write a new file and wait until its bytes are durable."""
        make_folder(path.parent)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def publish(self, staged: Path, path: Path) -> None:
        """Move a staged file to its place at once, durably, replacing what was there."""
        make_folder(path.parent)
        staged.replace(path)
        sync_folder(path.parent)

    def discard(self, folder: Path) -> None:
        """Remove a folder of staged files."""
        shutil.rmtree(folder, ignore_errors=True)


def write_whole(path: Path, data: bytes) -> None:
    """A file for other programs: whole or not at all.

    Raises
    ------
    StorageFailed
        If the disk refuses; nothing is left behind.
    """
    disk, staged = LocalDisk(), path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        disk.stage(staged, data)
        disk.publish(staged, path)
    except OSError as error:
        error.filename = str(path)  # nobody asked for the staged one
        raise failed(error, path, UNCHANGED) from error
    finally:
        with suppress(OSError):  # the folder may be a file
            staged.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Create a folder and its parents so that they survive a power cut."""
    make_folders((folder,))


def make_folders(folders: Iterable[Path]) -> None:
    """Create many folders and their parents so that they survive a power cut.

    Parents are synced after the last is made: the first wait then takes the others along.
    """
    parents: dict[Path, None] = {}
    for folder in folders:
        missing = []
        while not folder.is_dir():
            missing.append(folder)
            folder = folder.parent
        for path in reversed(missing):
            path.mkdir(exist_ok=True)
            parents[path.parent] = None
    sync_folders(parents)


def sync_folders(folders: Collection[Path]) -> None:
    """Make the names in many folders durable; they wait for the disk together."""
    if len(folders) < _POOL_FROM:
        for folder in folders:
            sync_folder(folder)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(_WAITING, len(folders))) as pool:
        list(pool.map(sync_folder, folders))


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_there(path: Path) -> bool:
    """Whether something has this name; a disk that does not answer is an `OSError`, not a no."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


@contextmanager
def storage_errors(where: Path, consequence: str = UNCHANGED) -> Iterator[None]:
    """Turn what the operating system says about a file into `StorageFailed`."""
    try:
        yield
    except OSError as error:
        raise failed(error, where, consequence) from error


@contextmanager
def after(consequence: str) -> Iterator[None]:
    """What a step says that fails after others were carried out: not that nothing was changed."""
    try:
        yield
    except StorageFailed as error:
        if not error.message.endswith(UNCHANGED):
            raise
        message = error.message.removesuffix(UNCHANGED) + consequence
        raise StorageFailed(message, where=error.where, hint=error.hint) from error


_LOOKS = {  # what shows the cause; else the room that is left
    errno.EACCES: "ls -ld", errno.EPERM: "ls -ld",
    errno.ENOENT: "ls", errno.ENOTDIR: "ls", errno.EISDIR: "ls",
}  # fmt: skip
_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would grow beyond the size this process may write",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.EIO: "the disk reported an input/output error",
    errno.EXDEV: "the lake spans two file systems; keep its folders on one",
    errno.ENOENT: "no such file or folder",
}


def failed(error: OSError, where: Path, consequence: str = "") -> StorageFailed:
    """The error for a path, in words, with a command that shows the cause."""
    reason = _REASONS.get(error.errno or 0) or (error.strerror or str(error)).lower()
    name = error.filename  # alone, where the call was relative to an open folder
    path = Path(name) if isinstance(name, str) and os.path.dirname(name) else where  # noqa: PTH120
    folders = where.absolute().parents
    near = next((folder for folder in folders if os.path.isdir(folder)), folders[-1])  # noqa: PTH112 - raises nothing
    look = _LOOKS.get(error.errno or 0, "df -h")
    hint = f"{look} {shlex.quote(str(near))}"
    return StorageFailed(reason + consequence, where=str(path), hint=hint)
