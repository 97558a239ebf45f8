"""Collecting must not pay for libraries it does not use."""

import subprocess
import sys
from pathlib import Path

_BARS = """
import sys
from pathlib import Path
import numpy as np
from xq.collect import archive, run
from xq.collect.feeds import bar_table
from xq.lake.layout import Dataset
from xq.lake.ranges import Range
from xq.lake.writer import LakeWriter
ts = np.arange(48) * 3_600_000.0
rows = np.column_stack([ts, *(np.full(48, value) for value in (2.0, 3.0, 1.0, 2.0, 9.0))])
table = bar_table(rows, "ohlcv")
times = archive._milliseconds(table["ts"]).cast("int64").to_pylist()
assert times == [int(value) for value in ts]
dataset = Dataset("ohlcv", "binance", "BTC/USDT", "1h")
LakeWriter(Path(sys.argv[1])).upsert(dataset, table, covered=[Range(0, 48 * 3_600_000)])
heavy = {"pandas", "polars", "duckdb", "pyarrow.dataset"} & set(sys.modules)
sys.exit(repr(heavy) if heavy else 0)
"""


def test_bars_come_into_the_lake_without_pandas(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _BARS, str(tmp_path)], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
