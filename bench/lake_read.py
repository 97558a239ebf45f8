"""One year of 1m bars read and aggregated beside DuckDB's own read_parquet, on the same files.

Reading ends with ts and five float64 columns in memory, aggregating with one row per day; runs
alternate, and the best of each counts. Reading cold is reading files that no verdict covers yet,
so that each is hashed. Needs the recorded market data (`XQ_TEST_DATA`).
"""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from xq.lake.layout import Dataset
from xq.lake.reader import Lake
from xq.lake.sql import query
from xq.lake.writer import LakeWriter
from xq.timeframe import Timeframe

ROUNDS = 25
LIMIT = 1.2
SETTLE_SECONDS = 2.1  # verdicts given sooner after a write do not count
YEAR = (1_672_531_200_000, 1_704_067_200_000)  # 2023
_ASIDE = Path(__file__).resolve().parents[2] / "shared" / "data"


def main() -> int:
    source = Path(os.environ.get("XQ_TEST_DATA", _ASIDE))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        table = pq.read_table(source / "ohlcv" / "binance_spot_BTCUSDT_1m.parquet")
        LakeWriter(root).upsert(Dataset("ohlcv", "binance", "BTC/USDT", "1m"), table)
        time.sleep(SETTLE_SECONDS)
        return max(report(root), report_aggregate(root))


def report(root: Path) -> int:
    lake, connection = Lake(root), duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    glob = f"{root}/ohlcv/exchange=binance/**/period=2023-*/part.parquet"
    relation = f"SELECT ts, open, high, low, close, volume FROM read_parquet('{glob}')"

    def through_xq() -> int:
        minute = Timeframe.parse("1m")
        return len(lake.bars("binance", ["BTC/USDT"], minute, *YEAR, gaps="drop"))

    def through_arrow() -> int:
        return int(connection.sql(relation).to_arrow_table().num_rows)

    def through_numpy() -> int:
        arrow: pa.Table = connection.sql(relation).to_arrow_table()
        return min(len(np.asarray(column)) for column in arrow.columns)

    def through_xq_cold() -> int:
        shutil.rmtree(root / ".xq" / "verified", ignore_errors=True)
        return through_xq()

    times = paired(
        {
            "xq": through_xq,
            "duckdb": through_arrow,
            "duckdb to numpy": through_numpy,
            "xq cold": through_xq_cold,
        }
    )
    for name, seconds in times.items():
        print(f"{name:16} {seconds * 1000:7.1f} ms")
    ratio = times["xq"] / times["duckdb"]
    print(f"ratio xq / duckdb {ratio:.2f} (limit {LIMIT})")
    return 0 if ratio <= LIMIT else 1


def report_aggregate(root: Path) -> int:
    """Daily bars of the year in SQL: the views of xq, its proofs included, and plain DuckDB."""
    day = "date_trunc('day', ts)"
    asked = f"SELECT {day} AS day, min(low), max(high), sum(volume) FROM {{}} GROUP BY 1"
    glob = f"{root}/ohlcv/exchange=binance/**/part.parquet"

    def through_xq() -> int:
        return int(query(root, asked.format("ohlcv")).num_rows)

    def through_duckdb() -> int:
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            relation = connection.sql(asked.format(f"read_parquet('{glob}')"))
            return int(relation.to_arrow_table().num_rows)

    times = paired({"xq sql": through_xq, "duckdb sql": through_duckdb})
    for name, seconds in times.items():
        print(f"{name:16} {seconds * 1000:7.1f} ms")
    ratio = times["xq sql"] / times["duckdb sql"]
    print(f"ratio xq / duckdb {ratio:.2f} (limit {LIMIT})")
    return 0 if ratio <= LIMIT else 1


def paired(runs: dict[str, Callable[[], int]]) -> dict[str, float]:
    """Best seconds of each, taken in turns so that both meet the same machine."""
    best = dict.fromkeys(runs, float("inf"))
    rows = {name: run() for name, run in runs.items()}
    if len(set(rows.values())) != 1:
        raise SystemExit(f"the runs disagree: {rows}")
    for _ in range(ROUNDS):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            best[name] = min(best[name], time.perf_counter() - start)
    return best


if __name__ == "__main__":
    sys.exit(main())
