"""The whole command ``xq backtest`` on a year of bars, law included, against a script.

Run ``python bench/backtest_command.py``. The script loads the same rows from Parquet, computes the
same two averages and runs backtesting.py; processes alternate, the median of each is compared. The
goal is the script's time on hourly bars and 0.6 of it on bars of a minute.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from xq.lake.layout import Dataset
from xq.lake.writer import LakeWriter
from xq.timeframe import Timeframe

STRATEGIES = Path(__file__).resolve().parent.parent / "strategies"

SCRIPT = """
import sys
import pandas as pd
from backtesting import Backtest, Strategy
from backtesting.lib import crossover

frame = pd.read_parquet(sys.argv[1]).set_index("ts")
frame.columns = [name.title() for name in frame.columns]

def average(values, span):
    return pd.Series(values).ewm(span=span, adjust=False).mean()

class Cross(Strategy):
    def init(self):
        self.fast = self.I(average, self.data.Close, 12)
        self.slow = self.I(average, self.data.Close, 26)

    def next(self):
        if crossover(self.fast, self.slow):
            self.buy(size=0.99)
        elif crossover(self.slow, self.fast):
            self.position.close()

print(Backtest(frame, Cross, cash=10_000_000, commission=0.001).run())
"""


@dataclass(frozen=True)
class Case:
    """A year of bars, how often it is timed, and how much of the script's time is allowed."""

    timeframe: str
    rows: int
    pairs: int
    goal: float


CASES = (Case("1h", 8_760, 9, 1.0), Case("1m", 525_600, 3, 0.6))
_YEARLY = 0.5  # standard deviation of the year's log return


def prepare(folder: Path, case: Case) -> Path:
    random = np.random.default_rng(1)
    close = 30_000 * np.exp(np.cumsum(random.normal(0, _YEARLY / case.rows**0.5, case.rows)))
    opens = np.concatenate(([30_000.0], close[:-1]))
    start = 1_672_531_200_000
    ts = pa.array(start + np.arange(case.rows) * Timeframe.parse(case.timeframe).ms).cast(
        pa.timestamp("ms", "UTC")
    )
    fields = {
        "open": opens, "high": np.maximum(opens, close) * 1.001,
        "low": np.minimum(opens, close) * 0.999, "close": close, "volume": np.ones(case.rows),
    }  # fmt: skip
    table = pa.table({"ts": ts, **fields})
    LakeWriter(folder / "data").upsert(
        Dataset("ohlcv", "binance", "BTC/USDT", case.timeframe), table
    )
    (folder / "xq.toml").write_text("", encoding="utf-8")
    (folder / "strategies").symlink_to(STRATEGIES)
    (folder / "script.py").write_text(SCRIPT, encoding="utf-8")
    pq.write_table(table, folder / "bars.parquet")
    return folder / "bars.parquet"


def seconds(arguments: list[str], folder: Path) -> float:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments],
        cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=environment,
    )  # fmt: skip
    return time.perf_counter() - begun


def compare(case: Case) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stored = prepare(folder, case)
        command = ["-m", "xq", "backtest", "--timeframe", case.timeframe, "--output", "json"]
        script = ["script.py", str(stored)]
        for arguments in (command, script):
            seconds(arguments, folder)  # byte code and caches
        pairs = [(seconds(command, folder), seconds(script, folder)) for _ in range(case.pairs)]
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(
        f"{case.rows:,} bars of {case.timeframe}: xq backtest {ours:.2f} s, backtesting.py script "
        f"{theirs:.2f} s, ratio {ours / theirs:.2f} (goal {case.goal})",
        flush=True,
    )


if __name__ == "__main__":
    for case in CASES:
        compare(case)
