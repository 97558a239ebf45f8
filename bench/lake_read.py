"""One year of 1m bars read and aggregated beside DuckDB's own read_parquet, on the same files.

    python bench/lake_read.py [--days 365] [--rounds 25]

Reading ends with ts and five float64 columns in memory, aggregating with one row per day; runs
alternate. Reading cold is reading files that no verdict covers yet, so that each is hashed. Needs
the recorded market data (`XQ_TEST_DATA`).
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from common.paired import interleaved, judged, load
from lake_write import DATASET, DAY, YEAR, year_of_minutes

from xq.lake.reader import Lake
from xq.lake.sql import query
from xq.lake.writer import LakeWriter
from xq.timeframe import Timeframe

LIMIT = 1.2
SETTLE_SECONDS = 2.1  # verdicts given sooner after a write do not count


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--rounds", type=int, default=25)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        LakeWriter(root).upsert(DATASET, year_of_minutes(chosen.days))
        time.sleep(SETTLE_SECONDS)
        print(f"{chosen.days} days, {load()}")
        end_ms = YEAR[0] + chosen.days * DAY
        read = report(root, end_ms, chosen.rounds)
        return 0 if report_aggregate(root, chosen.rounds) and read else 1


def report(root: Path, end_ms: int, rounds: int) -> bool:
    """Whole columns in memory."""
    lake, connection = Lake(root), duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    glob = f"{root}/ohlcv/exchange=binance/**/period=2023-*/part.parquet"
    relation = f"SELECT ts, open, high, low, close, volume FROM read_parquet('{glob}')"

    def through_xq() -> int:
        minute = Timeframe.parse("1m")
        return len(lake.bars("binance", ["BTC/USDT"], minute, YEAR[0], end_ms, gaps="drop"))

    def through_arrow() -> int:
        return int(connection.sql(relation).to_arrow_table().num_rows)

    def through_numpy() -> int:
        arrow: pa.Table = connection.sql(relation).to_arrow_table()
        return min(len(np.asarray(column)) for column in arrow.columns)

    def through_xq_cold() -> int:
        shutil.rmtree(root / ".xq" / "verified", ignore_errors=True)
        return through_xq()

    times = interleaved(
        {
            "xq": through_xq,
            "duckdb": through_arrow,
            "duckdb to numpy": through_numpy,
            "xq cold": through_xq_cold,
        },
        rounds,
    )
    for name, found in times.items():
        print(f"{name:16} {found}")
    judged("cold xq / duckdb", times["xq cold"], times["duckdb"])
    return judged("read, xq / duckdb", times["xq"], times["duckdb"], LIMIT)


def report_aggregate(root: Path, rounds: int) -> bool:
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

    times = interleaved({"xq sql": through_xq, "duckdb sql": through_duckdb}, rounds)
    for name, found in times.items():
        print(f"{name:16} {found}")
    return judged("aggregate, xq / duckdb", times["xq sql"], times["duckdb sql"], LIMIT)


if __name__ == "__main__":
    sys.exit(main())
