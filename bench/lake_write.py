"""One year of 1m bars through `LakeWriter` beside pyarrow writing the same sorted table.

    python bench/lake_write.py [--days 365] [--rounds 15]

All use zstd, the same encodings and fsync. The peer that is judged against writes one file; another
writes xq's own twelve files, each durable with its folder. xq also checks every row, hashes every
file and writes manifest and ledger; its lake is there already, the symbol is new in it. Needs the
recorded market data (`XQ_TEST_DATA`).
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from common.paired import counted_syncs, interleaved, judged, load

from xq.lake import arrays, layout
from xq.lake.disk import sync_folder
from xq.lake.layout import Dataset
from xq.lake.ranges import Range
from xq.lake.writer import LakeWriter

LIMIT = 1.5
DAY = 86_400_000
YEAR = (1_672_531_200_000, 1_704_067_200_000)  # 2023
DATASET = Dataset("ohlcv", "binance", "BTC/USDT", "1m")
OTHER = Dataset("ohlcv", "binance", "ETH/USDT", "1h")
_ASIDE = Path(__file__).resolve().parents[2] / "shared" / "data"


def year_of_minutes(days: int = 365) -> pa.Table:
    """Recorded bars of 2023, or of its first days."""
    source = Path(os.environ.get("XQ_TEST_DATA", _ASIDE))
    table = pq.read_table(source / "ohlcv" / "binance_spot_BTCUSDT_1m.parquet")
    ts = table["ts"].cast(pa.int64()).to_numpy()
    end = min(YEAR[1], YEAR[0] + days * DAY)
    return table.filter(pa.array((ts >= YEAR[0]) & (ts < end))).combine_chunks()


def _write(table: pa.Table, path: Path) -> None:
    with path.open("wb") as file:
        pq.write_table(
            table, file, compression="zstd", row_group_size=131_072, use_dictionary=False,
            column_encoding={"ts": "DELTA_BINARY_PACKED"}, write_page_checksum=True,
        )  # fmt: skip
        file.flush()
        os.fsync(file.fileno())


def through_pyarrow(table: pa.Table, folder: Path) -> int:
    """One file, as fast as pyarrow writes it, durable."""
    _write(table, folder / "bars.parquet")
    return table.num_rows


def through_pyarrow_in_months(table: pa.Table, folder: Path) -> int:
    """The files that xq writes, one after the other, each durable under its name."""
    for period, start, stop in layout.split(DATASET, arrays.times(table["ts"])):
        place = folder / f"period={period}"
        place.mkdir()
        _write(table.slice(start, stop - start), place / "part.parquet")
        sync_folder(place)
    sync_folder(folder)
    return table.num_rows


def through_xq(table: pa.Table, folder: Path, until_ms: int = YEAR[1]) -> int:
    """A file per month, their manifest and the ledger."""
    done = LakeWriter(folder).upsert(DATASET, table, covered=Range(YEAR[0], until_ms))
    return done.added


def folders(root: Path, count: int, lakes: bool) -> Iterator[Path]:
    """Empty folders, or lakes with one other symbol, made in advance."""
    made = [Path(tempfile.mkdtemp(dir=root)) for _ in range(count)]
    for folder in made if lakes else ():
        LakeWriter(folder).upsert(OTHER, year_of_minutes(1).slice(0, 1))
    return iter(made)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--rounds", type=int, default=15)
    chosen = parser.parse_args()
    table = year_of_minutes(chosen.days)
    until_ms = min(YEAR[1], YEAR[0] + chosen.days * DAY)
    with tempfile.TemporaryDirectory() as name:
        sides = {
            "pyarrow, one file": through_pyarrow,
            "pyarrow, a file a month": through_pyarrow_in_months,
            "xq": lambda rows, folder: through_xq(rows, folder, until_ms),
        }
        fresh = {side: folders(Path(name), chosen.rounds + 2, side == "xq") for side in sides}

        def once(side: str) -> int:
            return sides[side](table, next(fresh[side]))

        runs = {side: lambda side=side: once(side) for side in sides}
        syncs = {}
        for side, run in runs.items():
            with counted_syncs() as count:
                run()
            syncs[side] = count[0]
        print(f"{table.num_rows} rows, {load()}")
        times = interleaved(runs, chosen.rounds)
    for side, found in times.items():
        speed = table.num_rows / min(found.wall) / 1e6
        print(f"{side:24} {found}  {speed:5.2f} M rows/s  {syncs[side]} fsyncs")
    floor, months, ours = times.values()
    judged("xq / pyarrow writing the same files", ours, months)
    return 0 if judged("xq / pyarrow", ours, floor, LIMIT) else 1


if __name__ == "__main__":
    sys.exit(main())
