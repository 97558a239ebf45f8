"""``1M`` and ``1s`` from the venue to the answer: neither is a special case for anyone."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from xq.clock import SystemClock
from xq.lake.reader import Lake
from xq.timeframe import DAY_MS, Timeframe

Run = Callable[..., Any]
SIM = ("--exchange", "sim")
MONTH = Timeframe.parse("1M")
YEAR = ("--since", "2023-01-01", "--until", "2024-01-01")


def csv_of(months: range, *, stray_ms: int = 0) -> str:
    """Months counted from January 2020; ``stray_ms`` moves the last one off its edge."""
    lines = ["ts,open,high,low,close,volume"]
    for n in months:
        ts = MONTH.open_of(600 + n) + (stray_ms if n == months[-1] else 0)
        lines.append(f"{ts},{100 + n},{102 + n},{99 + n},{101 + n},{5 + n}")
    return "\n".join(lines) + "\n"


def test_months_of_the_venue_are_those_made_of_its_days(xq: Run, tmp_path: Path) -> None:
    line = ("collect", *SIM, "--symbol", "BTC/USDT", *YEAR)
    xq(*line, "--timeframe", "1d").check(0)
    made = xq("sql", "select ts, open, high, low, close, bars from resample('1M') order by ts").rows
    derived = Lake(tmp_path / "data").bars("sim", ["BTC/USDT"], MONTH)
    [row] = xq(*line, "--timeframe", "1M").rows
    assert (row["new"], row["missing"], row["start"]) == (9, 3, "2023-04-01T00:00:00Z")
    stored = Lake(tmp_path / "data").bars("sim", ["BTC/USDT"], MONTH)
    own = "select ts, open, high, low, close from ohlcv where timeframe = '1M' order by ts"
    assert [{k: v for k, v in row.items() if k != "bars"} for row in made] == xq("sql", own).rows
    assert [row["bars"] for row in made] == [30, 31, 30, 31, 31, 30, 31, 30, 31]
    for name in ("ts", "open", "high", "low", "close"):
        assert getattr(derived, name).tolist() == getattr(stored, name).tolist()
    assert np.allclose(derived.volume, stored.volume, rtol=1e-12)
    known = "select known_at from ohlcv_known where timeframe = '1M' order by ts desc limit 2"
    assert [row["known_at"] for row in xq("sql", known).rows] == [
        "2024-01-01T00:00:00Z", "2023-12-01T00:00:00Z",
    ]  # fmt: skip
    xq("data", "check").check(0, "")


def test_a_folder_of_months_is_not_that_of_minutes_on_any_disk(xq: Run, tmp_path: Path) -> None:
    line = ("collect", *SIM, "--symbol", "ETH/USDT")
    xq(*line, "--since", "2023-12-01", "--timeframe", "1M").check(0)
    xq(*line, "--days", "1", "--timeframe", "1m").check(0)
    found = [path.name for path in (tmp_path / "data" / "ohlcv").rglob("timeframe=*")]
    assert len({name.casefold() for name in found}) == len(set(found)) == 2
    read = pd.read_parquet(tmp_path / "data" / "ohlcv")
    counted = "select timeframe, count(*) as n from ohlcv group by all order by n"
    assert xq("sql", counted).rows == [{"timeframe": "1M", "n": 1}, {"timeframe": "1m", "n": 1440}]
    assert set(read["timeframe"]) == {"1M", "1m"}
    listed = {row["timeframe"]: row for row in xq("data", "ls").rows}
    assert (listed["1M"]["end"], listed["1M"]["missing"]) == ("2024-01-01T00:00:00Z", 0)


def test_a_missing_month_is_one_gap_and_is_brought_back(xq: Run, tmp_path: Path) -> None:
    text = csv_of(range(12)).splitlines()
    del text[2], text[5:7]  # February, June and July
    (tmp_path / "a.csv").write_text("\n".join(text) + "\n")
    named = ("--symbol", "BTC/USDT", *SIM)
    [report] = xq("data", "import", "a.csv", "--timeframe", "1M", *named).rows
    assert (report["rows"], report["gaps"], report["end"]) == (9, 2, "2021-01-01T00:00:00Z")
    [listed] = xq("data", "ls").rows
    assert (listed["missing"], listed["gaps"]) == (3, 2)
    gaps = xq("data", "gaps").rows
    assert [(row["start"][:10], row["end"][:10], row["missing"]) for row in gaps] == [
        ("2020-02-01", "2020-03-01", 1), ("2020-06-01", "2020-08-01", 2),
    ]  # fmt: skip
    means = xq("indicators", "sma:2", "--timeframe", "1M", *named).rows
    assert [row["sma_2"] for row in means] == [
        None, None, 103.5, 104.5, None, 108.5, 109.5, 110.5, 111.5,
    ]  # fmt: skip
    (tmp_path / "b.csv").write_text(csv_of(range(12)))
    [report] = xq("data", "import", "b.csv", "--timeframe", "1M", *named).rows
    assert (report["added"], report["unchanged"]) == (3, 9)
    assert xq("data", "gaps").rows == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (csv_of(range(5), stray_ms=DAY_MS), "is no 1M edge"),
        ("ts,open,high,low,close,volume\n" + "".join(
            f"{1_577_836_800_000 + n * DAY_MS},1,1,1,1,1\n" for n in range(9)),
         "the file looks like 1d bars, expected 1M"),
    ],
)  # fmt: skip
def test_what_is_no_month_is_refused(xq: Run, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    result = xq("data", "import", "a.csv", "--timeframe", "1M", "--symbol", "BTC/USDT")
    assert (result.exit_code, message in result.stderr) == (4, True), result.stderr


def test_months_that_are_not_over_are_refused(xq: Run, tmp_path: Path) -> None:
    now = MONTH.number(SystemClock().now_ms()) - 600
    (tmp_path / "a.csv").write_text(csv_of(range(now - 2, now + 2)))  # this one and the next
    result = xq("data", "import", "a.csv", "--timeframe", "1M", "--symbol", "BTC/USDT")
    assert (result.exit_code, "unfinished" in result.stderr) == (4, True), result.stderr


def test_months_named_as_other_lengths_are_told(xq: Run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(csv_of(range(14)))
    result = xq("data", "import", "a.csv", "--timeframe", "1d", "--symbol", "BTC/USDT")
    assert "the file looks like 1M bars, expected 1d" in result.stderr
    assert "add --timeframe 1M" in result.stderr


@pytest.mark.parametrize("months", [range(3), range(3, 7), range(36), range(1)])
def test_any_row_of_months_is_months(xq: Run, tmp_path: Path, months: range) -> None:
    (tmp_path / "a.csv").write_text(csv_of(months))
    line = ("data", "import", "a.csv", "--timeframe", "1M", "--symbol", "BTC/USDT")
    assert xq(*line).rows[0]["added"] == len(months)


def test_dumps_of_freqtrade_and_binance_name_months_their_own_way(xq: Run, tmp_path: Path) -> None:
    table = pd.read_csv(_written(tmp_path / "m.csv", csv_of(range(24))))
    table["date"] = pd.to_datetime(table.pop("ts"), unit="ms", utc=True)
    table.to_feather(tmp_path / "BTC_USDT-1Mo.feather")
    lines = csv_of(range(1)).splitlines()[1:]
    inner = "\n".join(f"{line},1580515199999,0,1,0,0,0" for line in lines)
    with zipfile.ZipFile(tmp_path / "ETHUSDT-1mo-2020-01.zip", "w") as file:
        file.writestr("ETHUSDT-1mo-2020-01.csv", inner)
    second = "1704067200000,5,6,4,5,1,1704067200999,5,1,1,5,0"
    with zipfile.ZipFile(tmp_path / "ETHUSDT-1s-2024-01-01.zip", "w") as file:
        file.writestr("ETHUSDT-1s-2024-01-01.csv", second)
    (tmp_path / "m.csv").unlink()
    rows = xq("data", "import", *sorted(tmp_path.glob("*T-1*")), "--exchange", "binance").rows
    found = [(r["layout"], r["symbol"], r["timeframe"], r["added"]) for r in rows]
    assert found == [
        ("freqtrade", "BTC/USDT", "1M", 24),
        ("binance", "ETH/USDT", "1M", 1),
        ("binance", "ETH/USDT", "1s", 1),
    ]


def test_seconds_make_the_very_minutes_of_the_venue(xq: Run, tmp_path: Path) -> None:
    line = ("collect", *SIM, "--symbol", "ETH/USDT", "--until", "2024-01-01")
    [row] = xq(*line, "--since", "2023-12-31T23:00", "--timeframe", "1s").rows
    assert (row["new"], row["missing"], row["source"]) == (3600, 0, "synthetic")
    [quiet] = xq("sql", "select count(*) as n from ohlcv where volume = 0").rows
    assert quiet["n"] > 1_000  # in most seconds nothing trades
    made = Lake(tmp_path / "data").bars("sim", ["ETH/USDT"], Timeframe.parse("1m"))
    columns = "ts, open, high, low, close, volume"
    asked = xq("sql", f"select {columns} from resample('1m') order by ts").rows
    xq(*line, "--since", "2023-12-31T23:00", "--timeframe", "1m").check(0)
    own = xq("sql", f"select {columns} from ohlcv where timeframe = '1m' order by ts").rows
    assert len(own) == 60
    for name in ("open", "high", "low", "close"):
        assert [row[name] for row in own] == [row[name] for row in asked]
        assert [row[name] for row in own] == getattr(made, name)[:, 0].tolist()
    assert np.allclose([row["volume"] for row in own], made.volume[:, 0], rtol=1e-12)
    xq("data", "check").check(0, "")  # shorter bars agree with longer ones
    [file] = (tmp_path / "data").rglob("timeframe=1s/*/part.parquet")
    assert file.parent.name == "period=2023-12-31"


def test_contracts_have_no_seconds(xq: Run) -> None:
    for kind in ("ohlcv", "mark", "index"):
        result = xq("collect", *SIM, "--symbol", "ETH/USDT:USDT", "--kind", kind,
                    "--timeframe", "1s", "--days", "1")  # fmt: skip
        assert (result.exit_code, result.stdout) == (2, "")
        assert "sim has no 1s bars of contracts, only 1m 3m" in result.stderr


def test_a_backtest_over_months_counts_their_days(xq: Run, tmp_path: Path) -> None:
    strategies = tmp_path / "strategies"
    strategies.mkdir()
    (strategies / "always.py").write_text(
        "from xq import Strategy\n\n\nclass Always(Strategy):\n    '''Long.'''\n\n"
        "    lookback = 1\n\n    def target_weights(self, bars):\n"
        "        return bars.close * 0 + 1.0\n"
    )
    line = ("collect", *SIM, "--symbol", "BTC/USDT", "--timeframe")
    xq(*line, "1d", *YEAR).check(0)
    asked = ("backtest", "--strategy", "always", *SIM, "--symbol", "BTC/USDT", "--timeframe", "1M",
             "--output", "json")  # fmt: skip
    derived = xq(*asked)
    derived.check(0)
    assert "1M bars are derived from stored 1d" in derived.stderr + derived.stdout
    xq(*line, "1M", *YEAR).check(0)
    stored = xq(*asked)
    stored.check(0)
    ours, theirs = (json.loads(answer.stdout) for answer in (derived, stored))
    assert (ours["bars"], ours["end"]) == (8, "2024-01-01T00:00:00Z")
    assert ours["metrics"] == theirs["metrics"]
    days = 245  # from May to December
    gained = 1 + ours["metrics"]["total_return"]
    assert ours["metrics"]["annual_return"] == pytest.approx(gained ** (365 / days) - 1)


def test_cron_cannot_keep_up_with_seconds(xq: Run) -> None:
    xq("init", ".", "--exchange", "sim").check(0)
    result = xq("trade", "--crontab", *SIM, "--timeframe", "1s", "--strategy", "bollinger")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "cron runs once a minute at most, found 1s bars" in result.stderr


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path
