"""One hour of 1m bars appended minute by minute: onto eleven years of history, and onto one month.

    python bench/lake_append.py [--years 10] [--appends 60]

An append is what a loop that collects the last day does: ask what of that day is covered, commit
one bar with its coverage. Apart is told what `xq collect --since …` over all of it asks first.
Both lakes are appended to in turns, at the same place of a month, so that only the history differs.
The floor is the same month's file written and renamed by pyarrow alone, durable, no checksums, no
ledger. Needs the recorded market data (`XQ_TEST_DATA`).
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from common.paired import Times, counted_syncs, judged, load, timed
from lake_write import DATASET, DAY, YEAR, year_of_minutes

from xq.lake.coverage import Coverage
from xq.lake.disk import sync_folder
from xq.lake.ranges import Range
from xq.lake.writer import LakeWriter

LIMIT = 1.25
MINUTE = 60_000
SHORT, LONG, ASKED, FLOOR = "one month", "long history", "asked for all of it", "pyarrow alone"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--appends", type=int, default=60)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        year = year_of_minutes()
        short, long = Path(folder) / "short", Path(folder) / "long"
        ts = year["ts"].cast(pa.int64())
        month = year.slice(year.num_rows - 31 * 1440)
        LakeWriter(short).upsert(DATASET, month, covered=Range(YEAR[1] - 31 * DAY, YEAR[1]))
        for back in range(chosen.years, 0, -1):
            earlier = pa.array(ts.to_numpy() - back * 366 * DAY).cast(year["ts"].type)
            start = YEAR[0] - back * 366 * DAY
            LakeWriter(long).upsert(
                DATASET, year.set_column(0, year.schema.field("ts"), earlier),
                covered=Range(start, start + 365 * DAY),
            )  # fmt: skip
        LakeWriter(long).upsert(DATASET, year, covered=Range(*YEAR))
        return report(short, long, month, chosen.appends)


def report(short: Path, long: Path, month: pa.Table, appends: int) -> int:
    """Appends to each, in turns, right after the last bar."""
    times = {name: Times() for name in (SHORT, LONG, ASKED, FLOOR)}
    syncs = 0
    print(f"{appends} appends, {load()}")
    for minute in range(appends):
        row = _bar(month, minute)
        pairs = [(SHORT, short), (LONG, long)]
        for name, root in pairs if minute % 2 else reversed(pairs):
            with timed(times[name]), counted_syncs() as count:
                append(root, row, YEAR[1] + minute * MINUTE)
            syncs = count[0]
        with timed(times[ASKED]):
            Coverage(long).covered(DATASET)
        with timed(times[FLOOR]):
            bare(short.parent / "bare.parquet", month.slice(0, minute + 1))
    for name, found in times.items():
        print(f"{name:20} {found}" + (f"  {syncs} fsyncs" if name in (SHORT, LONG) else ""))
    judged("one month / pyarrow alone", times[SHORT], times[FLOOR])
    half = appends // 2
    late, early = (Times(times[LONG].wall[part], times[LONG].cpu[part])
                   for part in (slice(half, 2 * half), slice(0, half)))  # fmt: skip
    judged("later half / earlier half, long history", late, early)
    return 0 if judged("long history / one month", times[LONG], times[SHORT], LIMIT) else 1


def append(root: Path, row: pa.Table, open_ms: int) -> None:
    """Ask for the last day, commit one bar."""
    piece = Range(open_ms, open_ms + MINUTE)
    Coverage(root).covered(DATASET, Range(open_ms - DAY, piece.end_ms))
    if LakeWriter(root).upsert(DATASET, row, covered=piece).added != 1:
        raise SystemExit("the bar was there already")


def bare(path: Path, table: pa.Table) -> None:
    """The whole new file of the month, durable under its name."""
    staged = path.with_suffix(".part")
    with staged.open("wb") as file:
        pq.write_table(table, file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
    staged.replace(path)
    sync_folder(path.parent)


def _bar(month: pa.Table, minute: int) -> pa.Table:
    row = month.slice(minute, 1)
    ts = pa.array([YEAR[1] + minute * MINUTE]).cast(row["ts"].type)
    return row.set_column(0, row.schema.field("ts"), ts)


if __name__ == "__main__":
    sys.exit(main())
