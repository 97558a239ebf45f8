"""``xq data check`` counts rows, not lines, and tells when each was."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]
DAY = 1_704_067_200
BAD, GOOD = "10,9,11,10,1", "10,12,9,11,1"  # the first with its high below its low


def _file(path: Path, rows: list[str]) -> Path:
    lines = [f"{DAY + 3600 * hour},{row}\n" for hour, row in enumerate(rows)]
    path.write_text("ts,open,high,low,close,volume\n" + "".join(lines))
    return path


def test_all_faults_are_counted_where_only_some_are_listed(xq: Run, tmp_path: Path) -> None:
    path = _file(tmp_path / "bars.csv", [GOOD, *[BAD] * 43])
    result = xq("data", "check", path, "--timeframe", "1h", "--no-warnings")
    assert sum(row["rows"] for row in result.rows if row["rule"] == "high_below_low") == 43
    count = sum(row["rows"] for row in result.rows)
    kinds = len({row["rule"] for row in result.rows})
    noun = "kind" if kinds == 1 else "kinds"
    listed = sum(row["rows"] == 1 for row in result.rows)
    assert listed < 43 <= count
    assert result.stderr == (
        f"error: {count} faults of {kinds} {noun}, {listed} of them listed above\n"
        f"  where: {path}\n  hint:  add --every-row to list all of them\n"
    )
    whole = xq("data", "check", path, "--timeframe", "1h", "--no-warnings", "--every-row")
    assert len(whole.rows) == count
    assert f"{count} faults of {kinds} {noun} listed above" in whole.stderr


def test_the_whole_lake_is_counted_too(xq: Run, tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    xq("data", "import", _file(tmp_path / "bars.csv", [GOOD] * 44), "--timeframe", "1h").check(0)
    [file] = (tmp_path / "data" / "ohlcv").rglob("*.parquet")
    rows = parquet.ParquetFile(file).read()
    at = rows.column_names.index("volume")
    parquet.write_table(rows.set_column(at, "volume", pa.array([1.0] + [-1.0] * 43)), file)
    some, whole = xq("data", "check"), xq("data", "check", "--every-row")
    for result, said in ((some, "in the lake, "), (whole, "in the lake, listed above\n")):
        errors = [row for row in result.rows if row["severity"] == "error"]
        assert sum(row["rows"] for row in errors if row["rule"] == "volume_negative") == 43
        count, kinds = sum(row["rows"] for row in errors), len({row["rule"] for row in errors})
        assert result.stderr.partition("error: ")[2].startswith(
            f"{count} faults of {kinds} kinds {said}"
        )
    assert " of them listed above" in some.stderr


def test_a_finding_tells_its_time(xq: Run, tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    path.write_text(
        "ts,open,high,low,close,volume\n"
        f"2024-01-01T00:00:00Z,{GOOD}\n2024-01-01T01:00:00Z,{BAD}\nnever,{GOOD}\n"
    )
    result = xq("data", "check", path, "--timeframe", "1h", "--no-warnings")
    at = {row["rule"]: row["ts"] for row in result.rows}
    assert at.pop("high_below_low") == "2024-01-01T01:00:00Z"
    assert set(at.values()) == {None}
    assert ",ts," in xq("data", "check", path, "--output", "csv").stdout.splitlines()[0]
    _file(path, [GOOD, GOOD, GOOD]).write_text(
        path.read_text().replace(f"{DAY + 3600},{GOOD}\n", "")
    )
    xq("data", "import", path, "--timeframe", "1h", "--symbol", "BTC/USDT").check(0)
    [gap] = [row for row in xq("data", "check").rows if row["rule"] == "gap"]
    assert gap["ts"] == "2024-01-01T01:00:00Z"


def test_a_check_of_one_series_says_which(xq: Run, tmp_path: Path) -> None:
    xq("data", "import", _file(tmp_path / "bars.csv", [GOOD, GOOD]), "--timeframe", "1h").check(0)
    result = xq("data", "check", "--symbol", "BTC/USDT")
    said = "looked at ohlcv BTC/USDT 1h on binance only\n"
    assert result.stderr.startswith(said)
    assert "looked at" not in xq("data", "check").stderr
