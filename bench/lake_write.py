"""One year of 1m bars through `LakeWriter` beside pyarrow writing the same sorted table.

Both use zstd, the same encodings and fsync; the runs alternate and the best of each counts. xq
also checks every row, hashes every file and writes manifests and ledger. Needs the recorded
market data (`XQ_TEST_DATA`).
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from xq.lake.layout import Dataset
from xq.lake.ranges import Range
from xq.lake.writer import LakeWriter

ROUNDS = 9
LIMIT = 1.5
YEAR = (1_672_531_200_000, 1_704_067_200_000)  # 2023
DATASET = Dataset("ohlcv", "binance", "BTC/USDT", "1m")
_ASIDE = Path(__file__).resolve().parents[2] / "shared" / "data"


def year_of_minutes() -> pa.Table:
    """Recorded bars of 2023."""
    source = Path(os.environ.get("XQ_TEST_DATA", _ASIDE))
    table = pq.read_table(source / "ohlcv" / "binance_spot_BTCUSDT_1m.parquet")
    ts = table["ts"].cast(pa.int64()).to_numpy()
    return table.filter(pa.array((ts >= YEAR[0]) & (ts < YEAR[1]))).combine_chunks()


def through_pyarrow(table: pa.Table, folder: Path) -> None:
    """One file, as fast as pyarrow writes it, durable."""
    with (folder / "bars.parquet").open("wb") as file:
        pq.write_table(
            table, file, compression="zstd", row_group_size=131_072, use_dictionary=False,
            column_encoding={"ts": "DELTA_BINARY_PACKED"}, write_page_checksum=True,
        )  # fmt: skip
        file.flush()
        os.fsync(file.fileno())


def through_xq(table: pa.Table, folder: Path) -> None:
    """Twelve files, their manifest and the ledger."""
    LakeWriter(folder).upsert(DATASET, table, covered=Range(*YEAR))


def main() -> int:
    table = year_of_minutes()
    best = {"pyarrow": float("inf"), "xq": float("inf")}
    for _ in range(ROUNDS):
        for name, run in (("pyarrow", through_pyarrow), ("xq", through_xq)):
            with tempfile.TemporaryDirectory() as folder:
                start = time.perf_counter()
                run(table, Path(folder))
                best[name] = min(best[name], time.perf_counter() - start)
    for name, seconds in best.items():
        print(f"{name:8} {seconds * 1000:7.1f} ms {table.num_rows / seconds / 1e6:6.2f} M rows/s")
    ratio = best["xq"] / best["pyarrow"]
    print(f"ratio xq / pyarrow {ratio:.2f} (limit {LIMIT})")
    return 0 if ratio <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
