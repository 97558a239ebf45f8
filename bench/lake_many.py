"""500 symbols with 3 years of 1h bars: the whole command lines ``xq data ls`` and a point query.

    python bench/lake_many.py [--symbols 500] [--rounds 5]

Fresh processes, as a shell runs them: the first of each meets files no one has proven yet. The
floor is a process that asks DuckDB alone the same of the same files by one pattern.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from common.paired import Times, judged, load

from xq.lake.layout import Dataset
from xq.lake.schema import KINDS
from xq.lake.writer import LakeWriter

HOURS, START = 3 * 365 * 24, 1_640_995_200_000
LIMIT = 1.0
ASKED = (
    "select close from {} where exchange = 'binance' and symbol = 'S001/USDT' "
    "and timeframe = '1h' and ts = timestamptz '2023-06-01 12:00:00+00'"
)
FLOOR = """
import duckdb
files = "read_parquet('data/ohlcv/*/*/*/*/part.parquet', hive_types_autocast = false)"
print('{"close": %r}' % duckdb.sql(ASKED.format(files)).fetchall()[0])
"""


def bars(seed: int) -> pa.Table:
    """A random walk."""
    close = 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.005, HOURS)))
    ts = START + np.arange(HOURS) * 3_600_000
    columns = [ts, close, close * 1.002, close * 0.998, close, np.full(HOURS, 7.0)]
    schema = KINDS["ohlcv"].schema
    arrays = [pa.array(c).cast(f.type) for c, f in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def run(times: Times, folder: Path, *words: str) -> str:
    """Stdout of one command line, its wall and user CPU seconds added."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, *words], cwd=folder, stdout=subprocess.PIPE)
    if process.stdout is None:
        raise SystemExit("no output")
    out = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{words} failed")
    times.wall.append(time.perf_counter() - start)
    times.cpu.append(usage.ru_utime)
    return out


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--symbols", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        writer = LakeWriter(folder / "data")
        start = time.perf_counter()
        for number in range(chosen.symbols):
            writer.upsert(Dataset("ohlcv", "binance", f"S{number:03}/USDT", "1h"), bars(number))
        print(f"{chosen.symbols} written in {time.perf_counter() - start:.1f} s, {load()}")
        return report(folder, chosen.symbols, chosen.rounds)


def report(folder: Path, symbols: int, rounds: int) -> int:
    """Whole commands in turns; the first of each is told apart."""
    point = ("-m", "xq", "sql", ASKED.format("ohlcv"))
    sides = {
        "data ls": ("-m", "xq", "data", "ls"),
        "point query": point,
        "duckdb alone": ("-c", f"ASKED = {ASKED!r}\n{FLOOR}"),
        "import only": ("-c", "import duckdb, pyarrow, typer, pydantic"),
    }
    times = {side: Times() for side in sides}
    for side, words in sides.items():
        first = Times()
        out = run(first, folder, *words).splitlines()
        if side == "data ls" and len(out) != symbols:
            raise SystemExit("a dataset is missing")
        if side in ("point query", "duckdb alone") and len([json.loads(line) for line in out]) != 1:
            raise SystemExit("the row is missing")
        print(f"{side:12} first {first.wall[0]:5.2f} s (CPU {first.cpu[0]:.2f} s)")
    for _ in range(rounds):
        for side, words in sides.items():
            run(times[side], folder, *words)
    for side, found in times.items():
        print(f"{side:12} {found}")
    judged("point query / duckdb alone", times["point query"], times["duckdb alone"])
    worst = max(min(times[side].wall) for side in ("data ls", "point query"))
    print(f"slower of both, best of {rounds}: {worst:.2f} s (limit {LIMIT:.0f} s)")
    return 0 if worst <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
