"""What a file says of itself: the same times whatever unit its writer chose."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xq.lake.columns import footer

MS = [1_700_000_000_000, 1_700_000_060_000, 1_700_000_120_000]

ALONE = """
import sys
from pathlib import Path
from xq.lake.arrays import no_rows
from xq.lake.columns import footer
from xq.lake.schema import KINDS
footer(Path(sys.argv[1]))
no_rows(KINDS["instruments"].schema)
print("pandas" in sys.modules)
"""


def written(path: Path, unit: str) -> Path:
    ts = pa.array(MS, pa.timestamp("ms", "UTC")).cast(pa.timestamp(unit, "UTC"))
    pq.write_table(pa.table({"close": [1.0, 2.0, 3.0], "ts": ts}), path, row_group_size=2)
    return path


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_are_epoch_ms_in_every_unit(tmp_path: Path, unit: str) -> None:
    said = footer(written(tmp_path / f"{unit}.parquet", unit))
    assert (said.rows, said.first_ms, said.last_ms) == (3, MS[0], MS[-1])


def test_reading_it_does_not_bring_pandas_in(tmp_path: Path) -> None:
    path = written(tmp_path / "bars.parquet", "ms")
    alone = [sys.executable, "-c", ALONE, str(path)]
    said = subprocess.run(alone, capture_output=True, text=True, timeout=120, check=True)
    assert said.stdout == "False\n"
