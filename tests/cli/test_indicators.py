"""``xq indicators`` as it is typed."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from support.plugins import walk

from xq import indicators as ta
from xq.bars import FIELDS, Bars
from xq.lake.layout import Dataset
from xq.lake.writer import LakeWriter

BARS = walk(1000)


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    store(tmp_path / "data", BARS, np.arange(1000))
    return tmp_path / "data"


def store(root: Path, bars: Bars, rows: np.ndarray) -> None:
    columns = {"ts": pa.array(bars.ts[rows], pa.timestamp("ms", "UTC"))}
    columns |= {name: pa.array(getattr(bars, name)[rows, 0]) for name in FIELDS}
    LakeWriter(root).upsert(Dataset("ohlcv", "binance", "BTC/USDT", "1h"), pa.table(columns))


def test_the_line_of_the_readme(xq: Callable, lake: Path) -> None:
    done = xq(
        "indicators", "--symbol", "BTC/USDT", "--timeframe", "1h",
        "ema:20", "rsi:14", "macd", "bbands:20:2",
    )  # fmt: skip
    done.check(0, stderr="")
    assert len(done.rows) == 1000
    last = done.rows[-1]
    assert list(last) == [
        "ts", "close", "ema_20", "rsi_14", "macd_12_26_9", "macd_signal_12_26_9",
        "macd_histogram_12_26_9", "bbands_upper_20_2", "bbands_middle_20_2", "bbands_lower_20_2",
    ]  # fmt: skip
    assert last["ts"] == "1970-02-11T15:00:00Z"
    assert last["ema_20"] == ta.ema(BARS.close, 20)[-1, 0]
    assert done.rows[18]["ema_20"] is None
    assert done.rows[19]["ema_20"] == ta.ema(BARS.close, 20)[19, 0]


def test_without_a_name_there_is_a_sensible_set(xq: Callable, lake: Path) -> None:
    columns = list(xq("indicators", "--last", "1").rows[0])
    assert columns[2:5] == ["sma_20", "ema_20", "rsi_14"]
    assert len(columns) == 11


def test_a_table_shows_the_newest_rows(xq: Callable, lake: Path) -> None:
    table = xq("indicators", "ema:20", "--output", "table").stdout
    assert table.startswith("BTC/USDT 1h of binance")
    assert table.count("1970-02-") == 20
    ranged = xq("indicators", "ema:20", "--output", "table", "--days", "2").stdout
    assert ranged.count("1970-02-") == 48
    assert len(xq("indicators", "ema:20", "--last", "3").rows) == 3


def test_a_range_is_warmed_up_by_the_bars_before_it(xq: Callable, lake: Path) -> None:
    whole = xq("indicators", "ema:20", "vwap", "rsi").rows
    cut = xq(
        "indicators", "ema:20", "vwap", "rsi", "--since", "1970-02-05", "--until", "1970-02-06"
    ).rows
    assert [row["ts"] for row in cut] == [row["ts"] for row in whole[35 * 24 : 36 * 24]]
    for row, expected in zip(cut, whole[35 * 24 :], strict=False):
        assert row.pop("ts") == expected.pop("ts")
        assert row == pytest.approx(expected, rel=1e-9)


def test_too_few_bars_before_a_range_are_told(xq: Callable, lake: Path) -> None:
    words = ("indicators", "kama", "sma", "vwap", "ema:20")
    told = xq(*words, "--since", "1970-01-08")
    assert told.stderr == (
        "kama:10 ema:20: 168 bars before the range are too few to forget the start\n"
    )
    assert "kama:10:" in xq(*words, "--since", "1970-02-05").stderr
    assert xq("indicators", *words[2:], "--since", "1970-02-05").stderr == ""
    assert xq(*words).stderr == ""  # everything there is has no bars before it


def test_a_hole_is_named_and_never_bridged(xq: Callable, tmp_path: Path) -> None:
    store(tmp_path / "data", BARS, np.delete(np.arange(1000), [500, 501]))
    done = xq("indicators", "sma:5")
    assert done.exit_code == 0
    assert done.stderr == "2 bars missing; indicators start anew after each hole\n"
    assert len(done.rows) == 998
    assert [row["sma_5"] is None for row in done.rows[498:508]] == [False] * 2 + [True] * 4 + [
        False
    ] * 4
    assert xq("indicators", "sma:5", "--quiet").stderr == ""


def test_store_keeps_features(xq: Callable, lake: Path) -> None:
    done = xq("indicators", "ema:20", "macd", "--store")
    done.check(0)
    (report,) = done.rows
    assert report["columns"] == [
        "ema_20", "macd_12_26_9", "macd_signal_12_26_9", "macd_histogram_12_26_9",
    ]  # fmt: skip
    assert report["added"] == 981 + 975 + 967 + 967
    again = xq("indicators", "ema:20", "macd", "--store").rows[0]
    assert (again["added"], again["revised"], again["unchanged"]) == (0, 0, report["added"])
    rows = xq("sql", "select count(*) n, max(value) v from features where name = 'ema_20'").rows
    assert rows == [{"n": 981, "v": float(np.nanmax(ta.ema(BARS.close, 20)))}]


def test_list(xq: Callable) -> None:
    done = xq("indicators", "list")
    done.check(0, stderr="")
    names = [row["name"] for row in done.rows]
    assert names == sorted(names)
    assert {"sma", "ema", "macd", "rsi", "stochrsi", "bbands", "vwap", "psar"} <= set(names)
    ema = done.rows[names.index("ema")]
    assert (ema["use"], ema["memory"], ema["kind"]) == ("ema:length=20", 297, "decaying")
    assert "psar:acceleration=0.02:maximum=0.2" in xq("indicators", "list", "-o", "table").stdout


def test_all_about_one(xq: Callable) -> None:
    (shown,) = xq("indicators", "list", "bbands").rows
    assert shown["parameters"] == ("length 2 to 10000 bars, width 0.1 to 10 standard deviations")
    assert (shown["ddof"], shown["units"], shown["memory"]) == (0, "price", 20)
    assert [row["name"] for row in xq("indicators", "list", "vwap", "ema").rows] == ["vwap", "ema"]
    table = xq("indicators", "list", "ichimoku", "-o", "table").stdout
    assert "displacement - 1 bars before" in " ".join(table.split())


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (
            ["emaa:20"],
            2,
            "error: no indicator named 'emaa'; did you mean 'ema'?\n  hint:  xq indicators list\n",
        ),
        (
            ["ema:1"],
            2,
            "error: ema: length must be a whole number between 2 and 10000 bars, found 1\n"
            "  hint:  xq indicators list\n",
        ),
        (
            ["bbands:wdth=2"],
            2,
            "error: no parameter of bbands named 'wdth'; did you mean 'width'?\n"
            "  hint:  bbands:length=20:width=2\n",
        ),
        (["ema", "list"], 2, "error: 'list' stands alone\n  hint:  xq indicators list\n"),
        (
            ["list", "emaa"],
            2,
            "error: no indicator named 'emaa'; did you mean 'ema'?\n  hint:  xq indicators list\n",
        ),
        (
            ["ema", "--symbol", "ETH/USDT"],
            4,
            "error: no 1h bars of ETH/USDT stored\n  where: ohlcv ETH/USDT 1h on binance\n"
            "  hint:  xq collect --symbol ETH/USDT --timeframe 1h --exchange binance --days 30\n",
        ),
        (
            ["ema", "--days", "0"],
            2,
            "error: expected --days above 0 and at most 15000, found 0\n  hint:  --days 30\n",
        ),
        (
            ["ema", "--days", "1", "--since", "1970-01-02"],
            2,
            "error: expected --since or --days, found both\n",
        ),
    ],
)
def test_refusals(xq: Callable, lake: Path, arguments: list[str], code: int, error: str) -> None:
    xq("indicators", *arguments).check(code, "", error)


def test_unknown_timeframes_and_symbols(xq: Callable, lake: Path) -> None:
    assert (
        "no timeframe named '1hh'; did you mean '1h'?"
        in xq("indicators", "--timeframe", "1hh").stderr
    )
    assert xq("indicators", "--symbol", "BTCUSDT").exit_code == 2


def test_errors_are_json_where_the_answer_would_be(xq: Callable) -> None:
    done = xq("indicators", "emaa", "--output", "json")
    assert json.loads(done.stderr)["error"] == "UnknownName"
