"""The venue as a server of its own: until SIGINT or SIGTERM."""

import gc
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from xq.sim.venue import SimVenue
from xq.sim.wire.embed import start
from xq.sim.wire.faults.bench import Bench
from xq.sim.wire.limits import Limits
from xq.sim.wire.owner import held_by, read_owner, try_lock
from xq.sim.wire.server import VenueServer

_COLLECT_AFTER = 10_000  # objects more than before; a request makes and drops about a thousand


def serve(
    state: Path,
    port: int,
    build: Callable[[], SimVenue],
    announce: Callable[[VenueServer], None],
    limits: Limits | None = None,
    bench: Bench | None = None,
    admin_port: int | None = None,
) -> None:
    """Serve the venue until SIGINT or SIGTERM arrives; main thread only.

    Parameters
    ----------
    announce
        Called once requests are answered.
    limits
        How fast it may be asked; None is without limit.
    bench, admin_port
        As `VenueServer` takes them.

    Raises
    ------
    LockHeld
        At once, if another process serves this folder.
    """
    lock = try_lock(state)
    if lock is None:
        raise held_by(read_owner(state), state)
    with (
        termination() as ended,
        start(lock, state, port, build, limits, bench, admin_port) as handle,
    ):
        if handle.server is not None:
            gc.set_threshold(_COLLECT_AFTER)
            gc.freeze()  # what is there now stays: no collection need look through it again
            announce(handle.server)
        ended.wait()


@contextmanager
def termination() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set instead of killing the process."""
    ended = threading.Event()
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        for number in kept:
            signal.signal(number, lambda *_: ended.set())
        yield ended
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
