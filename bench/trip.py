"""From pulling a switch in another process to the last entry that left.

    python bench/trip.py [TRIPS]

`xq sim` runs in one process; a second one enters and leaves there as fast as it may, through the
loop's own gate, journal and door. This process, a third one, pulls the stop TRIPS times at odd
moments: in the journal (what `xq risk trip` calls) and by the stop file. Measured is the time from
the call to the departure of the last order that could add exposure, 0 if none left after it. The
floor beside it is the call alone while nobody trades. The target is a p99 below 100 ms.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from time import monotonic_ns, sleep

from common.busy import Busy, busy, percentiles
from common.paired import load

from xq.api.risk import rearm, trip
from xq.api.stop import stop_file
from xq.api.workspace import Workspace, open_workspace
from xq.live.stop_file import Demand
from xq.risk.switches import Action

GOAL_MS = 100.0
LEAST_SECONDS, MORE_SECONDS = 0.2, 0.3

Pull = Callable[[Workspace], None]


def journal(ws: Workspace) -> None:
    """What `xq risk trip` does once it is started."""
    trip(ws, "leverage", "bench", "bench", "stop_entries")


def armed(ws: Workspace) -> None:
    """And what `xq risk rearm` does."""
    rearm(ws, "leverage", "bench", "bench")


def dropped(ws: Workspace) -> None:
    """The first act of `xq stop`."""
    stop_file(ws).latch(Demand(Action.CANCEL, "bench", "bench", ws.clock.now_ms()))


def released(ws: Workspace) -> None:
    """Its last."""
    stop_file(ws).release()


def alone(ws: Workspace, pull: Pull, release: Pull, trips: int) -> list[float]:
    """The call while nobody trades, ms."""
    found = []
    for _ in range(trips):
        start = monotonic_ns()
        pull(ws)
        found.append((monotonic_ns() - start) / 1e6)
        release(ws)
    return found


def under_fire(
    ws: Workspace, service: Busy, pull: Pull, release: Pull, trips: int
) -> tuple[list[float], int]:
    """From the call to the last entry, ms, and how many entries left in all."""
    found, entries, moments = [], 0, Random(7)
    for _ in range(trips):
        service.tell("go")
        sleep(LEAST_SECONDS + moments.random() * MORE_SECONDS)
        start = monotonic_ns()
        pull(ws)
        last, sent = map(int, service.hear().split())
        found.append(max(last - start, 0) / 1e6)
        entries += sent
        release(ws)
    return found, entries


def main() -> int:
    trips = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    kept = True
    with tempfile.TemporaryDirectory() as folder, busy(Path(folder)) as service:
        ws = open_workspace(cwd=Path(folder), environ={})
        journal(ws)  # what is imported is imported now
        armed(ws)
        print(f"  {trips} trips each, {load()}")
        for name, pull, release in (("journal", journal, armed), ("file", dropped, released)):
            floor = percentiles(f"{name}, nobody trades", alone(ws, pull, release, trips))
            found, entries = under_fire(ws, service, pull, release, trips)
            worst = percentiles(f"{name}, to the last entry", found)
            kept &= worst < GOAL_MS
            after = sum(value > 0 for value in found)
            print(
                f"  {entries} entries left, one after the call in {after} of {trips} trips; "
                f"ratio to the floor {worst / floor:.2f}; p99 below {GOAL_MS:g} ms: "
                f"{'yes' if worst < GOAL_MS else 'no'}"
            )
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
