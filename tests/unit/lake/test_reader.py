"""Reading: ranges, gaps, alignment, hashes and errors with a command to paste."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xq.errors import CorruptFile, DataGap, NoData, PoisonRows, UnknownName
from xq.lake import hints, layout, manifest, wayout
from xq.lake.coverage import Coverage
from xq.lake.hashing import hash_bars
from xq.lake.layout import Dataset
from xq.lake.ranges import Range
from xq.lake.reader import Lake
from xq.lake.writer import LakeWriter
from xq.timeframe import Timeframe

Rows = Callable[..., pa.Table]
START, HOUR = 1_704_067_200_000, 3_600_000
H1 = Timeframe.parse("1h")
ETH = Dataset("ohlcv", "binance", "ETH/USDT", "1h")


def _at(hour: int) -> int:
    return START + hour * HOUR


def _hours(ts: np.ndarray) -> list[int]:
    return ((ts - START) // HOUR).tolist()


@pytest.fixture
def lake(tmp_path: Path, rows: Rows, hourly: Dataset) -> Lake:
    """BTC: hours -3 to 9 (two files); ETH: hours 0 to 9 without 4 and 5."""
    writer = LakeWriter(tmp_path)
    writer.upsert(hourly, rows(range(-3, 10)))
    writer.upsert(ETH, rows([0, 1, 2, 3, 6, 7, 8, 9], price=50.0))
    return Lake(tmp_path)


def test_bars_of_one_symbol(lake: Lake, rows: Rows) -> None:
    bars = lake.bars("binance", ["BTC/USDT"], H1)
    assert (_hours(bars.ts), bars.symbols) == (list(range(-3, 10)), ("BTC/USDT",))
    assert bars.close[:, 0].tolist() == rows(range(-3, 10))["close"].to_pylist()
    assert not bars.volume.flags.writeable


def test_ranges_are_half_open_and_cross_files(lake: Lake) -> None:
    bars = lake.bars("binance", ["BTC/USDT"], H1, _at(-1), _at(2))
    assert _hours(bars.ts) == [-1, 0, 1]
    assert _hours(lake.bars("binance", ["BTC/USDT"], H1, _at(0), _at(1)).ts) == [0]


def test_off_edge_limits_round_inwards(lake: Lake) -> None:
    bars = lake.bars("binance", ["BTC/USDT"], H1, _at(1) + 1, _at(3) + 1)
    assert _hours(bars.ts) == [2, 3]


def test_two_symbols_stand_side_by_side_where_both_are_whole(lake: Lake, rows: Rows) -> None:
    bars = lake.bars("binance", ["ETH/USDT", "BTC/USDT"], H1, _at(6), _at(10))
    assert bars.close.shape == (4, 2)
    assert bars.close[:, 0].tolist() == rows(range(6, 10), price=50.0)["close"].to_pylist()
    assert bars.close[:, 1].tolist() == rows(range(6, 10))["close"].to_pylist()


def test_a_hole_is_refused_with_the_line_that_fills_it(lake: Lake) -> None:
    with pytest.raises(DataGap) as caught:
        lake.bars("binance", ["ETH/USDT"], H1)
    assert caught.value.message == (
        "2 of 10 bars missing, first 2024-01-01T04:00:00Z to 2024-01-01T06:00:00Z"
    )
    assert caught.value.hint == (
        "xq collect --symbol ETH/USDT --timeframe 1h --exchange binance"
        " --since 2024-01-01T04:00:00Z --until 2024-01-01T06:00:00Z"
    )


def test_a_hole_of_the_venue_itself_names_the_choice_that_is_left(lake: Lake) -> None:
    Coverage(lake.root).add(ETH, Range(_at(0), _at(10)))
    with pytest.raises(DataGap, match="the venue itself has none there") as caught:
        lake.bars("binance", ["ETH/USDT"], H1)
    assert caught.value.hint == "xq config explain backtest.gaps"


@pytest.mark.parametrize(("start", "end"), [(-5, 3), (0, 12)])
def test_a_range_beyond_what_is_stored_is_a_gap(lake: Lake, start: int, end: int) -> None:
    with pytest.raises(DataGap):
        lake.bars("binance", ["BTC/USDT"], H1, _at(start), _at(end))


def test_a_later_start_of_one_symbol_is_a_gap_when_the_range_is_open(lake: Lake) -> None:
    with pytest.raises(DataGap, match="5 of 13 bars missing"):
        lake.bars("binance", ["BTC/USDT", "ETH/USDT"], H1)


@pytest.mark.parametrize("word", ["ffill", "reufse", "Refuse", "", None])
def test_an_unknown_way_to_treat_gaps_is_refused_and_drops_nothing(lake: Lake, word: Any) -> None:
    with pytest.raises(UnknownName, match="one of refuse flag drop"):
        lake.bars("binance", ["BTC/USDT"], H1, gaps=word)


def test_flag_keeps_the_union_with_nan(lake: Lake) -> None:
    bars = lake.bars("binance", ["BTC/USDT", "ETH/USDT"], H1, gaps="flag")
    assert _hours(bars.ts) == list(range(-3, 10))
    missing = _hours(bars.ts[np.isnan(bars.close[:, 1])])
    assert missing == [-3, -2, -1, 4, 5]
    assert not np.isnan(bars.close[:, 0]).any()


def test_drop_keeps_the_times_that_all_have(lake: Lake) -> None:
    bars = lake.bars("binance", ["BTC/USDT", "ETH/USDT"], H1, gaps="drop")
    assert _hours(bars.ts) == [0, 1, 2, 3, 6, 7, 8, 9]
    assert not np.isnan(bars.close).any()
    assert _hours(lake.bars("binance", ["ETH/USDT"], H1, gaps="drop").ts) == _hours(bars.ts)


@pytest.mark.parametrize(
    ("exchange", "timeframe", "since", "hint"),
    [
        ("binance", "1h", None,
         "xq collect --symbol SOL/USDT --timeframe 1h --exchange binance --days 30"),
        ("sim", "1m", None,
         "xq collect --symbol SOL/USDT --timeframe 1m --exchange sim --days 30"),
        ("binance", "1h", 0,
         "xq collect --symbol SOL/USDT --timeframe 1h --exchange binance --since 2024-01-01"),
    ],
)  # fmt: skip
def test_nothing_stored_says_how_to_bring_it(
    tmp_path: Path, exchange: str, timeframe: str, since: int | None, hint: str
) -> None:
    start = None if since is None else _at(since)
    with pytest.raises(NoData) as caught:
        Lake(tmp_path).bars(exchange, ["SOL/USDT"], Timeframe.parse(timeframe), start)
    assert caught.value.hint == hint
    assert caught.value.where == f"ohlcv SOL/USDT {timeframe} on {exchange}"


def test_other_timeframes_that_are_stored_are_mentioned(lake: Lake) -> None:
    with pytest.raises(NoData, match="no 1m bars of BTC/USDT stored; there are 1h bars"):
        lake.bars("binance", ["BTC/USDT"], Timeframe.parse("1m"))
    with pytest.raises(NoData, match="stored from 2025-01-01 on"):
        lake.bars("binance", ["BTC/USDT"], H1, _at(366 * 24))


def test_a_range_after_the_last_bar_is_reached_by_collecting_from_there(lake: Lake) -> None:
    with pytest.raises(NoData) as caught:
        lake.bars("binance", ["BTC/USDT"], H1, _at(366 * 24), _at(370 * 24))
    stored = lake.datasets("ohlcv")[0]
    assert stored.end_ms is not None
    end = hints.short(stored.end_ms)
    assert caught.value.message.endswith(f"to 2025-01-05; they end at {end}")
    assert (
        caught.value.hint
        == f"xq collect --symbol BTC/USDT --timeframe 1h --exchange binance --since {end}"
    )


@pytest.mark.parametrize("damage", ["truncate", "text", "flip"])
def test_a_damaged_file_is_named(lake: Lake, hourly: Dataset, damage: str) -> None:
    path = layout.leaf_path(lake.root, hourly, "2024")
    data = bytearray(path.read_bytes())
    if damage == "truncate":
        data = data[:-100]
    elif damage == "text":
        data = bytearray(b"not parquet at all, but long enough to be looked at")
    else:
        data[200] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(CorruptFile) as caught:
        lake.bars("binance", ["BTC/USDT"], H1)
    assert (caught.value.where, caught.value.hint) == (str(path), wayout.command(path))
    assert _hours(lake.bars("binance", ["BTC/USDT"], H1, _at(-3), _at(0)).ts) == [-3, -2, -1]


def test_unsorted_nan_and_foreign_columns_do_not_get_through(
    lake: Lake, rows: Rows, hourly: Dataset
) -> None:
    path = layout.leaf_path(lake.root, hourly, "2024")
    manifest.forget(lake.root, hourly)
    pq.write_table(rows([1, 0]), path)
    with pytest.raises(CorruptFile, match="do not increase"):
        lake.bars("binance", ["BTC/USDT"], H1)
    nan = rows([0, 1]).set_column(4, rows([0]).schema.field("close"), pa.array([1.0, np.nan]))
    pq.write_table(nan, path)
    with pytest.raises(PoisonRows, match="close is NaN"):
        lake.bars("binance", ["BTC/USDT"], H1)
    pq.write_table(rows([0]).drop(["close"]), path)
    with pytest.raises(CorruptFile, match="column close is missing"):
        lake.bars("binance", ["BTC/USDT"], H1)


def test_datasets_are_listed_from_footers(lake: Lake) -> None:
    btc, eth = lake.datasets()
    assert (btc.rows, btc.start_ms, btc.end_ms) == (13, _at(-3), _at(10))
    assert (btc.missing, btc.gaps) == (0, 0)
    assert (eth.rows, eth.missing, eth.gaps) == (8, 2, 1)
    assert lake.datasets("trades") == []
    layout.leaf_path(lake.root, btc.dataset, "2023").write_text("broken")
    again = lake.datasets("ohlcv")[0]
    assert (again.rows, again.unreadable, again.missing) == (10, 1, None)


def test_the_hash_is_of_the_rows(lake: Lake, rows: Rows, hourly: Dataset, tmp_path: Path) -> None:
    whole = lake.content_hash(hourly)
    assert whole == hash_bars(lake.bars("binance", ["BTC/USDT"], H1))
    part = lake.content_hash(hourly, _at(0), _at(4))
    assert part not in (whole, lake.content_hash(hourly, _at(0), _at(5)))
    elsewhere = Lake(tmp_path / "other")
    LakeWriter(elsewhere.root).upsert(hourly, rows(range(4)))
    assert elsewhere.content_hash(hourly) == part
    LakeWriter(elsewhere.root).upsert(hourly, rows([3], price=100.0001))
    assert elsewhere.content_hash(hourly) != part


def test_gaps_within_a_range_and_of_kinds_without_bars(lake: Lake) -> None:
    assert lake.gaps(ETH) == (Range(_at(4), _at(6)),)
    assert lake.gaps(ETH, _at(-1), _at(5)) == (Range(_at(-1), _at(0)), Range(_at(4), _at(5)))
    assert lake.gaps(Dataset("trades", "binance", "ETH/USDT")) == ()
    assert lake.gaps(Dataset("ohlcv", "binance", "SOL/USDT", "1h")) == ()


def test_real_bars_come_back_bar_for_bar(market_data: Path, tmp_path: Path) -> None:
    source = pq.read_table(market_data / "ohlcv" / "binance_spot_BTCUSDT_1h.parquet")
    dataset = Dataset("ohlcv", "binance", "BTC/USDT", "1h")
    LakeWriter(tmp_path).upsert(dataset, source)
    lake = Lake(tmp_path)
    assert lake.table(dataset).equals(source.cast(dataset.spec.schema))
    [info] = lake.datasets()
    assert (info.rows, info.gaps, info.missing) == (55_740, 28, 128)


def test_the_read_path_of_a_backtest_stays_light(lake: Lake) -> None:
    code = (
        "import sys; from pathlib import Path; from xq.lake.reader import Lake;"
        "from xq.timeframe import Timeframe;"
        f"bars = Lake(Path({str(lake.root)!r})).bars('binance', ['BTC/USDT'],"
        " Timeframe.parse('1h')); assert len(bars) == 13;"
        "heavy = {'pandas', 'polars', 'duckdb', 'pyarrow.dataset', 'ccxt'} & set(sys.modules);"
        "sys.exit(repr(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_timeframe_may_be_a_text(lake: Lake) -> None:
    bars = lake.bars("binance", ["BTC/USDT"], "1h")
    assert bars.timeframe == H1
    assert len(bars) == len(lake.bars("binance", ["BTC/USDT"], H1))
    with pytest.raises(UnknownName, match="no timeframe named '7h'"):
        lake.bars("binance", ["BTC/USDT"], "7h")
