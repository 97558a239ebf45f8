"""One run per journal: a lock the operating system drops when its holder dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from xq.clock import SystemClock
from xq.errors import LockHeld, StorageFailed
from xq.ports import Clock

_MOMENT, _MOMENTS = 0.01, 50  # between taking the lock and signing it

TURN_SECONDS = 60.0
"""How long a tick, a look and an order by hand wait for one another."""


@contextmanager
def only_run(
    path: Path, what: str = "xq trade", *, patience: float = 0.0, clock: Clock | None = None
) -> Iterator[None]:
    """Hold the lock, or fail with the holder's process id: at once, or after so many seconds.

    Raises
    ------
    LockHeld
        If another run holds it.
    StorageFailed
        If the lock file cannot be made.
    """
    lock = FileLock(path, timeout=patience, on_acquired=_sign)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        pid = _signed(path, SystemClock() if clock is None else clock)
        raise LockHeld(
            f"another {what} is running as process {pid}", where=str(path), hint=f"ps -p {pid}"
        ) from None
    except OSError as error:
        raise StorageFailed(f"the lock cannot be made: {error}", where=str(path)) from error
    try:
        yield
    finally:
        with suppress(OSError):  # who finds it taken next must not read our name
            os.truncate(path, 0)
        lock.release()


def holder(path: Path) -> int:
    """Process id of who holds a lock, or held it last; 0 if nobody signed it."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return 0


def _signed(path: Path, clock: Clock) -> int:
    """Who signed the lock; one that was taken this moment is signed in the next. 0: nobody did."""
    for _ in range(_MOMENTS):
        if pid := holder(path):
            return pid
        clock.sleep(_MOMENT)
    return 0


def _sign(descriptor: int) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)


def held_by(path: Path) -> int | None:
    """Process id of whoever holds a lock; None if nobody does. Takes nothing from anybody.

    Only a file whose process lives is touched, with a shared lock that yields at once, so that a
    run that starts meanwhile does not meet it.
    """
    pid = holder(path)
    if not _is_alive(pid):
        return None
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return pid
    finally:
        os.close(descriptor)
    return None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    return pid > 0
