"""What `bench/venue_streams.py` listens to, in a process of its own; prints its address.

python bench/loopback/streams_server.py venue DAYS     the venue, replayed at max speed
python bench/loopback/streams_server.py floor COUNT    bare aiohttp and orjson
"""

import asyncio
import sys
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from xq.clock import SystemClock
from xq.sim.instruments import TRADES_START_MS, Face
from xq.sim.market import SimMarket
from xq.sim.market_open import Prices, synthetic
from xq.sim.pace import Pace
from xq.sim.wire.embed import ensure
from xq.sim.wire.opening import open_venue
from xq.timeframe import DAY_MS, Timeframe

SEED = 7


def serve_venue(days: int) -> None:
    def ending(start_ms: int | None) -> Prices:
        return replace(synthetic(SEED)(start_ms), end_ms=TRADES_START_MS + days * DAY_MS)

    build = partial(open_venue, source=ending, pace=Pace.parse("max"))
    with (
        tempfile.TemporaryDirectory() as folder,
        ensure(Path(folder), clock=SystemClock(), seed=SEED, build=build) as handle,
    ):
        print(handle.url, flush=True)
        sys.stdin.read()


def messages() -> list[dict[str, Any]]:
    """A day of messages of the size that the venue sends."""
    rows = SimMarket(Face.FUTURES, SEED).bars(
        "ETHUSDT", Timeframe.parse("1m"), TRADES_START_MS, None, 1440, TRADES_START_MS + 2 * DAY_MS
    )
    names = ("t", "o", "h", "l", "c", "v", "T", "q", "n", "V", "Q")
    found = []
    for row in rows.tolist():
        bar = {
            name: int(value) if name in "tTn" else f"{value:.8f}"
            for name, value in zip(names, row, strict=True)
        }
        bar |= {"s": "ETHUSDT", "i": "1m", "f": 1, "L": 2, "x": True, "B": "0"}
        found.append({"e": "kline", "E": int(row[6]), "s": "ETHUSDT", "k": bar})
    return found


async def serve_floor(count: int) -> None:
    day = messages()

    async def pour(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        await socket.receive()
        for number in range(count):
            await socket.send_frame(orjson.dumps(day[number % 1440]), WSMsgType.TEXT)
        await socket.receive()
        return socket

    app = web.Application()
    app.router.add_get("/", pour)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    kind, number = sys.argv[1], int(sys.argv[2])
    if kind == "venue":
        serve_venue(number)
    else:
        asyncio.run(serve_floor(number))
