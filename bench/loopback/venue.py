"""A loopback venue and archive for `bench/collect.py`, both made of the simulated market's bars.

The pages are cut out of bars that were written down in advance, so that what is measured is the
client. Limits, where they are on, are those of the simulated venue.

    python bench/loopback/venue.py FOLDER DAYS SYMBOLS LIMITS      prints its two addresses
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from support.archive_server import BAR_HEADER, ArchiveServer, bar_line, path_of, put

from xq.clock import SystemClock
from xq.sim.instruments import TRADES_START_MS, Face
from xq.sim.market import SimMarket
from xq.sim.wire.limits import Limits
from xq.timeframe import DAY_MS, MINUTE_MS, Timeframe

SYMBOLS = ("ETHUSDT", "SOLUSDT", "BNBUSDT", "XRPUSDT", "DOGEUSDT", "ADAUSDT")
MINUTE = Timeframe.parse("1m")
_BATCH = 1440


class Written:
    """Bars of one symbol as the text of a page, and where each bar begins in it."""

    def __init__(self, market: SimMarket, symbol: str, start_ms: int, bars: int) -> None:
        self.start_ms = start_ms
        self.rows = np.empty((bars, 11))
        for at in range(0, bars, _BATCH):
            opened = start_ms + at * MINUTE_MS
            count = min(_BATCH, bars - at)
            self.rows[at : at + count] = market.bars(
                symbol, MINUTE, opened, None, count, TRADES_START_MS
            )
        lines = [_line(row) for row in self.rows.tolist()]
        self.text = b"".join(lines)
        self.edges = np.concatenate([[0], np.cumsum([len(line) for line in lines])])

    def page(self, start_ms: int, end_ms: int | None, limit: int) -> bytes:
        """Bars with ``start_ms <= open time <= end_ms``."""
        first = max(0, -((self.start_ms - start_ms) // MINUTE_MS))
        stop = len(self.rows)
        if end_ms is not None:
            stop = min(stop, (end_ms - self.start_ms) // MINUTE_MS + 1)
        stop = max(first, min(stop, first + limit))
        cut = self.text[self.edges[min(first, len(self.rows))] : self.edges[stop]]
        return b"[" + cut[:-1] + b"]"


def _line(row: list[float]) -> bytes:
    ts, *numbers = row
    shown = ",".join(f'"{value:.8f}"' for value in numbers[:5])
    return f'[{int(ts)},{shown},{int(numbers[5])},"{numbers[6]:.8f}",9,"0.1","0.1","0"],'.encode()


class Venue(asyncio.Protocol):
    """Just enough HTTP/1.1 for GET with keep-alive."""

    def __init__(self, written: dict[str, Written], limits: Limits | None, info: bytes) -> None:
        self.written, self.limits, self.info = written, limits, info
        self.data = b""

    def connection_made(self, transport: Any) -> None:
        """Keep the way back."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every whole request."""
        self.data += data
        while (end := self.data.find(b"\r\n\r\n")) >= 0:
            target = self.data[: self.data.index(b"\r\n")].split(b" ")[1].decode()
            self.data = self.data[end + 4 :]
            status, headers, body = self.answer(target)
            lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
            lines += ["Content-Type: application/json", *(f"{k}: {v}" for k, v in headers.items())]
            self.transport.write(("\r\n".join(lines) + "\r\n\r\n").encode() + body)

    def answer(self, target: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body."""
        path, _, query = target.partition("?")
        if path == "/tally":
            tally = None if self.limits is None else self.limits.answered
            return 200, {}, json.dumps(tally).encode()
        headers: dict[str, str] = {}
        if self.limits is not None:
            verdict = self.limits.admit("GET", path, query, SystemClock().now_ms())
            headers = dict(verdict.headers)
            if verdict.payload is not None:
                return verdict.status, headers, json.dumps(dict(verdict.payload)).encode()
        if path.endswith("/time"):
            return 200, headers, b'{"serverTime":%d}' % _now()
        if path.endswith("/exchangeInfo"):
            return 200, headers, self.info
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        end = asked.get("endTime")
        page = self.written[asked["symbol"]].page(
            int(asked["startTime"]), end and int(end), int(asked.get("limit", 500))
        )
        return 200, headers, page


def _now() -> int:
    """Weights are counted in minutes of this clock; bars ended long before."""
    return SystemClock().now_ms()


def information(limits: Limits | None) -> bytes:
    """``exchangeInfo`` of the simulated venue, for the symbols there are."""
    from xq.sim.wire.listing import _futures_symbol  # the bench's own door

    market = SimMarket(Face.FUTURES, 7)
    listed = [_futures_symbol(market.instrument(name)) for name in SYMBOLS]
    rules = [] if limits is None else limits.describe(Face.FUTURES)
    return json.dumps({"timezone": "UTC", "rateLimits": rules, "symbols": listed}).encode()


def build_archive(root: Path, written: dict[str, Written]) -> None:
    """Monthly files of whole months and daily files of the rest."""
    for symbol, bars in written.items():
        days = bars.rows[:, 0].astype("int64").astype("datetime64[ms]")
        months = days.astype("datetime64[M]")
        for month in np.unique(months):
            rows = bars.rows[months == month]
            whole = len(rows) * MINUTE_MS >= 28 * DAY_MS
            periods = [str(month)] if whole else sorted(set(np.datetime_as_string(
                days[months == month], unit="D").tolist()))  # fmt: skip
            for period in periods:
                part = (
                    rows if whole else bars.rows[days.astype("datetime64[D]").astype(str) == period]
                )
                lines = [bar_line(int(row[0]), row[1:6].tolist(), MINUTE_MS) for row in part]
                put(root, path_of("futures/um", "klines", symbol, period, "1m"), lines, BAR_HEADER)


async def serve(venue: Any) -> None:
    """Until killed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(venue, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


def main() -> None:
    """Build, announce, serve."""
    folder, days, count, limited = sys.argv[1:5]
    limits = Limits() if limited == "on" else None
    market = SimMarket(Face.FUTURES, 7)
    start = TRADES_START_MS - int(days) * DAY_MS
    written = {s: Written(market, s, start, int(days) * 1440) for s in SYMBOLS[: int(count)]}
    root = Path(folder)
    if not (root / "data").exists():
        build_archive(root, written)
    with ArchiveServer(root) as archive:
        print(archive.url, flush=True)
        info = information(limits)
        asyncio.run(serve(lambda: Venue(written, limits, info)))


if __name__ == "__main__":
    main()
