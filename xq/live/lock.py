"""One run per journal: a lock the operating system drops when its holder dies."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from xq.errors import LockHeld, StorageFailed


@contextmanager
def only_run(path: Path, what: str = "xq trade") -> Iterator[None]:
    """Hold the lock, or fail at once with the holder's process id.

    Raises
    ------
    LockHeld
        If another run holds it.
    StorageFailed
        If the lock file cannot be made.
    """
    lock = FileLock(path, timeout=0, on_acquired=_sign)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        pid = _holder(path)
        raise LockHeld(
            f"another {what} is running as process {pid}", where=str(path), hint=f"ps -p {pid}"
        ) from None
    except OSError as error:
        raise StorageFailed(f"the lock cannot be made: {error}", where=str(path)) from error
    try:
        yield
    finally:
        lock.release()


def holder(path: Path) -> int | None:
    """Who holds a lock, 0 if it does not say; None if nobody does."""
    if not path.exists():
        return None
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        return _holder(path)
    except OSError as error:
        raise StorageFailed(f"the lock cannot be read: {error}", where=str(path)) from error
    lock.release()
    return None


def _holder(path: Path) -> int:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return 0


def _sign(descriptor: int) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
