"""Months in a bucket: their keys are told from those of minutes, and found by every reader."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
from support.object_store import BUCKET, ObjectStore

from xq.lake.layout import Dataset
from xq.lake.objects.opening import open_lake
from xq.lake.reader import Lake
from xq.lake.sql import query
from xq.lake.writer import LakeWriter
from xq.timeframe import Timeframe

Rows = Callable[..., pa.Table]
MONTH, DAY = Timeframe.parse("1M"), Timeframe.parse("1d")
START = MONTH.open_of(648)  # January 2024


def test_months_are_written_made_and_read_by_another_machine(
    s3: ObjectStore, tmp_path: Path, rows: Rows
) -> None:
    url = f"s3://{BUCKET}/{tmp_path.parent.name}/{tmp_path.name}"
    one, two = (open_lake(url, tmp_path / name, s3.environ) for name in ("one", "two"))
    days = rows(range(31 + 29 + 3), step=86_400_000)
    opens = pa.array(MONTH.open_of(np.array([648, 649]))).cast(days["ts"].type)
    own = rows(range(2)).set_column(0, days.schema.field("ts"), opens)
    LakeWriter(one).upsert(Dataset("ohlcv", "x", "A/B", "1d"), days)
    LakeWriter(one).upsert(Dataset("ohlcv", "x", "C/D", "1M"), own)
    LakeWriter(one).upsert(Dataset("ohlcv", "x", "C/D", "1m"), rows(range(3), step=60_000))
    lake = Lake(two)
    assert lake.derived_from("x", "A/B", MONTH) == DAY
    assert lake.bars("x", ["A/B"], MONTH).ts.tolist() == [START, MONTH.end(START)]
    assert lake.table(Dataset("ohlcv", "x", "C/D", "1M")).equals(own)
    counted = "select timeframe, count(*) n from ohlcv where symbol = 'C/D' group by 1 order by 2"
    assert query(two, counted).to_pylist() == [
        {"timeframe": "1M", "n": 2}, {"timeframe": "1m", "n": 3},
    ]  # fmt: skip
    frame = lake.scan("ohlcv", symbol="C/D", timeframe="1M").collect()
    assert frame["timeframe"].to_list() == ["1M", "1M"]
