"""One venue per state folder: join the server that owns it, or become that server.

Whoever joins also stands by: when the owner ends, one of those who joined goes on at the same
address from the ledger, so that no command fails because another one finished.
"""

import os
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from xq.clock import SystemClock
from xq.errors import XqError
from xq.ports import Clock
from xq.sim.opening import check_seed
from xq.sim.venue import SimVenue
from xq.sim.wire.faults.bench import Bench
from xq.sim.wire.limits import Limits
from xq.sim.wire.opening import open_venue
from xq.sim.wire.owner import Owner, answers, held_by, read_owner, try_lock, write_owner
from xq.sim.wire.server import VenueServer

if TYPE_CHECKING:
    from filelock import BaseFileLock

Builder = Callable[[Path, Clock, int, int | None], SimVenue]  # state, clock, seed, start_ms

_PATIENCE_SECONDS = 10.0
_PAUSE_SECONDS = 0.02


class SimHandle:
    """A venue that can be reached; closing it stops the server only if it runs in this process.

    Attributes
    ----------
    url
        ``http://127.0.0.1:PORT``.
    started
        Whether this handle started the server.
    pid
        The process that served when the handle was made.
    """

    def __init__(
        self,
        owner: Owner,
        *,
        server: VenueServer | None = None,
        lock: "BaseFileLock | None" = None,
        successor: "Successor | None" = None,
    ) -> None:
        self.url = owner.url
        self.pid = owner.pid
        self.port = owner.port
        self.seed = owner.seed
        self.started = server is not None
        self.server = server
        self._lock = lock
        self._successor = successor

    def close(self) -> None:
        """Stop what this handle started; safe to call twice."""
        if self._successor is not None:
            self._successor.close()
        if self.server is not None:
            self.server.close()
            with suppress(XqError):  # no prices, or no disk: time goes on from what is booked
                self.server.venue.save()
            self.server.venue.ledger.close()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> "SimHandle":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Successor:
    """Waits, on a thread, for the owner of a venue to end, and then serves at its address."""

    def __init__(self, state: Path, owner: Owner, build: Callable[[], SimVenue]) -> None:
        self._state = state
        self._owner = owner
        self._build = build
        self._ended = threading.Event()
        self._handle: SimHandle | None = None
        self._thread = threading.Thread(target=self._stand_by, name="xq-sim-successor", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop waiting, or serving."""
        self._ended.set()
        self._thread.join()
        if self._handle is not None:
            self._handle.close()

    def _stand_by(self) -> None:
        while not self._ended.wait(_PAUSE_SECONDS):
            try:
                lock = try_lock(self._state)
                if lock is not None:
                    self._handle = start(lock, self._state, self._owner.port, self._build)
                    return
            except XqError:  # the next request finds nobody there and says so
                return


def ensure(
    state: Path,
    *,
    port: int = 0,
    clock: Clock,
    seed: int,
    start_ms: int | None = None,
    build: Builder = open_venue,
) -> SimHandle:
    """Reach the venue of a state folder, starting it in this process if nobody serves it.

    Parameters
    ----------
    state
        Folder of the ledger, created if missing.
    port
        Where to listen if started here; 0 takes any free port.
    clock
        Wall time of the venue, if started here.
    seed
        Seed of the synthetic markets; must be the one that the ledger was begun with.
    start_ms
        Venue time to start at, if started here; None continues.
    build
        What makes the venue, if started here; paper trading puts its own prices in.

    Raises
    ------
    ConfigError
        If the venue lives in the world of another seed.
    LockHeld
        If another process holds the ledger and does not answer.
    UsageError, CorruptFile, StorageFailed
        If the venue cannot be started.
    """
    wall = SystemClock()
    deadline = wall.monotonic() + _PATIENCE_SECONDS
    while True:
        lock = try_lock(state)
        if lock is not None:
            return start(lock, state, port, lambda: build(state, clock, seed, start_ms))
        owner = read_owner(state)
        if owner is not None and answers(owner, state):
            check_seed(owner.seed, seed, str(state))
            successor = Successor(state, owner, lambda: build(state, clock, seed, start_ms))
            return SimHandle(owner, successor=successor)
        if wall.monotonic() > deadline:
            raise held_by(owner, state)
        wall.sleep(_PAUSE_SECONDS)


def start(
    lock: "BaseFileLock",
    state: Path,
    port: int,
    build: Callable[[], SimVenue],
    limits: Limits | None = None,
    bench: Bench | None = None,
    admin_port: int | None = None,
) -> SimHandle:
    """Serve the venue in this process; the lock must be held and is released if that fails."""
    with ExitStack() as undo:
        undo.callback(lock.release)
        venue = build()
        undo.callback(venue.ledger.close)
        if bench is not None:
            bench.check(venue)
        server = VenueServer(venue, port, limits=limits, bench=bench, admin_port=admin_port)
        server.start()
        undo.callback(server.close)
        owner = Owner(os.getpid(), server.port, venue.world.seed)
        write_owner(state, owner)
        undo.pop_all()
    return SimHandle(owner, server=server, lock=lock)
