"""Files that are readable and still not what was committed: `check`, `gaps` and the manifest."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xq.lake import inspect, layout, manifest
from xq.lake.audit import Finding, check
from xq.lake.gaps import gaps
from xq.lake.layout import Dataset
from xq.lake.ranges import Range
from xq.lake.reader import Lake
from xq.lake.writer import LakeWriter

Rows = Callable[..., pa.Table]
START, HOUR = 1_704_067_200_000, 3_600_000


@pytest.fixture
def lake(tmp_path: Path, rows: Rows, hourly: Dataset) -> Lake:
    LakeWriter(tmp_path).upsert(hourly, rows(range(5)), covered=Range(START, START + 5 * HOUR))
    return Lake(tmp_path)


def leaf(lake: Lake, hourly: Dataset) -> Path:
    return layout.leaf_path(lake.root, hourly, "2024")


def found(lake: Lake) -> list[tuple[str, str | None]]:
    return [(item.rule, item.hint) for item in check(lake)]


REPAIR = "xq data repair --symbol BTC/USDT --timeframe 1h --exchange binance"


def test_a_plausible_change_of_bytes_is_one_finding(lake: Lake, hourly: Dataset) -> None:
    path = leaf(lake, hourly)
    table = pq.ParquetFile(path).read()
    volume = pa.array([value + 1 for value in table["volume"].to_pylist()])
    place = table.column_names.index("volume")
    pq.write_table(table.set_column(place, table.schema.field("volume"), volume), path)
    assert found(lake) == [("changed_file", REPAIR)]
    [gap] = gaps(lake, hourly)
    assert (gap.whose, gap.missing, gap.hint) == ("damaged", 5, REPAIR)


def test_rows_of_a_changed_file_are_still_judged(lake: Lake, hourly: Dataset) -> None:
    path = leaf(lake, hourly)
    table = pq.ParquetFile(path).read()
    place = table.column_names.index("volume")
    spoiled = pa.array([-1.0, *table["volume"].to_pylist()[1:]])
    pq.write_table(table.set_column(place, table.schema.field("volume"), spoiled), path)
    findings: list[Finding] = list(check(lake))
    assert [item.rule for item in findings] == ["changed_file", "volume_negative"]
    assert findings[1].row == 1


def test_a_file_that_is_gone_is_found_once(lake: Lake, hourly: Dataset) -> None:
    leaf(lake, hourly).unlink()
    assert found(lake) == [("missing_file", REPAIR)]
    shutil.rmtree(lake.root / "ohlcv")  # nothing of the dataset is left but its records
    assert found(lake) == [("missing_file", REPAIR)]


def test_the_version_before_is_told_apart(lake: Lake, hourly: Dataset, rows: Rows) -> None:
    path = leaf(lake, hourly)
    before = path.read_bytes()
    LakeWriter(lake.root).upsert(hourly, rows(range(5, 7)))
    Lake(lake.root).table(hourly)  # the newer version was seen in place
    path.write_bytes(before)
    assert found(lake)[0] == ("older_file", REPAIR)
    [old] = inspect.files(lake.root, hourly)
    assert (old.wrong, old.rows is not None) == ("older_file", True)


def test_a_damaged_manifest_is_told_and_files_are_read_as_they_are(
    lake: Lake, hourly: Dataset
) -> None:
    path = manifest.path_of(lake.root, hourly, "2024")
    path.write_bytes(path.read_bytes().replace(b"files", b"filez"))
    [fault] = check(lake)
    assert (fault.rule, fault.path) == ("corrupt_file", str(path))
    assert fault.hint is not None
    assert fault.hint.startswith("xq data verify --accept")


def test_a_file_without_a_checksum_is_no_fault(lake: Lake, hourly: Dataset) -> None:
    manifest.forget(lake.root, hourly)
    assert found(lake) == []
