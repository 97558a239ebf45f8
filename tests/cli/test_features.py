"""``xq indicators --store`` and ``xq features`` as they are typed."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from support.plugins import walk

from xq import indicators as ta
from xq.bars import FIELDS, Bars
from xq.lake.layout import Dataset
from xq.lake.writer import LakeWriter

BARS = walk(1000)
MARKET = Dataset("ohlcv", "binance", "BTC/USDT", "1h")


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    put(tmp_path / "data", BARS)
    return tmp_path / "data"


def put(root: Path, bars: Bars, dataset: Dataset = MARKET) -> None:
    columns = {"ts": pa.array(bars.ts, pa.timestamp("ms", "UTC"))}
    columns |= {name: pa.array(getattr(bars, name)[:, 0]) for name in FIELDS}
    LakeWriter(root).upsert(dataset, pa.table(columns))


def test_what_is_stored_is_listed_with_what_made_it(xq: Callable, lake: Path) -> None:
    (stored,) = xq("indicators", "ema:20", "bbands:20:2", "--store").rows
    listed = xq("features", "list").rows
    assert [row["name"] for row in listed] == sorted(stored["columns"])
    by_name = dict(zip(stored["columns"], stored["definitions"], strict=True))
    for row in listed:
        assert row["state"] == "current"
        assert row["definition"] == by_name[row["name"]]
        assert (row["bars"], row["start"]) == (981, "1970-01-01T19:00:00Z")
    assert [row["indicator"] for row in listed] == ["bbands:20:2"] * 3 + ["ema:20"]
    assert len(set(by_name.values())) == 4
    table = xq("features", "list", "ema_20", "--output", "table").stdout
    assert by_name["ema_20"][:8] in table
    assert "bbands" not in table
    assert xq("features", "list", "--timeframe", "4h").rows == []


def test_one_is_shown_whole(xq: Callable, lake: Path) -> None:
    xq("indicators", "rsi", "--store").check(0)
    (shown,) = xq("features", "show", "rsi_14").rows
    assert (shown["indicator"], shown["parameters"]) == ("rsi:14", '{"length": 14}')
    assert shown["memory"] == ta.rsi.memory()
    assert shown["defined_over_end"] == shown["end"] == "1970-02-11T15:00:00Z"
    assert len(shown["definition"]) == len(shown["data_hash"]) == 32
    assert shown["version"].startswith("xq ")


def test_the_definition_follows_parameters_and_bars_and_nothing_else(
    xq: Callable, lake: Path
) -> None:
    def defined(*words: str) -> str:
        (stored,) = xq("indicators", *words, "--store").rows
        return str(stored["definitions"][0])

    first = defined("ema:20")
    assert defined("ema:21") != first
    lately = defined("ema:20", "--days", "3")
    assert lately != first  # over other bars
    assert defined("ema:20", "rsi:14", "--days", "3") == lately  # what stands beside it is nothing
    assert defined("ema:20") == first
    row, close = BARS.ts[500:501], BARS.close[500:501]
    put(lake, Bars.of(BARS.timeframe, BARS.symbols, row, close=close * 1.5))
    assert defined("ema:20") != first
    history = "select count(*) n from feature_definitions where name = 'ema_20'"
    assert xq("sql", history).rows[0]["n"] == 4  # each change once


def test_a_check_computes_anew(xq: Callable, lake: Path) -> None:
    xq("indicators", "ema:20", "rsi", "vwap", "--store").check(0)
    checked = xq("features", "check")
    checked.check(0, stderr="")
    assert [(row["name"], row["differing"]) for row in checked.rows] == [
        ("ema_20", 0), ("rsi_14", 0), ("vwap", 0),
    ]  # fmt: skip
    table = pa.table({
        "ts": pa.array(BARS.ts[600:601], pa.timestamp("ms", "UTC")),
        "name": ["ema_20"], "value": [1.0],
    })  # fmt: skip
    LakeWriter(lake).upsert(Dataset("features", "binance", "BTC/USDT", "1h"), table)
    differing = xq("features", "check")
    assert differing.exit_code == 4
    ema = differing.rows[0]
    assert (ema["differing"], ema["first"]) == (1, "1970-01-26T00:00:00Z")
    assert "1 of 3 features differ" in differing.stderr
    assert xq("features", "check", "rsi_14").exit_code == 0
    xq("indicators", "ema:20", "--store").check(0)
    assert xq("features", "check").exit_code == 0


def test_older_code_is_told(xq: Callable, lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("xq.api.features.code_version", lambda: "xq 0.0.1")
        xq("indicators", "ema:20", "--store").check(0)
    assert xq("features", "list").rows[0]["state"] == "older code"
    xq("indicators", "ema:20", "--store").check(0)
    assert xq("features", "list").rows[0]["state"] == "current"


def test_values_without_a_definition_are_said_to_be_that(xq: Callable, lake: Path) -> None:
    table = pa.table({
        "ts": pa.array(BARS.ts[:1], pa.timestamp("ms", "UTC")), "name": ["mood"], "value": [1.0],
    })  # fmt: skip
    LakeWriter(lake).upsert(Dataset("features", "binance", "BTC/USDT", "1h"), table)
    (row,) = xq("features", "list").rows
    assert (row["state"], row["indicator"], row["definition"]) == ("undefined", None, "")


def test_refusals(xq: Callable, lake: Path) -> None:
    empty = xq("features", "list")
    empty.check(0, stderr="no feature is stored; hint: xq indicators ema:20 rsi:14 --store\n")
    xq("features", "check").check(
        4, "", "error: no such feature is stored\n  hint:  xq indicators ema:20 rsi:14 --store\n"
    )
    xq("indicators", "ema:20", "--store").check(0)
    assert "did you mean 'ema_20'" in xq("features", "show", "ema_2").stderr
    put(lake, BARS, Dataset("ohlcv", "binance", "ETH/USDT", "1h"))
    xq("indicators", "ema:20", "--store", "--symbol", "ETH/USDT").check(0)
    several = xq("features", "show", "ema_20")
    assert several.exit_code == 2
    assert "BTC/USDT 1h on binance, ETH/USDT 1h on binance" in several.stderr
    assert xq("features", "show", "ema_20", "--symbol", "ETH/USDT").rows[0]["bars"] == 981


STRATEGY = '''
"""Oversold by a stored feature (a test)."""

from xq import Bars, Strategy


class Oversold(Strategy):
    """Long while the stored RSI is low."""

    inputs = ("rsi_14", "ema_5@4h")

    @property
    def lookback(self) -> int:
        return 1

    def target_weights(self, bars: Bars):
        low = bars.extra["rsi_14"] < 45
        return 1.0 * (low & (bars.close > bars.extra["ema_5@4h"] * 0.9))
'''


def test_a_strategy_takes_stored_features(xq: Callable, lake: Path, tmp_path: Path) -> None:
    folder = tmp_path / "strategies"
    folder.mkdir()
    (folder / "oversold.py").write_text(STRATEGY.lstrip(), encoding="utf-8")
    missing = xq("backtest", "--strategy", "oversold")
    assert missing.exit_code == 4
    assert "no rsi_14 is stored within the bars" in missing.stderr
    xq("indicators", "rsi:14", "--store").check(0)
    xq("indicators", "ema:5", "--timeframe", "4h", "--store").check(0)
    run = xq("backtest", "--strategy", "oversold")
    assert run.exit_code == 0
    assert "rsi_14, ema_5@4h begin at 1970-01-01T19:00:00Z" in run.stderr
    assert run.rows[0]["metrics"]["round_trips"] > 5
    assert xq("strategies", "check", "oversold").exit_code == 0
    table = pa.table({
        "ts": pa.array(BARS.ts[700:701], pa.timestamp("ms", "UTC")),
        "name": ["rsi_14"], "value": [1.0],
    })  # fmt: skip
    LakeWriter(lake).upsert(Dataset("features", "binance", "BTC/USDT", "1h"), table)
    assert xq("backtest", "--strategy", "oversold").rows[0]["run_id"] != run.rows[0]["run_id"]
