"""A sweep of two averages over a year of 1m bars: xq under the law against vectorbt by hand.

Run ``python bench/sweep.py [SETS]`` (default 1,000). Both sides are processes of their own with one
worker per core, alternating; wall and CPU of each with all their children, peak memory of xq's
side, and how many cores it kept busy. vectorbt is driven without any law: TA-Lib averages, its Rust
engine, daily returns, one column at a time. The targets are a ratio of at most 1.25, below 2 GB
and at least 1.7 of two cores.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from xq.lake.layout import Dataset
from xq.lake.writer import LakeWriter
from xq.timeframe import MINUTE_MS

Timed = tuple[float, float, float, Any]  # wall s, CPU s, peak GB and what it said
ROWS = 525_600
PAIRS = 1
START_MS = 1_672_531_200_000  # 2023-01-01

CROSS = '''"""Long while the fast average is above the slow one (bench)."""

import numpy as np

from xq import Bars, Strategy, param
from xq import indicators as ta


class Cross(Strategy):
    """Two plain averages."""

    fast: int = param(20, low=2, high=500, unit="bars")
    slow: int = param(600, low=3, high=5000, unit="bars")

    @property
    def lookback(self) -> int:
        return self.slow

    def target_weights(self, bars: Bars):
        return np.where(ta.sma(bars.close, self.fast) > ta.sma(bars.close, self.slow), 1.0, 0.0)
'''

BY_HAND = """
import json, sys
from multiprocessing import get_context
import numpy as np, pandas as pd, pyarrow.parquet as pq, talib, vectorbt as vbt

