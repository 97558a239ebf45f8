"""How long an entry stands without its stop: from the order's departure to the stop's acceptance.

    python bench/naked.py [ENTRIES]

A service enters at market and guards what it holds ENTRIES times, on `xq sim` in another process.
The time counts from before the entry is sent, so that it bounds the time from its fill. The floor
beside it is one signed request to the same venue. The target is a p99 of at most 2 s.
"""

import sys
import tempfile
from pathlib import Path
from time import monotonic_ns

from common.busy import busy, percentiles
from common.paired import load

from xq.api.venues import trading_venue
from xq.api.workspace import open_workspace

GOAL_MS = 2_000.0


def main() -> int:
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as folder, busy(Path(folder)) as service:
        ws, floor = open_workspace(cwd=Path(folder), environ={}), []
        print(f"  {entries} entries, {load()}")
        with trading_venue(ws, "sim") as (_, venue):
            venue.open_orders()
            for _ in range(entries):
                start = monotonic_ns()
                venue.open_orders()  # both books: two requests
                floor.append((monotonic_ns() - start) / 1e6 / 2)
        service.tell(f"naked {entries}")
        found = [float(value) for value in service.hear().split()]
        least = percentiles("a signed request", floor)
        worst = percentiles("entry to stop", found)
    kept = worst <= GOAL_MS
    print(
        f"  ratio to the floor {worst / least:.2f}; p99 at most {GOAL_MS / 1e3:g} s: "
        f"{'yes' if kept else 'no'}"
    )
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
