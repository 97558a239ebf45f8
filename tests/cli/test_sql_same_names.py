"""``xq sql`` with several columns of one name: none is lost, whatever the output."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

Run = Callable[..., Any]
TWICE = "select close, open as close, high as close_1, low as close from ohlcv order by ts"
NAMES = ["close", "close_2", "close_1", "close_3"]
ROWS = [[11.0, 10.0, 12.0, 9.0], [12.5, 11.0, 13.0, 8.0]]


@pytest.fixture(autouse=True)
def _bars(xq: Run, tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    path.write_text(
        "ts,open,high,low,close,volume\n2024-01-01,10,12,9,11,1\n2024-01-01T01:00Z,11,13,8,12.5,2\n"
    )
    xq("data", "import", path).check(0)


def test_lines_and_arrays_of_json(xq: Run) -> None:
    wanted = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
    assert xq("sql", TWICE, "--output", "jsonl").rows == wanted
    assert json.loads(xq("sql", TWICE, "--output", "json").stdout) == wanted


def test_csv_and_table(xq: Run) -> None:
    lines = xq("sql", TWICE, "--output", "csv").stdout.splitlines()
    assert lines == [",".join(NAMES), "11.0,10.0,12.0,9.0", "12.5,11.0,13.0,8.0"]
    lines = xq("sql", TWICE, "--output", "table").stdout.splitlines()
    cells = [line.split() for line in lines if line.strip(" ─")]
    assert cells == [NAMES, ["11.0", "10", "12", "9"], ["12.5", "11", "13", "8"]]


@pytest.mark.parametrize("ending", ["arrow", "parquet"])
def test_files(xq: Run, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"answer.{ending}"
    xq("sql", TWICE, "--to", path).check(0)
    if ending == "parquet":
        table = pq.ParquetFile(path).read()
    else:
        table = pa.ipc.open_stream(io.BytesIO(path.read_bytes())).read_all()
    assert table.column_names == NAMES
    assert [list(row.values()) for row in table.to_pylist()] == ROWS


def test_a_join_of_everything_with_itself(xq: Run) -> None:
    rows = xq("sql", "select * from ohlcv a join ohlcv b on a.ts < b.ts").rows
    assert len(rows) == 1
    assert len(rows[0]) % 2 == 0
    half = len(rows[0]) // 2
    first, second = list(rows[0])[:half], list(rows[0])[half:]
    assert second == [f"{name}_1" for name in first]
    assert (rows[0]["close"], rows[0]["close_1"]) == (11.0, 12.5)