def load():
    global close, opens, valued, values, days, nights
    table = pq.read_table(sys.argv[1]).to_pandas()
    index = pd.DatetimeIndex(table["ts"]).tz_localize(None)
    close, opens = (pd.Series(table[name].to_numpy(), index) for name in ("close", "open"))
    valued, values = close.shift(1), close.to_numpy(copy=True)
    nights = np.flatnonzero(np.diff(index.as_unit("ms").asi8 // 86_400_000, append=-1))

def one(pair):
    fast, slow = pair
    above = np.where(talib.SMA(values, fast) > talib.SMA(values, slow), 1.0, 0.0)
    size = np.full(len(above), np.nan)
    size[1:] = np.where(np.diff(above[:-1], prepend=0.0) != 0.0, above[:-1], np.nan)
    portfolio = vbt.Portfolio.from_orders(
        close, pd.Series(size, close.index), size_type="targetpercent", direction="longonly",
        price=opens, val_price=valued, fees=0.001, slippage=0.0005, init_cash=10_000.0,
        freq="1min", engine="rust",
    )
    value = portfolio.value().to_numpy()[nights]
    daily = np.diff(value) / value[:-1]
    return float(value[-1] / 10_000 - 1), float(daily.mean() / daily.std(ddof=1) * 365**0.5)

if __name__ == "__main__":
    load()
    with get_context("fork").Pool(int(sys.argv[2])) as pool:
        print(json.dumps(pool.map(one, json.loads(sys.argv[3]), chunksize=8)))
"""


def main() -> None:
    sets = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    cores = min(len(os.sched_getaffinity(0)), 2)
    fasts = [20 + 5 * k for k in range(max(sets // 20, 1))]
    slows = [600 + 60 * k for k in range(-(-sets // len(fasts)))]
    pairs = [(fast, slow) for fast in fasts for slow in slows]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parquet = prepared(folder)
        ours, theirs = [], []
        for _ in range(PAIRS):
            subprocess.run(["rm", "-rf", str(folder / "state")], check=True)
            ours.append(measured(sweep_command(fasts, slows, cores), folder))
            theirs.append(measured(by_hand_command(parquet, pairs, cores), folder))
        compare(ours, theirs, pairs, cores)


def prepared(folder: Path) -> Path:
    random = np.random.default_rng(1)
    close = 30_000 * np.exp(np.cumsum(random.normal(0, 0.0006, ROWS)))
    opens = np.concatenate(([30_000.0], close[:-1]))
    ts = pa.array(START_MS + np.arange(ROWS) * MINUTE_MS).cast(pa.timestamp("ms", "UTC"))
    high, low = np.maximum(opens, close), np.minimum(opens, close)
    fields = {"open": opens, "high": high, "low": low, "close": close, "volume": np.ones(ROWS)}
    table = pa.table({"ts": ts, **fields})
    LakeWriter(folder / "data").upsert(Dataset("ohlcv", "binance", "BTC/USDT", "1m"), table)
    (folder / "strategies").mkdir()
    (folder / "strategies" / "cross.py").write_text(CROSS, encoding="utf-8")
    (folder / "xq.toml").write_text("", encoding="utf-8")
    (folder / "by_hand.py").write_text(BY_HAND, encoding="utf-8")
    import pyarrow.parquet as pq

    pq.write_table(table, folder / "bars.parquet")
    return folder / "bars.parquet"


def sweep_command(fasts: list[int], slows: list[int], cores: int) -> list[str]:
    listed = [",".join(str(n) for n in values) for values in (fasts, slows)]
    return [
        sys.executable, "-m", "xq", "sweep", "--strategy", "cross", "--symbol", "BTC/USDT",
        "--timeframe", "1m", "--param", f"fast={listed[0]}", "--param", f"slow={listed[1]}",
        "--since", "2023-01-01", "--workers", str(cores), "--output", "json", "--quiet",
    ]  # fmt: skip


def by_hand_command(parquet: Path, pairs: list[tuple[int, int]], cores: int) -> list[str]:
    script = str(parquet.parent / "by_hand.py")
    return [sys.executable, script, str(parquet), str(cores), json.dumps(pairs)]


def measured(command: list[str], folder: Path) -> Timed:
    """Wall, CPU seconds, peak memory of the whole tree in GB, and the answer."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun, peak = time.perf_counter(), 0.0
    with (
        (folder / "out").open("wb") as out,
        subprocess.Popen(command, cwd=folder, stdout=out) as process,
    ):
        while process.poll() is None:
            peak = max(peak, tree_memory(process.pid))
            with suppress(subprocess.TimeoutExpired):
                process.wait(1.0)
    wall = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise SystemExit(f"{command[:6]} failed")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, peak, json.loads((folder / "out").read_bytes())


def tree_memory(pid: int) -> float:
    """Proportional share of memory of a process and all below it: shared pages count once."""
    total, todo = 0, [pid]
    while todo:
        one = todo.pop()
        try:
            text = Path(f"/proc/{one}/smaps_rollup").read_text(encoding="ascii")
            total += int(text.partition("Pss:")[2].split()[0])
            tasks = Path(f"/proc/{one}/task").iterdir()
            todo += [int(c) for t in tasks for c in (t / "children").read_text().split()]
        except (OSError, ValueError, IndexError):
            continue
    return total / 1e6


def compare(
    ours: list[Timed], theirs: list[Timed], pairs: list[tuple[int, int]], cores: int
) -> None:
    found = {(row["fast"], row["slow"]): row["total_return"] for row in ours[0][3]["trials"]}
    expected = {tuple(pair): value[0] for pair, value in zip(pairs, theirs[0][3], strict=True)}
    assert set(found) == set(expected)
    assert np.allclose([found[p] for p in pairs], [expected[p] for p in pairs], atol=1e-6)
    wall = [min(run[0] for run in side) for side in (ours, theirs)]
    cpu = [min(run[1] for run in side) for side in (ours, theirs)]
    busy = [max(run[1] / run[0] for run in side) for side in (ours, theirs)]
    print(
        f"{len(pairs):,} sets x {ROWS:,} bars on {cores} workers: xq {wall[0]:.1f} s "
        f"({cpu[0]:.1f} CPU), vectorbt {wall[1]:.1f} s ({cpu[1]:.1f} CPU), ratio "
        f"{wall[0] / wall[1]:.2f} (CPU {cpu[0] / cpu[1]:.2f}, target 1.25), "
        f"{busy[0]:.2f} cores busy against {busy[1]:.2f} (target 1.7), "
        f"peak {max(run[2] for run in ours):.2f} GB against {max(run[2] for run in theirs):.2f}, "
        f"load {os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    main()
