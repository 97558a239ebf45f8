"""The lake without xq: DuckDB, Polars and pandas read it by its folders."""

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from xq.errors import UsageError
from xq.lake.layout import Dataset
from xq.lake.reader import Lake
from xq.lake.sql import connect
from xq.lake.writer import LakeWriter

Rows = Callable[..., pa.Table]
PERP = "BTC/USDT:USDT"


@pytest.fixture
def root(tmp_path: Path, rows: Rows) -> Path:
    """Monthly, yearly and single leaves side by side, a symbol with a colon among them."""
    writer = LakeWriter(tmp_path)
    for symbol in ("BTC/USDT", PERP):
        for timeframe, step in {"1m": 60_000, "1h": 3_600_000, "1d": 86_400_000}.items():
            hours = range(-2, 3)
            writer.upsert(Dataset("ohlcv", "binance", symbol, timeframe), rows(hours, step=step))
    (tmp_path / "README.md").write_text("notes beside the kinds disturb nobody")
    return tmp_path


def test_duckdb(root: Path) -> None:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    query = f"""
        SELECT symbol, timeframe, count(*), min(ts)::VARCHAR FROM read_parquet(
            '{root}/ohlcv/**/*.parquet', hive_partitioning = true)
        WHERE exchange = 'binance' AND symbol = '{PERP}' GROUP BY ALL ORDER BY ALL"""
    assert connection.execute(query).fetchall() == [
        (PERP, "1d", 5, "2023-12-30 00:00:00+00"),
        (PERP, "1h", 5, "2023-12-31 22:00:00+00"),
        (PERP, "1m", 5, "2023-12-31 23:58:00+00"),
    ]
    connection.close()


def test_polars(root: Path) -> None:
    for source in (root / "ohlcv", root / "ohlcv" / "**" / "*.parquet"):
        frame = pl.scan_parquet(source, hive_partitioning=True)
        found = frame.filter(pl.col("symbol") == PERP, pl.col("timeframe") == "1h").collect()
        assert found.height == 5
        assert found.schema["ts"] == pl.Datetime("ms", "UTC")


def test_pandas_and_arrow_datasets(root: Path) -> None:
    wanted = [("symbol", "==", PERP), ("timeframe", "==", "1h")]
    frame = pd.read_parquet(root / "ohlcv", filters=wanted)
    assert len(frame) == 5
    assert str(frame["ts"].dtype) == "datetime64[ms, UTC]"
    table = ds.dataset(root / "ohlcv", partitioning="hive").to_table(
        filter=ds.field("symbol") == "BTC/USDT"
    )
    assert (table.num_rows, set(table["exchange"].to_pylist())) == (15, {"binance"})


def test_one_dataset_of_years_alone(root: Path) -> None:
    """A folder whose periods all look like numbers is read as well."""
    folder = root / Dataset("ohlcv", "binance", "BTC/USDT", "1h").path
    assert pl.read_parquet(folder).height == 5
    assert len(pd.read_parquet(folder)) == 5
    assert duckdb.execute(f"SELECT count(*) FROM '{folder}/*/*.parquet'").fetchall() == [(5,)]


def test_scan_gives_a_lazy_frame_with_the_partitions(root: Path) -> None:
    lake = Lake(root)
    frame = lake.scan("ohlcv", symbol=PERP, timeframe="1h").collect()
    assert frame.columns == ["exchange", "symbol", "timeframe", "ts", "open", "high", "low",
                             "close", "volume"]  # fmt: skip
    assert (frame.height, frame["symbol"].unique().to_list()) == (5, [PERP])
    assert lake.scan("ohlcv").collect().height == 30
    nothing = lake.scan("equity", run_id="none").collect()
    assert (nothing.height, nothing.columns[:3]) == (0, ["run_id", "ts", "equity"])


def test_connect_offers_the_views_to_notebooks(root: Path) -> None:
    connection = connect(root)
    assert connection.sql("SELECT count(*) FROM ohlcv").fetchall() == [(30,)]
    connection.close()


def _moved(root: Path, outside: Path, above: str) -> Path:
    return shutil.copytree(root, outside / above / "data")


@pytest.mark.parametrize("above", ["br[ack]et", "year=2024", "exchange=other", "st*r"])
def test_scan_does_not_mind_the_folders_above(
    root: Path, tmp_path_factory: pytest.TempPathFactory, above: str
) -> None:
    frame = Lake(_moved(root, tmp_path_factory.mktemp("lake"), above)).scan("ohlcv").collect()
    assert frame.height == 30
    assert frame["exchange"].unique().to_list() == ["binance"]


def test_sql_refuses_a_folder_above_that_would_rename_the_exchange(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    moved = _moved(root, tmp_path_factory.mktemp("lake"), "exchange=other")
    with pytest.raises(UsageError, match=r"a folder above the lake .*exchange=other"):
        connect(moved)
