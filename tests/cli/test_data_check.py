"""``xq data check`` of files and references, and ``xq data rules``."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
HEAD = "ts,open,high,low,close,volume\n"
DAY = 1_704_067_200


@pytest.fixture
def bars(tmp_path: Path) -> Path:
    """Four hours, the third with its high below its low."""
    path = tmp_path / "bars.csv"
    rows = ["10,12,9,11,1", "11,12.5,10,10.5,2", "10,9,11,10,1.5", "10.5,13,10,12,3"]
    lines = [f"{DAY + 3600 * hour},{row}\n" for hour, row in enumerate(rows)]
    path.write_text(HEAD + "".join(lines))
    return path


def test_rules_are_listed_by_name_family_and_severity(xq: Run) -> None:
    rows = xq("data", "rules").rows
    assert len(rows) == len({row["rule"] for row in rows}) >= 60
    by_name = {row["rule"]: row for row in rows}
    assert by_name["high_below_low"]["severity"] == "error"
    assert by_name["wick_up"]["severity"] == "warning"
    assert by_name["shifted"]["needs"] == "--against REFERENCE"
    assert all(row["meaning"] for row in rows)


def test_a_file_is_checked_without_being_stored(xq: Run, bars: Path, tmp_path: Path) -> None:
    result = xq("data", "check", bars, "--timeframe", "1h")
    assert result.exit_code == 4
    assert result.stderr == f"error: 1 fault listed above\n  where: {bars}\n"
    [row] = result.rows
    assert (row["rule"], row["row"], row["severity"]) == ("high_below_low", 3, "error")
    assert not (tmp_path / "data").exists()


def test_a_reference_shows_what_the_rows_alone_do_not(xq: Run, bars: Path, tmp_path: Path) -> None:
    text = bars.read_text().replace("10,9,11,10,1.5", "10,11,9,10,1.5")
    (tmp_path / "good.csv").write_text(text)
    xq("data", "import", "good.csv").check(0)
    other = text.replace("10.5,13,10,12,3", "10.5,13,10,12.5,3").replace(
        f"{DAY + 3600},11,12.5,10,10.5,2\n", ""
    )
    (tmp_path / "other.csv").write_text(other)
    xq("data", "check", "other.csv").check(0, "", "no fault found\n")
    for reference in ("good.csv", "binance BTC/USDT 1h"):
        result = xq("data", "check", "other.csv", "--against", reference)
        assert result.exit_code == 4
        found = [(row["rule"], row["row"]) for row in result.rows]
        assert found == [("close_differs", 3), ("missing_beside_reference", None)]
    xq("data", "check", "--symbol", "BTC/USDT", "--against", "good.csv").check(0, "")
    xq("data", "check", "--against", "binance").check(2, "")
    result = xq("data", "check", "--symbol", "ETH/USDT")
    result.check(4, "")
    assert result.stderr.startswith("error: nothing is stored of it\n")


def test_warnings_are_told_but_no_fault(xq: Run, bars: Path) -> None:
    bars.write_text(HEAD + f"{DAY},10,12,9,11,1\n{DAY + 3600},11,50,10,10.5,2\n")
    result = xq("data", "check", bars)
    assert (result.exit_code, [row["severity"] for row in result.rows]) == (0, ["warning"])
    assert "1 warning: possible" in result.stderr
    xq("data", "check", bars, "--no-warnings").check(0, "", "no fault found\n")


def test_the_dirty_recording_is_listed_row_by_row(xq: Run, market_data: Path) -> None:
    dirty = market_data / "dirty" / "gapless_BTCUSDT_1h_slices.parquet"
    reference = market_data / "ohlcv" / "binance_spot_BTCUSDT_1h.parquet"
    result = xq("data", "check", dirty, "--timeframe", "1h", "--every-row", "--no-warnings")
    assert Counter(row["rule"] for row in result.rows) == {"off_grid": 43}
    result = xq("data", "check", dirty, "--timeframe", "1h", "--against", reference, "--every-row")
    found = Counter(row["rule"] for row in result.rows)
    assert (found["off_grid"], found["not_in_reference"], found["shifted"]) == (43, 9, 24)
    assert result.exit_code == 4
