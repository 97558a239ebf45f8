"""500 symbols with 3 years of 1h bars: the whole command lines ``xq data ls`` and a point query.

Fresh processes, as a shell runs them: the first of each meets files no one has proven yet.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from xq.lake.layout import Dataset
from xq.lake.schema import KINDS
from xq.lake.writer import LakeWriter

SYMBOLS, HOURS, START = 500, 3 * 365 * 24, 1_640_995_200_000
LIMIT = 1.0
ROUNDS = 5
QUERY = (
    "select close from ohlcv where exchange = 'binance' and symbol = 'S250/USDT' "
    "and timeframe = '1h' and ts = timestamptz '2023-06-01 12:00:00+00'"
)


def bars(seed: int) -> pa.Table:
    """A random walk."""
    close = 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.005, HOURS)))
    ts = START + np.arange(HOURS) * 3_600_000
    columns = [ts, close, close * 1.002, close * 0.998, close, np.full(HOURS, 7.0)]
    schema = KINDS["ohlcv"].schema
    arrays = [pa.array(c).cast(f.type) for c, f in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def timed(folder: Path, *arguments: str) -> tuple[float, str]:
    """Seconds and stdout of one command line."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "xq", *arguments], cwd=folder, check=True, capture_output=True,
        text=True,
    )  # fmt: skip
    return time.perf_counter() - start, done.stdout


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        writer = LakeWriter(folder / "data")
        start = time.perf_counter()
        for number in range(SYMBOLS):
            item = Dataset("ohlcv", "binance", f"S{number:03}/USDT", "1h")
            writer.upsert(item, bars(number))
        print(f"written in {time.perf_counter() - start:.1f} s")
        worst = 0.0
        for title, arguments in (("data ls", ("data", "ls")), ("point query", ("sql", QUERY))):
            first, out = timed(folder, *arguments)
            if title == "data ls" and len(out.splitlines()) != SYMBOLS:
                raise SystemExit("a dataset is missing")
            if title == "point query" and len([json.loads(line) for line in out.splitlines()]) != 1:
                raise SystemExit("the row is missing")
            best = min(timed(folder, *arguments)[0] for _ in range(ROUNDS))
            print(f"{title:12} first {first:5.2f} s, then {best:5.2f} s (limit {LIMIT:.0f} s)")
            worst = max(worst, best)
        return 0 if worst <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
