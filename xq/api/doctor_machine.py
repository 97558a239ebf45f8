"""What the doctor says of the machine: how fast its disks keep things, and its limits."""

import os
from contextlib import suppress
from pathlib import Path
from statistics import median

from xq.api.doctor_finding import Answer, Warned
from xq.api.workspace import Workspace
from xq.errors import StorageFailed

_SYNCS = 5
_BLOCK = bytes(4096)
_SLOW_MS = 50.0
_FEWEST_FILES = 1024


def durability(ws: Workspace) -> Answer:
    """How long it takes until a journal entry, or a file of the lake, is on the disk.

    Raises
    ------
    StorageFailed
        If nothing can be written there.
    """
    told = {name: _sync_ms(folder, ws) for name, folder in (("state", ws.state), ("lake", ws.lake))}
    text = ", ".join(f"{name} {ms:.1f} ms" for name, ms in told.items())
    if max(told.values()) > _SLOW_MS:
        return Warned(
            f"to disk: {text}; every order waits for it", "put state/ on a local disk (SSD)"
        )
    return f"to disk: {text}"


def _sync_ms(folder: Path, ws: Workspace) -> float:
    """The median of a few writes, by the clock; nothing is left behind."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    probe = existing / f".xq-doctor-{os.getpid()}"
    try:
        with probe.open("wb") as file:
            return median(_once(file.fileno(), ws) for _ in range(_SYNCS))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise StorageFailed(f"cannot be written: {reason}", where=str(existing)) from error
    finally:
        with suppress(OSError):  # read-only: there is none
            probe.unlink(missing_ok=True)


def _once(descriptor: int, ws: Workspace) -> float:
    began = ws.clock.monotonic()
    os.write(descriptor, _BLOCK)
    os.fsync(descriptor)
    return (ws.clock.monotonic() - began) * 1000


def files(_: Workspace) -> Answer:
    """How many files one process may hold open."""
    try:
        import resource
    except ImportError:
        return "this system tells no limit"
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < _FEWEST_FILES:
        return Warned(f"{soft} open files at most, {_FEWEST_FILES} are better", "ulimit -n 4096")
    return "no limit" if soft == resource.RLIM_INFINITY else f"{soft} open files at most"
