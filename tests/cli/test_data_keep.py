"""``xq data verify, du, compact, rm, watch``: exit code, stdout and stderr of whole lines."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
HEAD = "ts,open,high,low,close,volume\n"


@pytest.fixture
def lake(xq: Run, tmp_path: Path) -> Path:
    """Bars of two symbols in ./data."""
    path = tmp_path / "bars.csv"
    path.write_text(HEAD + "2023-12-31T23:00Z,9,12,9,11,1\n2024-01-01T00:00Z,10,12,9,11,1\n")
    for symbol in ("BTC/USDT", "ETH/USDT"):
        xq("data", "import", path, "--symbol", symbol).check(0)
    return tmp_path / "data"


def _file(lake: Path, symbol: str, year: int) -> Path:
    return next(lake.rglob(f"symbol={symbol}%2FUSDT/**/period={year}/part.parquet"))


def test_a_sound_lake_is_verified_silently(xq: Run, lake: Path) -> None:
    size = sum(path.stat().st_size for path in lake.rglob("part.parquet"))
    xq("data", "verify").check(0, "", f"4 files, {size:,} bytes: as committed\n")
    assert xq("data", "verify", "--symbol", "BTC/USDT").stderr.startswith("2 files, ")
    xq("data", "verify", "--quiet").check(0, "", "")


def test_verify_names_the_files_and_exits_4(xq: Run, lake: Path) -> None:
    file, gone = _file(lake, "BTC", 2024), _file(lake, "ETH", 2023)
    data = bytearray(file.read_bytes())
    data[30] ^= 16
    file.write_bytes(data)
    gone.unlink()
    result = xq("data", "verify")
    result.check(
        4,
        stderr="error: 2 files are not what was committed, listed above\n  hint:  xq data repair\n",
    )
    assert [(row["rule"], row["path"]) for row in result.rows] == [
        ("changed", str(file)), ("missing", str(gone)),
    ]  # fmt: skip
    refused = xq("data", "export", "out.csv", "--symbol", "BTC/USDT")
    assert (refused.exit_code, str(file) in refused.stderr) == (4, True)
    assert "hint:  xq data repair" in refused.stderr


def test_accept_mends_a_lost_manifest(xq: Run, lake: Path) -> None:
    for path in (lake / ".xq" / "manifest").rglob("*.json"):
        path.write_text("gone")
    result = xq("data", "verify")
    assert (result.exit_code, {row["rule"] for row in result.rows}) == (4, {"damaged"})
    assert "xq data verify --accept" in result.stderr
    assert xq("data", "verify", "--accept").stderr.endswith("bytes: recorded\n")
    xq("data", "verify").check(0)


def test_du_adds_up(xq: Run, lake: Path) -> None:
    rows = xq("data", "du").rows
    assert {row["part"] for row in rows} == {
        ".xq", "ohlcv BTC/USDT 1h on binance", "ohlcv ETH/USDT 1h on binance",
    }  # fmt: skip
    assert sum(row["share"] for row in rows) == pytest.approx(1, abs=1e-5)
    assert sum(row["bytes"] for row in rows) == sum(
        path.stat().st_size for path in lake.rglob("*") if path.is_file()
    )
    [one] = xq("data", "du", "--by", "exchange", "--kind", "ohlcv").rows
    assert (one["part"], one["files"], one["share"]) == ("binance", 4, 1.0)


def test_compact_reports(xq: Run, lake: Path) -> None:
    result = xq("data", "compact")
    result.check(0, stderr="0 of 4 files rewritten, 0 bytes saved\n")
    assert [row["files"] for row in result.rows] == [2, 2]


def test_rm_needs_a_selection_and_a_yes(xq: Run, lake: Path) -> None:
    result = xq("data", "rm", "--yes")
    result.check(2, stdout="")
    assert result.stderr.startswith("error: expected what to remove: --kind")
    before = sorted(lake.rglob("part.parquet"))
    result = xq("data", "rm", "--symbol", "BTC/USDT")
    result.check(
        2,
        "",
        "error: 1 dataset, 2 files would be removed; expected --yes, as there is no terminal "
        "to ask on\n  hint:  xq data rm --dry-run … shows them\n",
    )
    assert len(xq("data", "rm", "--symbol", "BTC/USDT", "--dry-run").rows) == 1
    assert sorted(lake.rglob("part.parquet")) == before
    xq("data", "rm", "--symbol", "ZZZZ/EUR", "--yes").check(
        4, "", "error: nothing stored matches\n  hint:  xq data ls\n"
    )
    result = xq("data", "rm", "--symbol", "BTC/USDTT", "--yes")
    result.check(
        4,
        "",
        "error: nothing stored matches; did you mean 'BTC/USDT'?\n  hint:  xq data ls\n",
    )


def test_watch_of_nothing_says_so(xq: Run, lake: Path) -> None:
    line = ("data", "watch", "--cycles", "1", "--symbol")
    assert lake.is_dir()
    said = "nothing is stored of ohlcv ZZZZ/EUR 1h on binance yet\n"
    xq(*line, "ZZZZ/EUR").check(0, "", said)
    said = "nothing is stored of ohlcv BTC/USDTT 1h on binance yet; did you mean 'BTC/USDT'?\n"
    xq(*line, "BTC/USDTT").check(0, "", said)
    assert xq(*line, "BTC/USDT").stderr == ""


def test_rm_removes_and_the_rest_stays(xq: Run, lake: Path) -> None:
    [row] = xq("data", "rm", "--symbol", "BTC/USDT", "--yes").rows
    assert (row["dataset"], row["files"]) == ("ohlcv BTC/USDT 1h on binance", 2)
    assert [row["symbol"] for row in xq("data", "ls").rows] == ["ETH/USDT"]
    xq("data", "verify").check(0)


@pytest.mark.parametrize(("typed", "code", "left"), [("y", 0, 1), ("n", 130, 2), ("", 130, 2)])
def test_rm_asks_on_a_terminal(xq: Run, lake: Path, typed: str, code: int, left: int) -> None:
    screen, terminal = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "xq", "data", "rm", "--symbol", "BTC/USDT"],
        cwd=lake.parent,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.write(screen, f"{typed}\n".encode())
    _, stderr = process.communicate(timeout=60)
    for descriptor in (screen, terminal):
        os.close(descriptor)
    assert process.returncode == code, stderr
    assert stderr.startswith("remove ohlcv BTC/USDT 1h on binance: 1 dataset, 2 files, ")
    assert len(xq("data", "ls").rows) == left


def test_watch_shows_the_tail_and_ends_after_its_cycles(xq: Run, lake: Path) -> None:
    rows = xq("data", "watch", "--cycles", "2", "--every", "0", "-n", "1").rows
    assert [row["ts"] for row in rows] == ["2024-01-01T00:00:00Z"]
    xq("data", "watch", "--cycles", "1", "--output", "arrow").check(
        2, "", "error: expected --output jsonl or table, found arrow\n"
    )
