"""Start of the embedded venue with all its markets, beside the bare imports it cannot do without.

Whole processes in turn: opening a ledger, serving on a port and answering exchangeInfo of both
faces; the floor imports numpy, sqlite3, aiohttp and orjson and serves an empty answer.
"""

import resource
import subprocess
import sys
from statistics import median
from time import perf_counter

GOAL_MS = 1000

_OURS = """
import sys, tempfile
from pathlib import Path
from xq.clock import SystemClock
from xq.sim.wire.embed import ensure
with tempfile.TemporaryDirectory() as folder:
    with ensure(Path(folder), clock=SystemClock(), seed=7) as handle:
        venue = handle.server.venue
        print(sum(len(venue.markets(face)) for face in venue.feeds))
"""
_FLOOR = """
import asyncio, sqlite3, numpy, orjson
from aiohttp import web
async def serve():
    app = web.Application()
    app.router.add_get("/", lambda request: web.Response(body=orjson.dumps({})))
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await runner.cleanup()
asyncio.run(serve())
print(0)
"""


def seconds(code: str) -> tuple[float, float, int]:
    """Wall and processor time of a process that runs some code, and the number it prints."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    wall, after = perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, busy, int(done.stdout)


def main(runs: int) -> None:
    markets = seconds(_OURS)[2]
    seconds(_FLOOR)
    pairs = [(seconds(_OURS), seconds(_FLOOR)) for _ in range(runs)]
    ratio = median(ours[0] / floor[0] for ours, floor in pairs)
    ours, floor = zip(*pairs, strict=True)
    wall, busy = (median(run[part] for run in ours) * 1000 for part in (0, 1))
    floor_wall, floor_busy = (median(run[part] for run in floor) * 1000 for part in (0, 1))
    print(
        f"venue with {markets} markets served: {wall:.0f} ms, {busy:.0f} ms of processor "
        f"(goal {GOAL_MS} ms), bare imports and a server {floor_wall:.0f} ms, {floor_busy:.0f} ms, "
        f"ratio {ratio:.2f}"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
