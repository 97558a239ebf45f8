"""The simulated venue's streams at max speed, beside bare aiohttp and orjson on the same machine.

A year of closed one-minute bars to one subscriber, and trades to one subscriber with their ids
checked; servers in processes of their own, the client the same for all.
"""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import aiohttp
import orjson

BARS = 525_600
TRADES = 300_000
GOAL_SECONDS, GOAL_RATE = 60, 20_000

_SERVER = Path(__file__).parent / "loopback" / "streams_server.py"
_STREAM = {"method": "SUBSCRIBE", "id": 1}


@contextmanager
def server(kind: str, number: int) -> Iterator[str]:
    """An address of a server in its own process."""
    command = [sys.executable, str(_SERVER), kind, str(number)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        if process.stdout is None or process.stdin is None:
            raise SystemExit("no pipes")
        yield process.stdout.readline().strip().replace("http://", "ws://")
        process.stdin.close()


async def listen(address: str, stream: str, count: int, keep: Callable[[Any], bool]) -> float:
    """Seconds from subscribing to the last of ``count`` messages that ``keep`` accepts."""
    async with aiohttp.ClientSession() as session, session.ws_connect(address) as socket:
        start = perf_counter()
        await socket.send_bytes(orjson.dumps(_STREAM | {"params": [stream]}))
        kept = 0
        while kept < count:
            kept += keep(orjson.loads((await socket.receive()).data))
        return perf_counter() - start


class Bars:
    """Every minute's closed bar, once and in order."""

    def __init__(self) -> None:
        self.last = 0

    def __call__(self, message: Any) -> bool:
        """Whether it is a closed bar; ends the program if one is missing."""
        bar = message.get("k")
        if bar is None or not bar["x"]:
            return False
        if self.last and bar["t"] != self.last + 60_000:
            raise SystemExit(f"bars are not in sequence: {self.last}, {bar['t']}")
        self.last = bar["t"]
        return True


class Trades:
    """Every trade, once and in order."""

    def __init__(self) -> None:
        self.last = 0

    def __call__(self, message: Any) -> bool:
        """Whether it is a trade; ends the program if one is missing."""
        number = message.get("a")
        if number is None:
            return False
        if self.last and number != self.last + 1:
            raise SystemExit(f"trades are not in sequence: {self.last}, {number}")
        self.last = number
        return True


def measured(kind: str, number: int, path: str, stream: str, count: int, keep: Any) -> float:
    with server(kind, number) as address:
        return asyncio.run(listen(address + path, stream, count, keep))


def main() -> None:
    floor = measured("floor", BARS, "/", "floor", BARS, lambda message: "k" in message)
    year = measured("venue", 366, "/market/ws", "ethusdt@kline_1m", BARS, Bars())
    print(
        f"a year of closed 1m bars: {year:.1f} s (goal {GOAL_SECONDS} s),"
        f" bare aiohttp+orjson {floor:.1f} s, ratio {year / floor:.2f}"
    )
    took = measured("venue", 60, "/market/ws", "ethusdt@aggTrade", TRADES, Trades())
    bare = measured("floor", TRADES, "/", "floor", TRADES, lambda message: "k" in message)
    print(
        f"trades to one subscriber: {TRADES / took:,.0f}/s in sequence (goal {GOAL_RATE:,}/s),"
        f" bare aiohttp+orjson {TRADES / bare:,.0f}/s, ratio {took / bare:.2f}"
    )
    if year > GOAL_SECONDS or TRADES / took < GOAL_RATE:
        raise SystemExit("below the goal; is the machine busy?")


if __name__ == "__main__":
    main()
