"""One writer per dataset: a lock the operating system drops when its holder dies."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from xq.errors import LockHeld
from xq.lake.disk import make_folder, storage_errors

_PID_SIZE = 32
_KEPT = "; what was asked for is done, only its lock is kept until this process ends"


@contextmanager
def held(path: Path, wait_seconds: float, what: str) -> Iterator[None]:
    """Hold a lock file for a while.

    Parameters
    ----------
    what
        Named in the error: the dataset.

    Raises
    ------
    LockHeld
        If another process or thread still holds it after ``wait_seconds``.
    """
    with storage_errors(path):
        make_folder(path.parent.parent)
        path.parent.mkdir(exist_ok=True)  # locks need not survive a power cut
        lock = FileLock(path, timeout=wait_seconds)
        try:
            lock.acquire()
        except Timeout:
            raise LockHeld(
                f"{what} is being written by process {holder(path)}; "
                f"waited {wait_seconds:g} s for it",
                where=str(path),
                hint=f"ps -p {holder(path)}",
            ) from None
    try:
        with storage_errors(path):
            path.write_bytes(str(os.getpid()).encode())
        yield
    except BaseException:
        with suppress(OSError):
            lock.release()
        raise
    with storage_errors(path, _KEPT):
        lock.release()


def holder(path: Path) -> int:
    """Process id written by the last holder; 0 if it cannot be read."""
    try:
        return int(path.read_bytes()[:_PID_SIZE])
    except (OSError, ValueError):
        return 0
