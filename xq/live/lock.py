"""One run per journal: a lock the operating system drops when its holder dies."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from xq.errors import LockHeld, StorageFailed


@contextmanager
def only_run(path: Path) -> Iterator[None]:
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
        pid = holder(path)
        raise LockHeld(
            f"another xq trade is running as process {pid}", where=str(path), hint=f"ps -p {pid}"
        ) from None
    except OSError as error:
        raise StorageFailed(f"the lock cannot be made: {error}", where=str(path)) from error
    try:
        yield
    finally:
        lock.release()


def holder(path: Path) -> int:
    """Process id of who holds a lock, or held it last; 0 if nobody signed it."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return 0


def _sign(descriptor: int) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
