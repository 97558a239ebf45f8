"""Resident memory of a trader over simulated days: the slope must stay below 1 MiB a day.

    python bench/memory_month.py [DAYS] [LOOKS]

One process holds the loop of `xq trade`, its journal in a file, the adapter, and the simulated
venue that it asks over HTTP. Every hour it decides (and mostly trades), LOOKS times between two
hours it looks. The slope is a least-squares line through the resident size at the end of each day,
the first tenth of the days left out: caches fill then.
"""

import os
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
from common.paired import load

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.faulty_venue import faulty_venue
from support.faulty_week import HOUR, Service, outcome

from xq.live.loop import tick, watch
from xq.timeframe import HOUR_MS

GOAL_MIB = 1.0


def resident() -> float:
    """MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 2**20


def main() -> int:
    days, looks = (*map(int, sys.argv[1:]), *(30, 5)[len(sys.argv) - 1 :])
    sizes, started = [], perf_counter()
    with tempfile.TemporaryDirectory() as folder, faulty_venue(Path(folder)) as venue:
        service = Service(venue, Path(folder))
        start_ms = HOUR.floor(venue.clock.now_ms()) + HOUR_MS
        for hour in range(days * 24):
            for look in range(looks + 1):
                due_ms = start_ms + hour * HOUR_MS + look * HOUR_MS // (looks + 1)
                venue.clock.advance_to(max(venue.clock.now_ms(), due_ms))
                word = outcome(service.act(watch if look else tick))
                if word not in ("made", "nothing to do"):
                    raise SystemExit(f"hour {hour}, look {look}: {word}")
            if hour % 24 == 23:
                sizes.append(resident())
                print(f"  day {len(sizes):2}: {sizes[-1]:7.1f} MiB", flush=True)
        service.release()
    kept = sizes[len(sizes) // 10 :]
    slope = float(np.polyfit(range(len(kept)), kept, 1)[0]) if len(kept) > 1 else 0.0
    print(
        f"  {days} days, {perf_counter() - started:.0f} s, {load()}: {slope:+.2f} MiB a day "
        f"(below {GOAL_MIB}: {'yes' if slope < GOAL_MIB else 'NO'})"
    )
    return 0 if slope < GOAL_MIB else 1


if __name__ == "__main__":
    sys.exit(main())
