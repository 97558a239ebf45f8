"""A lake in a bucket: requests, bytes and seconds per 1,000 partitions, beside a folder.

Against an S3-compatible server on loopback that answers after some milliseconds, as a real one
does; ``python bench/lake_objects.py [MILLISECONDS] [SYMBOLS]``. A partition is one file: here four
years of 1h bars of 250 symbols. Requests do not depend on the server, seconds do.
"""

import dataclasses
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.object_store import BUCKET, ObjectStore, serving

from xq.lake import store
from xq.lake.layout import Dataset
from xq.lake.objects.opening import open_lake
from xq.lake.ranges import Range
from xq.lake.reader import Lake
from xq.lake.schema import KINDS
from xq.lake.sql import query
from xq.lake.verify import verify
from xq.lake.writer import LakeWriter
from xq.timeframe import Timeframe

YEARS, START, HOUR = 4, 1_577_836_800_000, 3_600_000  # from 2020
HOURS = (365 * YEARS + 1) * 24 - 1  # the last hour is for the append
H1 = Timeframe.parse("1h")
WARM_READ, WARM_QUERY = 3.0, 3.0  # at most so many times what a folder takes, without latency
# USD per request, S3 Standard in us-east-1 when this was written; other stores are of that order.
PRICES = {"PUT": 5e-6, "LIST": 5e-6, "GET": 4e-7, "DELETE": 0.0}


@dataclasses.dataclass
class Cost:
    """What one step asked of the server."""

    title: str
    seconds: float
    partitions: int
    asked: dict[str, int]

    def line(self) -> str:
        """Scaled to 1,000 partitions."""
        scale = 1000 / self.partitions
        requests = {name: round(self.asked.get(name, 0) * scale) for name in PRICES}
        dollars = sum(self.asked.get(name, 0) * price for name, price in PRICES.items()) * scale
        moved = (self.asked.get("bytes put", 0) + self.asked.get("bytes got", 0)) * scale / 1e6
        counts = " ".join(f"{requests[name]:>6}" for name in ("PUT", "GET", "LIST", "DELETE"))
        return f"{self.title:34} {counts} {moved:8.1f} {self.seconds * scale:8.1f} {dollars:9.5f}"


def bars(seed: int, hours: range) -> pa.Table:
    close = 100 + np.random.default_rng(seed).random(len(hours))
    ts = START + np.arange(hours.start, hours.stop) * HOUR
    columns = [ts, close, close + 1, close - 1, close, np.ones(len(hours))]
    schema = KINDS["ohlcv"].schema
    arrays = [pa.array(c).cast(f.type) for c, f in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


class Bench:
    """One lake in a bucket and the same one in a folder."""

    def __init__(self, server: ObjectStore, folder: Path, symbols: int) -> None:
        self.server = server
        self.folder = folder
        self.sets = [Dataset("ohlcv", "x", f"S{n:04}/USDT", "1h") for n in range(symbols)]
        self.names = [str(item.symbol) for item in self.sets]
        self.partitions = symbols * YEARS

    def root(self, machine: str) -> Path:
        """The lake as a machine sees it that has a cache of its own."""
        url = f"s3://{BUCKET}/bench"
        return open_lake(url, self.folder / machine, self.server.environ)

    def cost(self, title: str, work: Callable[[], object], partitions: int | None = None) -> Cost:
        """Measure and print one step."""
        self.server.requests()
        began = time.perf_counter()
        work()
        seconds = time.perf_counter() - began
        found = Cost(title, seconds, partitions or self.partitions, self.server.requests())
        print(found.line(), flush=True)
        return found

    def write(self, root: Path) -> None:
        """Four years of every symbol."""
        writer = LakeWriter(root)
        for seed, item in enumerate(self.sets):
            writer.upsert(item, bars(seed, range(HOURS)), covered=_asked(range(HOURS)))

    def append(self, root: Path) -> None:
        """The newest hour of every symbol, as cron does: one commit each."""
        writer, hours = LakeWriter(root), range(HOURS, HOURS + 1)
        for seed, item in enumerate(self.sets):
            writer.upsert(item, bars(seed, hours), covered=_asked(hours))

    def read(self, root: Path) -> None:
        """All bars of all symbols."""
        found = Lake(root).bars("x", self.names, H1, gaps="flag")
        if found.close.shape[1] != len(self.sets):
            raise SystemExit("a symbol is missing")

    def ask(self, root: Path) -> None:
        """One SQL aggregate over all of them."""
        query(root, "SELECT symbol, avg(close) FROM ohlcv GROUP BY symbol")

    def prove(self, root: Path) -> None:
        """As ``xq data verify`` does."""
        if store.of(root).lost() or any(verify(root, item).faults for item in self.sets):
            raise SystemExit("a file is not as committed")


def _asked(hours: range) -> Range:
    return Range(START + hours.start * HOUR, START + hours.stop * HOUR)


def paired(one: Callable[[], object], two: Callable[[], object], rounds: int = 3) -> float:
    """How many times longer the first takes: best of turns in one run."""
    best = [float("inf"), float("inf")]
    for _ in range(rounds):
        for place, work in enumerate((one, two)):
            began = time.perf_counter()
            work()
            best[place] = min(best[place], time.perf_counter() - began)
    return best[0] / best[1]


def main() -> int:
    milliseconds = float(sys.argv[1]) if len(sys.argv) > 1 else 0.0
    symbols = int(sys.argv[2]) if len(sys.argv) > 2 else 250
    with tempfile.TemporaryDirectory() as name, serving(milliseconds) as server:
        bench = Bench(server, Path(name), symbols)
        print(f"{bench.partitions} partitions, {milliseconds:g} ms before each answer; per 1,000:")
        print(f"{'':34}    PUT    GET   LIST DELETE       MB  seconds       USD")
        here, plain = bench.root("here"), Path(name) / "plain"
        bench.cost("write (a commit has 4 files)", lambda: bench.write(here))
        bench.cost("ls, cache up to date", lambda: Lake(here).datasets())
        bench.cost("ls, empty cache", lambda: Lake(bench.root("second")).datasets())
        bench.cost("read all, empty cache", lambda: bench.read(bench.root("third")))
        bench.cost("read all, cache up to date", lambda: bench.read(here))
        bench.cost("xq sql, cache up to date", lambda: bench.ask(here))
        bench.cost("verify (hashes every object)", lambda: bench.prove(here))
        bench.cost("append one row to each", lambda: bench.append(here), len(bench.sets))
        bench.cost("read all after others appended", lambda: bench.read(bench.root("third")))
        bench.write(plain)
        bench.append(plain)
        bench.read(here), bench.read(plain), bench.ask(here), bench.ask(plain)
        read = paired(lambda: bench.read(here), lambda: bench.read(plain))
        asked = paired(lambda: bench.ask(here), lambda: bench.ask(plain))
    print(f"read all, warm: {read:.2f} times a folder's; xq sql, warm: {asked:.2f} times")
    return 0 if milliseconds or (read <= WARM_READ and asked <= WARM_QUERY) else 1


if __name__ == "__main__":
    sys.exit(main())
