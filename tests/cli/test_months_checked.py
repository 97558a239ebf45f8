"""Rules, repairs and evidence where bars differ in length."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from xq.lake.layout import Dataset
from xq.lake.writer import LakeWriter
from xq.timeframe import DAY_MS, HOUR_MS, Timeframe

Run = Callable[..., Any]
MONTH, DAY = Timeframe.parse("1M"), Timeframe.parse("1d")
FIRST = 600  # January 2020
MARKET = ("binance", "BTC/USDT")


def days(months: int) -> pa.Table:
    start, stop = (MONTH.open_of(FIRST + n) for n in (0, months))
    at = np.arange((stop - start) // DAY_MS)
    base = 100.0 + at * at * 7 % 31 + at % 11 * 0.013
    columns = {"open": base, "high": base + 3, "low": base - 2, "close": base + 1}
    return pa.table({"ts": start + at * DAY_MS, **columns, "volume": 1.0 + at % 5})


def months_of(table: pa.Table) -> pa.Table:
    """Its months, by a plain loop."""
    rows = table.to_pylist()
    made: dict[int, dict[str, float]] = {}
    for row in rows:
        ts = MONTH.floor(row["ts"])
        bar = made.setdefault(ts, row | {"ts": ts, "volume": 0.0})
        bar["high"], bar["low"] = max(bar["high"], row["high"]), min(bar["low"], row["low"])
        bar["close"], bar["volume"] = row["close"], bar["volume"] + row["volume"]
    return pa.Table.from_pylist(list(made.values()))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "data"
    LakeWriter(root).upsert(Dataset("ohlcv", *MARKET, "1d"), days(26))
    return root


def put(root: Path, months: pa.Table) -> None:
    LakeWriter(root).upsert(Dataset("ohlcv", *MARKET, "1M"), months)


def test_true_months_beside_true_days_are_not_accused(xq: Run, root: Path) -> None:
    put(root, months_of(days(26)))
    xq("data", "check").check(0, "")
    assert xq("data", "gaps").rows == []


@pytest.mark.parametrize(
    ("column", "rule"),
    [("close", "finer_close_differs"), ("volume", "finer_volume_differs"),
     ("high", "finer_high_differs")],
)  # fmt: skip
def test_a_month_that_its_days_contradict_is_found(
    xq: Run, root: Path, column: str, rule: str
) -> None:
    made = months_of(days(26)).to_pylist()
    made[13][column] = made[13][column] * 1.01 if column != "close" else made[13]["low"] + 0.5
    put(root, pa.Table.from_pylist(made))
    result = xq("data", "check", "--symbol", "BTC/USDT", "--timeframe", "1M",
                "--exchange", "binance")  # fmt: skip
    assert result.exit_code == 4
    found = [(row["rule"], row["message"]) for row in result.rows]
    assert [name for name, _ in found] == [rule]


def test_rules_of_time_know_the_calendar(xq: Run, tmp_path: Path) -> None:
    made = months_of(days(14)).to_pylist()
    made[1]["ts"] += 2 * HOUR_MS
    made[4]["ts"] -= 1
    made[6]["ts"] += 40
    made[9]["ts"] += 15 * DAY_MS
    lines = [",".join(map(str, row.values())) for row in made]
    (tmp_path / "a.csv").write_text("ts,open,high,low,close,volume\n" + "\n".join(lines))
    result = xq("data", "check", "a.csv", "--timeframe", "1M")
    assert {(row["row"], row["rule"]) for row in result.rows if row["severity"] == "error"} == {
        (2, "off_grid"), (5, "close_time_as_open"), (7, "time_jitter"), (10, "off_grid"),
    }  # fmt: skip


def test_a_reference_shows_shifted_and_missing_months(xq: Run, tmp_path: Path) -> None:
    made = months_of(days(26)).to_pylist()
    header = "ts,open,high,low,close,volume\n"
    (tmp_path / "reference.csv").write_text(
        header + "\n".join(",".join(map(str, row.values())) for row in made)
    )
    moved = [row | {"ts": MONTH.end(row["ts"])} if n == 8 else row
             for n, row in enumerate(made) if n not in (9, 15)]  # fmt: skip
    (tmp_path / "a.csv").write_text(
        header + "\n".join(",".join(map(str, row.values())) for row in moved)
    )
    result = xq("data", "check", "a.csv", "--timeframe", "1M", "--against", "reference.csv")
    found = {(row["rule"], row["row"]) for row in result.rows if row["severity"] == "error"}
    assert ("shifted", 9) in found
    missing = [row["message"] for row in result.rows if row["rule"] == "missing_beside_reference"]
    assert [text.partition(" bars")[0] for text in missing] == ["the reference has 1"] * 2


def test_repair_asks_for_the_missing_month_alone(xq: Run, tmp_path: Path) -> None:
    line = ("collect", "--exchange", "sim", "--symbol", "BTC/USDT", "--timeframe", "1M")
    xq(*line, "--since", "2023-04-01", "--until", "2023-08-01").check(0)
    xq(*line, "--since", "2023-09-01", "--until", "2024-01-01").check(0)
    [gap] = xq("data", "gaps").rows
    assert (gap["start"][:10], gap["end"][:10], gap["missing"]) == ("2023-08-01", "2023-09-01", 1)
    xq("data", "repair", "--symbol", "BTC/USDT", "--timeframe", "1M", "--exchange", "sim").check(0)
    assert xq("data", "gaps").rows == []
    assert xq("sql", "select count(*) as n from ohlcv").rows == [{"n": 9}]
