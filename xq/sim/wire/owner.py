"""Who serves a state folder's ledger.

The lock file says that somebody does, by the operating system's own lock, which dies with its
holder; the file beside it says where the owner listens.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xq.errors import LockHeld, StorageFailed
from xq.sim.wire.dispatch import STATUS_PATH
from xq.sim.wire.server import HOST

if TYPE_CHECKING:
    from filelock import BaseFileLock

LOCK_NAME = "sim.lock"
OWNER_NAME = "sim.json"

_PING_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Owner:
    """Who serves the ledger, and where."""

    pid: int
    port: int
    seed: int

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``."""
        return f"http://{HOST}:{self.port}"


def try_lock(state: Path) -> "BaseFileLock | None":
    """The lock of a state folder, or None if somebody else holds it."""
    from filelock import FileLock, Timeout

    try:
        state.mkdir(parents=True, exist_ok=True)
        lock = FileLock(state / LOCK_NAME, thread_local=False)
        lock.acquire(blocking=False)
    except Timeout:
        return None
    except OSError as error:
        raise StorageFailed(
            f"cannot lock the venue's ledger: {error.strerror or error}", where=str(state)
        ) from error
    return lock


def held_by(owner: Owner | None, state: Path) -> LockHeld:
    """The error for a ledger that another process keeps to itself."""
    who = f"process {owner.pid}" if owner else "another process"
    return LockHeld(
        f"the simulated venue of this folder is held by {who}",
        where=str(state / LOCK_NAME),
        hint=_who_serves(owner) if owner else "try again",
    )


def _who_serves(owner: Owner) -> str:
    """A service serves the venue itself while no ``xq sim`` does: not to be killed unseen."""
    return f"use it at {owner.url}; ps -p {owner.pid} tells whether it is xq sim or a service"


def read_owner(state: Path) -> Owner | None:
    """Who wrote that it serves this folder; None if nobody did, or not readably."""
    try:
        found = json.loads((state / OWNER_NAME).read_text(encoding="utf-8"))
        return Owner(int(found["pid"]), int(found["port"]), int(found["seed"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_owner(state: Path, owner: Owner) -> None:
    """Say who serves this folder; the file appears whole or not at all."""
    draft = state / f"{OWNER_NAME}.{owner.pid}"
    try:
        draft.write_text(json.dumps(asdict(owner)), encoding="utf-8")
        draft.replace(state / OWNER_NAME)
    except OSError as error:
        raise StorageFailed(
            f"cannot write who serves the venue: {error.strerror or error}", where=str(state)
        ) from error


def answers(owner: Owner, state: Path) -> bool:
    """Whether a venue of this very folder answers where its owner said."""
    from http.client import HTTPConnection, HTTPException

    connection = HTTPConnection(HOST, owner.port, timeout=_PING_SECONDS)
    try:
        connection.request("GET", STATUS_PATH)
        found = json.loads(connection.getresponse().read())
        return isinstance(found, dict) and found.get("state") == str(state.resolve())
    except (OSError, HTTPException, ValueError):
        return False
    finally:
        connection.close()
