"""Files of others: every way to write a time, and rows refused by the number a person counts."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xq.errors import CorruptFile, DataError, NoData, PoisonRows, StorageFailed
from xq.lake.formats.name import Named
from xq.lake.importer import Imported, read_file
from xq.timeframe import Timeframe

Rows = Callable[..., pa.Table]
H1 = Timeframe.parse("1h")
NOW = 1_800_000_000_000
START, HOUR = 1_704_067_200_000, 3_600_000


def read_bars(path: Path, timeframe: Timeframe, *, now_ms: int) -> Imported:
    """A file of plain bars."""
    return read_file(path, Named(), timeframe, now_ms=now_ms)


def _csv(path: Path, times: list[object], *, cells: str = "10,11,9,10.5,1") -> Path:
    lines = [f"{time},{cells}" for time in times]
    path.write_text("\n".join(["ts,open,high,low,close,volume", *lines]) + "\n")
    return path


@pytest.mark.parametrize(
    "times",
    [
        [START, START + HOUR],
        [START // 1000, START // 1000 + 3600],
        [START * 1000, (START + HOUR) * 1000],
        [START * 10**6, (START + HOUR) * 10**6],
        [f"{START // 1000}.0", f"{START // 1000 + 3600}.0"],
        ["2024-01-01T00:00:00Z", "2024-01-01T01:00:00Z"],
        ["2024-01-01 00:00:00", "2024-01-01 01:00:00"],
        ["2024-01-01T01:00:00+01:00", "2024-01-01T03:00:00+02:00"],
        ["2024-01-01", "2024-01-01T01:00"],
        ["2024-01-01T00:00:00.000", "20240101T010000Z"],
        ['"2024-01-01 00:00:00+00:00"', '"2024-01-01 01:00:00+00:00"'],
    ],
)
def test_a_csv_may_write_its_times_in_many_ways(tmp_path: Path, times: list[object]) -> None:
    found = read_bars(_csv(tmp_path / "a.csv", times), H1, now_ms=NOW)
    assert found.rows["ts"].cast(pa.int64()).to_pylist() == [START, START + HOUR]
    assert found.rows["close"].to_pylist() == [10.5, 10.5]
    assert found.ignored == ()


@pytest.mark.parametrize(
    "kind",
    [pa.timestamp("s"), pa.timestamp("ms", "UTC"), pa.timestamp("us"), pa.timestamp("ns", "UTC"),
     pa.timestamp("us", "America/New_York"), pa.int64(), pa.float64(), pa.string(),
     pa.large_string(), pa.dictionary(pa.int32(), pa.string())],
    ids=str,
)  # fmt: skip
def test_parquet_times_of_any_type(tmp_path: Path, rows: Rows, kind: pa.DataType) -> None:
    table = rows([0, 1])
    naive = table["ts"].cast(pa.timestamp("ms"))
    if pa.types.is_timestamp(kind):
        times = (table["ts"] if kind.tz else naive).cast(kind)
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind):
        times = table["ts"].cast(pa.int64()).cast(kind)
    else:
        texts = naive.cast(pa.string())
        times = (
            texts.combine_chunks().dictionary_encode() if "dict" in str(kind) else texts.cast(kind)
        )
    path = tmp_path / "bars.parquet"
    pq.write_table(table.set_column(0, "ts", times), path)
    assert read_bars(path, H1, now_ms=NOW).rows.equals(table)


def test_dates_are_midnights(tmp_path: Path, rows: Rows) -> None:
    table = rows([0, 1], step=24 * HOUR)
    path = tmp_path / "daily.parquet"
    pq.write_table(
        table.set_column(0, "ts", table["ts"].cast(pa.timestamp("ms")).cast(pa.date32())), path
    )
    assert read_bars(path, Timeframe.parse("1d"), now_ms=NOW).rows.equals(table)


def test_further_columns_are_named_not_taken(tmp_path: Path, rows: Rows) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(rows([0]).append_column("vwap", pa.array([1.0])), path)
    found = read_bars(path, H1, now_ms=NOW)
    assert (found.ignored, found.rows.num_columns) == (("vwap",), 6)


def test_any_order_is_fine_but_not_twice(tmp_path: Path) -> None:
    assert read_bars(_csv(tmp_path / "a.csv", [START + HOUR, START]), H1, now_ms=NOW)
    with pytest.raises(PoisonRows, match=r"row 3: .*\(duplicate\)"):
        read_bars(_csv(tmp_path / "a.csv", [START, START + HOUR, START]), H1, now_ms=NOW)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (f"{START + HOUR},10,9,11,10,1", "row 2: high 9.0 is below low 11.0 (high_below_low)"),
        (f"{START + HOUR},10,11,9,10,-1", "row 2: volume is -1.0 (volume_negative)"),
        (f"{START + HOUR},10,11,9,nan,1", "row 2: close is nan (not_finite)"),
        (f"{START + HOUR},10,11,9,,1", "row 2: close is missing (missing_value)"),
        (f"{START + HOUR},10,11,9,ten,1", "row 2: close is no number: 'ten' (unreadable)"),
        ("yesterday,10,11,9,10,1", "row 2: ts is no time: 'yesterday' (unreadable)"),
        (",10,11,9,10,1", "row 2: ts is missing (missing_value)"),
        (f"{START + 5},10,11,9,10,1", "row 2: 2024-01-01T00:00:00.005Z is no 1h edge (off_grid)"),
        (f"{NOW},10,11,9,10,1", "row 2: 2027-01-15T08:00:00Z is not over"),
        (f"{START + HOUR},10,11,9", "row 2: 4 cells, expected 6 (ragged)"),
        ("2024-01-01T01:00:00.000001Z,10,11,9,10,1", "row 2: ts is no time"),
        (f"{(START + HOUR) * 1000 + 1},10,11,9,10,1", "is finer than a millisecond (off_grid)"),
    ],
)
def test_a_bad_line_is_refused_by_its_number(tmp_path: Path, line: str, message: str) -> None:
    path = _csv(tmp_path / "a.csv", [START])
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(PoisonRows) as caught:
        read_bars(path, H1, now_ms=NOW)
    assert message in caught.value.message
    assert caught.value.message.startswith("1 row cannot be true; nothing was stored")
    assert caught.value.where == str(path)


def test_missing_columns_are_named_with_the_closest(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("stamp,open,high,low,Closed,volume\n1,1,1,1,1,1\n")
    with pytest.raises(DataError, match="columns ts, close are missing, found stamp, open"):
        read_bars(path, H1, now_ms=NOW)
    path.write_text("ts,open,high,low,Closed,volume\n1,1,1,1,1,1\n")
    with pytest.raises(DataError) as caught:
        read_bars(path, H1, now_ms=NOW)
    assert caught.value.hint == "rename the column Closed to close"


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match="no such file"):
        read_bars(tmp_path / "absent.csv", H1, now_ms=NOW)
    for name, data in {"empty.csv": "", "head.csv": "ts,open,high,low,close,volume\n"}.items():
        (tmp_path / name).write_text(data)
        with pytest.raises(NoData, match="no rows"):
            read_bars(tmp_path / name, H1, now_ms=NOW)
    (tmp_path / "a.parquet").write_text("ts,open\n")
    with pytest.raises(CorruptFile, match="not a Parquet file"):
        read_bars(tmp_path / "a.parquet", H1, now_ms=NOW)
    (tmp_path / "b.parquet").write_bytes(b"PAR1" + bytes(200) + b"PAR1")
    with pytest.raises(CorruptFile, match="not a readable Parquet"):
        read_bars(tmp_path / "b.parquet", H1, now_ms=NOW)
    (tmp_path / "c.csv").write_bytes(bytes(range(256)) * 4)
    with pytest.raises(DataError):
        read_bars(tmp_path / "c.csv", H1, now_ms=NOW)


def test_the_known_bad_recording_is_refused_row_by_row(market_data: Path) -> None:
    path = market_data / "dirty" / "gapless_BTCUSDT_1h_slices.parquet"
    ts = pq.read_table(path)["ts"].cast(pa.int64()).to_numpy()
    off = np.flatnonzero(ts % HOUR) + 1
    with pytest.raises(PoisonRows, match="43 rows cannot be true") as caught:
        read_bars(path, H1, now_ms=NOW)
    assert f"row {off[0]}: 2018-02-09T09:28:14Z is no 1h edge (off_grid)" in caught.value.message


def test_recorded_files_are_taken_whole(market_data: Path, tmp_path: Path) -> None:
    from pyarrow import csv

    path = market_data / "ohlcv" / "binance_spot_ETHUSDT_1h.parquet"
    source = pq.read_table(path)
    taken = read_bars(path, H1, now_ms=NOW).rows
    assert taken.num_rows == 17_519
    csv.write_csv(source, tmp_path / "eth.csv")
    assert read_bars(tmp_path / "eth.csv", H1, now_ms=NOW).rows.equals(taken)
