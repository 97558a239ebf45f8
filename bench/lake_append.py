"""One hour of 1m bars appended minute by minute: onto eleven years of history, and onto none.

Each append is what collecting does: ask what is covered, commit one bar with its coverage. Both
lakes are appended to in turns, at the same place of a month, so that only the history differs.
Needs the recorded market data (`XQ_TEST_DATA`).
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa
from lake_write import DATASET, YEAR, through_xq, year_of_minutes

from xq.lake.coverage import Coverage
from xq.lake.ranges import Range
from xq.lake.writer import LakeWriter

LIMIT = 1.25
MINUTE, DAY = 60_000, 86_400_000
YEARS_BEFORE = 10


def main() -> int:
    year = year_of_minutes()
    with tempfile.TemporaryDirectory() as folder:
        short, long = Path(folder) / "short", Path(folder) / "long"
        ts = year["ts"].cast(pa.int64())
        december = year.slice(year.num_rows - 31 * 1440)
        LakeWriter(short).upsert(DATASET, december, covered=Range(YEAR[1] - 31 * DAY, YEAR[1]))
        for back in range(YEARS_BEFORE, 0, -1):
            earlier = pa.array(ts.to_numpy() - back * 366 * DAY).cast(year.schema.field("ts").type)
            table = year.set_column(0, year.schema.field("ts"), earlier)
            LakeWriter(long).upsert(DATASET, table)
        through_xq(year, long)
        return report(short, long, december)


def report(short: Path, long: Path, month: pa.Table) -> int:
    """Sixty appends to each, in turns, right after the last bar."""
    seconds: dict[Path, list[float]] = {short: [], long: []}
    for minute in range(60):
        open_ms = YEAR[1] + minute * MINUTE
        row = month.slice(minute, 1)
        ts = pa.array([open_ms]).cast(row.schema.field("ts").type)
        row = row.set_column(0, row.schema.field("ts"), ts)
        for root in (short, long):
            start = time.perf_counter()
            Coverage(root).covered(DATASET)
            piece = Range(open_ms, open_ms + MINUTE)
            done = LakeWriter(root).upsert(DATASET, row, covered=piece)
            seconds[root].append(time.perf_counter() - start)
            if done.added != 1:
                raise SystemExit("the bar was there already")
    few, many = (statistics.median(seconds[root]) for root in (short, long))
    first, last = (statistics.median(part) for part in (seconds[long][:20], seconds[long][-20:]))
    print(f"append onto one month     {few * 1000:6.2f} ms")
    print(f"append onto eleven years  {many * 1000:6.2f} ms")
    print(f"first 20, last 20 of them {first * 1000:6.2f} ms {last * 1000:6.2f} ms")
    print(f"ratio long / short history {many / few:.2f} (limit {LIMIT})")
    return 0 if many / few <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
