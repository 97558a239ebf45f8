"""One run per journal: a lock the operating system drops when its holder dies."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from xq.clock import SystemClock
from xq.errors import LockHeld, StorageFailed
from xq.ports import Clock

_MOMENT, _MOMENTS = 0.01, 50  # between taking the lock and signing it


@contextmanager
def only_run(path: Path, clock: Clock | None = None) -> Iterator[None]:
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
        pid = _holder(path, SystemClock() if clock is None else clock)
        raise LockHeld(
            f"another xq trade is running as process {pid}", where=str(path), hint=f"ps -p {pid}"
        ) from None
    except OSError as error:
        raise StorageFailed(f"the lock cannot be made: {error}", where=str(path)) from error
    try:
        yield
    finally:
        with suppress(OSError):  # who finds it taken next must not read our name
            os.truncate(path, 0)
        lock.release()


def _holder(path: Path, clock: Clock) -> int:
    """Who signed the lock; one that was taken this moment is signed in the next. 0: nobody did."""
    for _ in range(_MOMENTS):
        with suppress(OSError, ValueError):
            return int(path.read_text())
        clock.sleep(_MOMENT)
    return 0


def _sign(descriptor: int) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
