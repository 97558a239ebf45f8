"""The whole command ``xq backtest`` on a year of hourly bars, law included, against a script.

Run ``python bench/backtest_command.py``. The script loads the same Parquet file, computes the same
two averages and runs backtesting.py; processes alternate, the median of each is compared. Slower
than the script (ratio above 1) is a failure of the target.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from xq.lake.layout import Dataset
from xq.lake.writer import LakeWriter
from xq.timeframe import HOUR_MS

ROWS = 8_760
PAIRS = 9
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


def prepare(folder: Path) -> Path:
    random = np.random.default_rng(1)
    close = 30_000 * np.exp(np.cumsum(random.normal(0, 0.005, ROWS)))
    opens = np.concatenate(([30_000.0], close[:-1]))
    start = 1_672_531_200_000
    ts = pa.array(start + np.arange(ROWS) * HOUR_MS).cast(pa.timestamp("ms", "UTC"))
    fields = {
        "open": opens, "high": np.maximum(opens, close) * 1.001,
        "low": np.minimum(opens, close) * 0.999, "close": close, "volume": np.ones(ROWS),
    }  # fmt: skip
    table = pa.table({"ts": ts, **fields})
    LakeWriter(folder / "data").upsert(Dataset("ohlcv", "binance", "BTC/USDT", "1h"), table)
    (folder / "xq.toml").write_text("", encoding="utf-8")
    (folder / "strategies").symlink_to(STRATEGIES)
    (folder / "script.py").write_text(SCRIPT, encoding="utf-8")
    return next((folder / "data").glob("ohlcv/**/*.parquet"))


def seconds(arguments: list[str], folder: Path) -> float:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments],
        cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=environment,
    )  # fmt: skip
    return time.perf_counter() - begun


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stored = prepare(folder)
        command = ["-m", "xq", "backtest", "--output", "json"]
        script = ["script.py", str(stored)]
        for arguments in (command, script):
            seconds(arguments, folder)  # byte code and caches
        pairs = [(seconds(command, folder), seconds(script, folder)) for _ in range(PAIRS)]
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(
        f"xq backtest {ours:.2f} s, backtesting.py script {theirs:.2f} s, ratio {ours / theirs:.2f}"
    )


if __name__ == "__main__":
    main()
