"""One rule everywhere: bars that are not stored are made of shorter stored ones, whole or not."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import xq as xq_package
from xq.errors import DataGap, NoData
from xq.lake.layout import Dataset
from xq.lake.reader import Lake
from xq.lake.writer import LakeWriter
from xq.timeframe import HOUR_MS, MINUTE_MS, Timeframe

Run = Callable[..., Any]
START = 1_704_067_200_000
HOURS = 60
LOST = range(7 * 60 + 20, 7 * 60 + 23)  # three minutes of the eighth hour
HOUR = Timeframe.parse("1h")


def minutes(*, without: range = LOST) -> pa.Table:
    at = np.array([n for n in range(HOURS * 60) if n not in without])
    base = 100.0 + at % 17 * 0.1
    return pa.table(
        {
            "ts": START + at * MINUTE_MS,
            "open": base,
            "high": base + 0.3,
            "low": base - 0.7,
            "close": base + 0.1,
            "volume": 0.1 * (1 + at % 7),
        }
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """One market with minutes alone, one that also has some of its own hours."""
    root = tmp_path / "data"
    for symbol in ("BTC/USDT", "ETH/USDT"):
        LakeWriter(root).upsert(Dataset("ohlcv", "binance", symbol, "1m"), minutes())
    hours = {name: [1.0, 1.0] for name in ("open", "high", "low", "close", "volume")}
    ours = pa.table({"ts": [START, START + HOUR_MS], **hours})
    LakeWriter(root).upsert(Dataset("ohlcv", "binance", "ETH/USDT", "1h"), ours)
    for kind in ("mark", "index"):
        prices = minutes().drop_columns("volume")
        LakeWriter(root).upsert(Dataset(kind, "binance", "BTC/USDT:USDT", "1m"), prices)
    return root


def test_every_reader_gives_the_same_hours(xq: Run, root: Path, tmp_path: Path) -> None:
    lake = Lake(root)
    bars = lake.bars("binance", ["BTC/USDT"], HOUR, gaps="drop")
    table = lake.table(Dataset("ohlcv", "binance", "BTC/USDT", "1h"))
    frame = lake.scan("ohlcv", symbol="BTC/USDT", timeframe="1h").collect().to_arrow()
    xq("data", "export", tmp_path / "o.parquet", "--timeframe", "1h").check(0)
    file = pq.read_table(tmp_path / "o.parquet")
    sql = lake.duckdb().sql("select * from resample('1h', market := 'BTC/USDT') order by ts")
    answers = (table, frame, file, sql.to_arrow_table())
    assert len(bars) == HOURS - 1
    assert START + 7 * HOUR_MS not in bars.ts
    for name in ("open", "high", "low", "close", "volume"):
        wanted = getattr(bars, name)[:, 0].tolist()
        assert all(answer[name].to_pylist() == wanted for answer in answers), name
    for answer in answers:
        assert [int(ts.timestamp() * 1000) for ts in answer["ts"].to_pylist()] == bars.ts.tolist()


def test_stored_hours_come_first_even_if_they_are_fewer(root: Path) -> None:
    lake = Lake(root)
    frame = lake.scan("ohlcv", timeframe="1h").collect()
    counts = dict(frame.group_by("symbol").len().iter_rows())
    assert counts == {"BTC/USDT": HOURS - 1, "ETH/USDT": 2}
    assert lake.scan("ohlcv", timeframe="1m").collect().height == 2 * (HOURS * 60 - len(LOST))
    assert lake.scan("ohlcv", timeframe="1h", symbol="SOL/USDT").collect().height == 0


@pytest.mark.parametrize("kind", ["mark", "index"])
def test_prices_that_are_not_traded_are_made_coarser_too(root: Path, kind: str) -> None:
    table = Lake(root).table(Dataset(kind, "binance", "BTC/USDT:USDT", "1h"), START + 1)
    assert table.column_names == ["ts", "open", "high", "low", "close"]
    assert table.num_rows == HOURS - 2
    assert Lake(root).scan(kind, timeframe="4h").collect().height == HOURS // 4 - 1


def test_a_hole_in_the_shorter_bars_is_refused_by_their_name(root: Path) -> None:
    with pytest.raises(DataGap) as caught:
        Lake(root).bars("binance", ["BTC/USDT"], HOUR)
    assert "1 of 60 bars missing" in caught.value.message
    assert "made of stored 1m bars" in caught.value.message
    assert caught.value.hint == (
        "xq collect --symbol BTC/USDT --timeframe 1m --exchange binance "
        "--since 2024-01-01T07:20:00Z --until 2024-01-01T07:23:00Z"
    )


def test_a_hole_of_the_venue_in_shorter_bars_is_not_asked_for_again(root: Path) -> None:
    dataset = Dataset("ohlcv", "binance", "BTC/USDT", "1m")
    whole = Lake(root).table(dataset)
    span = Lake(root).datasets("ohlcv")[0]
    from xq.lake.ranges import Range

    LakeWriter(root).upsert(dataset, whole, covered=Range(START, int(span.end_ms or 0)))
    with pytest.raises(DataGap, match="the venue itself has none there"):
        Lake(root).bars("binance", ["BTC/USDT"], HOUR)


def test_nothing_in_the_range_asks_for_the_shorter_bars(root: Path) -> None:
    with pytest.raises(NoData) as caught:
        Lake(root).bars("binance", ["BTC/USDT"], HOUR, START - 24 * HOUR_MS, START)
    assert "--timeframe 1m --exchange binance --since 2023-12-31 --until" in str(caught.value.hint)


def test_a_hint_names_a_length_the_venue_has(tmp_path: Path) -> None:
    four = Timeframe.parse("4h")
    for exchange, wanted in (("coinbase", "--timeframe 1h --exchange"), ("sim", "--timeframe 4h")):
        with pytest.raises(NoData) as caught:
            Lake(tmp_path).bars(exchange, ["A/B"], four)
        assert wanted in str(caught.value.hint)


def test_export_says_that_bars_were_made(xq: Run, root: Path, tmp_path: Path) -> None:
    result = xq("data", "export", tmp_path / "o.csv", "--timeframe", "2h")
    assert result.rows[0]["derived_from"] == "1m"
    assert result.rows[0]["rows"] == HOURS // 2 - 1
    assert result.stderr == "made of stored 1m bars, whole ones only\n"
    nothing = xq("data", "export", tmp_path / "p.csv", "--timeframe", "1h", "--until", "2024-01-01")
    assert (nothing.exit_code, nothing.stdout) == (4, "")
    assert "--timeframe 1m" in nothing.stderr


def test_indicators_say_that_bars_were_made(xq: Run, root: Path) -> None:
    result = xq("indicators", "sma:3", "--timeframe", "1h")
    assert len(result.rows) == HOURS - 1
    assert "1h bars are derived from stored 1m" in result.stderr
    assert "1 bars missing" in result.stderr


@pytest.mark.parametrize(("choice", "code"), [("drop", 0), ("refuse", 4)])
def test_a_backtest_says_that_bars_were_made(xq: Run, root: Path, choice: str, code: int) -> None:
    ours = Path(xq_package.__file__).parents[1] / "strategies"
    shutil.copytree(ours, root.parent / "strategies")
    line = (
        "--strategy",
        "bollinger",
        "--param",
        "length=5",
        "--param",
        "max_bars=9",
        "--timeframe",
        "1h",
    )
    result = xq("backtest", *line, "--gaps", choice)
    assert result.exit_code == code, result.stderr
    said = "1h bars are derived from stored 1m" if code == 0 else "made of stored 1m bars"
    assert said in result.stderr


EMPTY = [
    ("select * from ohlcv where timeframe = '1h' and symbol = 'BTC/USDT'", True),
    ("select * from ohlcv_known where timeframe = '4h'", True),
    ("select * from ohlcv where timeframe = '1h' and symbol = 'ETH/USDT' and close > 5", False),
    ("select * from ohlcv where timeframe = '1h' and symbol = 'SOL/USDT'", True),
    ("select * from ohlcv where symbol = 'SOL/USDT'", False),
    ("select * from funding where exchange = '1h'", False),
    ("select 1 as n where '1h' = '2h'", False),
]


@pytest.mark.parametrize(("statement", "told"), EMPTY)
def test_an_empty_answer_names_the_way(xq: Run, root: Path, statement: str, told: bool) -> None:
    result = xq("sql", statement)
    assert (result.exit_code, result.stdout) == (0, "")
    assert ("ask resample(" in result.stderr) is told, result.stderr


def test_an_empty_answer_about_marks_names_their_own_way(xq: Run, root: Path) -> None:
    result = xq("sql", "select * from mark where timeframe = '1h'")
    assert result.stderr == (
        "no 1h mark bars of BTC/USDT:USDT are stored as such, but 1m bars are: "
        "ask resample_mark('1h') instead of mark\n"
    )
    assert len(xq("sql", "select * from resample_mark('1h')").rows) == HOURS - 1


def test_a_parameter_tells_the_length_too(xq: Run, root: Path) -> None:
    asked = "select * from ohlcv where timeframe = $t and symbol = 'BTC/USDT'"
    result = xq("sql", asked, "--param", "t=1h")
    assert result.stderr == (
        "no 1h bars of BTC/USDT are stored as such, but 1m bars are: "
        "ask resample('1h') instead of ohlcv\n"
    )
    assert xq("sql", asked, "--param", "t=1m").stderr == ""
