"""``xq data``: exit code, stdout and stderr of whole command lines."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

Run = Callable[..., Any]
HEAD = "ts,open,high,low,close,volume\n"


@pytest.fixture
def bars(tmp_path: Path) -> Path:
    """Three hours of 2024-01-01 with the second hour missing."""
    path = tmp_path / "bars.csv"
    path.write_text(HEAD + "2024-01-01T00:00Z,10,12,9,11,1\n2024-01-01T02:00Z,11,12,10,10.5,2\n")
    return path


def test_an_empty_lake_lists_nothing_and_says_what_to_do(xq: Run, tmp_path: Path) -> None:
    looked = (
        "the lake is empty; try: xq collect --symbol BTC/USDT --days 30\n"
        f"looked in {tmp_path / 'data'}"
    )
    xq("data", "ls").check(0, "", f"{looked}; there is no xq.toml here or above, see xq init\n")
    (tmp_path / "xq.toml").write_text("")
    xq("data", "ls").check(0, "", f"{looked}\n")
    xq("data", "check").check(0, "", "no fault found\n")
    xq("data", "ls", "--quiet").check(0, "", "")


def test_import_then_list(xq: Run, bars: Path) -> None:
    result = xq("data", "import", bars, "--exchange", "binance", "--symbol", "BTC/USDT",
                "--timeframe", "1h")  # fmt: skip
    result.check(0, stderr="")
    assert result.rows == [
        {"file": str(bars), "layout": "plain", "kind": "ohlcv", "exchange": "binance",
         "symbol": "BTC/USDT", "timeframe": "1h", "start": "2024-01-01T00:00:00Z",
         "end": "2024-01-01T03:00:00Z", "rows": 2, "added": 2, "revised": 0, "unchanged": 0,
         "gaps": 1, "quarantined": 0, "replaced": 0, "ignored": [], "stored": True,
         "error": None}
    ]  # fmt: skip
    [row] = xq("data", "ls").rows
    assert {key: row[key] for key in ("kind", "symbol", "rows", "gaps", "missing")} == {
        "kind": "ohlcv", "symbol": "BTC/USDT", "rows": 2, "gaps": 1, "missing": 1,
    }  # fmt: skip
    assert xq("data", "import", bars).rows[0]["unchanged"] == 2
    assert "BTC/USDT" in xq("data", "ls", "--output", "table").stdout
    assert xq("data", "ls", "--kind", "trades").stdout == ""


def test_a_dry_run_stores_nothing(xq: Run, bars: Path, tmp_path: Path) -> None:
    [report] = xq("data", "import", bars, "--dry-run").rows
    assert (report["rows"], report["added"], report["stored"]) == (2, 0, False)
    assert not (tmp_path / "data").exists()


def test_poison_is_refused_by_row_and_nothing_is_stored(
    xq: Run, bars: Path, tmp_path: Path
) -> None:
    with bars.open("a") as file:
        file.write("2024-01-01T03:00Z,10,9,11,10,1\n2024-01-01T04:00Z,x,9,11,10,1\n")
    xq("data", "import", bars).check(
        4,
        "",
        "error: 2 rows cannot be true; nothing was stored\n"
        "  row 3: high 9.0 is below low 11.0 (high_below_low)\n"
        "  row 4: open is no number: 'x' (unreadable)\n"
        f"  where: {bars}\n",
    )
    assert not (tmp_path / "data").exists()


def test_columns_that_bars_do_not_have_are_named(xq: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(HEAD.replace("\n", ",vwap\n") + "2024-01-01,10,12,9,11,1,10.7\n")
    result = xq("data", "import", path)
    assert result.stderr == "columns not taken: vwap\n"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--timeframe", "1H"), 2, "no timeframe named '1H'; did you mean '1h'?"),
        (
            ("--symbol", "BTCUSDT"),
            2,
            "a symbol is written BASE/QUOTE, found 'BTCUSDT'; did you mean BTC/USDT?",
        ),
        (("--exchange", "Bin ance"), 2, "expected an exchange like binance, found 'Bin ance'"),
    ],
)
def test_wrong_names_are_usage_errors(
    xq: Run, bars: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    result = xq("data", "import", bars, *arguments)
    result.check(code, stdout="")
    assert result.stderr.startswith(f"error: {message}\n")


def test_an_unknown_kind_is_suggested(xq: Run) -> None:
    result = xq("data", "ls", "--kind", "ohlc")
    result.check(2, stdout="")
    assert "did you mean 'ohlcv'?" in result.stderr


def test_check_lists_what_it_finds_and_exits_4(xq: Run, bars: Path, tmp_path: Path) -> None:
    xq("data", "import", bars)
    result = xq("data", "check")
    result.check(4, stderr="error: 1 fault in the lake, listed above\n")
    [gap] = result.rows
    assert (gap["rule"], gap["hint"]) == (
        "gap",
        "xq collect --symbol BTC/USDT --timeframe 1h --exchange binance"
        " --since 2024-01-01T01:00:00Z --until 2024-01-01T02:00:00Z",
    )
    [file] = (tmp_path / "data").rglob("part.parquet")
    file.write_text("broken")
    result = xq("data", "check")
    assert (result.exit_code, [row["rule"] for row in result.rows]) == (4, ["corrupt_file"])
    assert xq("data", "ls").rows[0]["unreadable"] == 1


def test_export_writes_whole_files_and_keeps_existing_ones(
    xq: Run, bars: Path, tmp_path: Path
) -> None:
    xq("data", "import", bars)
    out = tmp_path / "out.csv"
    xq("data", "export", out).check(0)
    size = out.stat().st_size
    again = xq("data", "export", out, "--force")
    assert again.rows == [{"path": str(out), "rows": 2, "bytes": size, "derived_from": None}]
    assert out.read_text().splitlines()[1] == '"2024-01-01T00:00:00Z",10,12,9,11,1'
    xq("data", "export", out).check(
        2, "", f"error: the file exists\n  where: {out}\n  hint:  add --force to replace it\n"
    )
    xq("data", "export", out, "--force", "--since", "2024-01-01T01:00Z").check(0)
    assert len(out.read_text().splitlines()) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bars.csv", "data", "out.csv"]


def test_what_is_exported_can_be_imported_again(xq: Run, bars: Path, tmp_path: Path) -> None:
    xq("data", "import", bars)
    for name in ("o.csv", "o.parquet"):
        xq("data", "export", tmp_path / name).check(0)
        xq("data", "import", tmp_path / name, "--symbol", "ETH/USDT").check(0)
    hashes = {path.read_bytes() for path in (tmp_path / "data").rglob("part.parquet")}
    assert len(hashes) == 1
    lines = tmp_path / "o.jsonl"
    xq("data", "export", lines).check(0)
    assert json.loads(lines.read_text().splitlines()[1])["ts"] == "2024-01-01T02:00:00Z"
    assert pq.ParquetFile(tmp_path / "o.parquet").metadata.num_rows == 2


def test_export_of_nothing_says_how_to_bring_it(xq: Run, tmp_path: Path) -> None:
    result = xq("data", "export", tmp_path / "x.csv", "--symbol", "eth/usdt")
    result.check(4, "", "error: no 1h bars of ETH/USDT stored\n"
                 "  where: ohlcv ETH/USDT 1h on binance\n"
                 "  hint:  xq collect --symbol ETH/USDT --timeframe 1h --exchange binance "
                 "--days 30\n")  # fmt: skip
    result = xq("data", "export", tmp_path / "x.txt", "--symbol", "eth/usdt")
    assert (result.exit_code, list(tmp_path.iterdir())) == (4, [])


def test_a_damaged_format_statement_is_an_error(xq: Run, bars: Path, tmp_path: Path) -> None:
    xq("data", "import", bars)
    (tmp_path / "data" / ".xq" / "format.json").write_text('{"format": 9}')
    result = xq("data", "ls")
    result.check(4, stdout="")
    assert result.stderr.startswith("error: the lake has format 9, this xq knows 1\n")


def test_recorded_bars_pass_through_import_ls_and_export(
    xq: Run, market_data: Path, tmp_path: Path
) -> None:
    source = market_data / "ohlcv" / "binance_spot_ARBUSDT_1h.parquet"
    [report] = xq("data", "import", source, "--symbol", "ARB/USDT").rows
    assert (report["rows"], report["gaps"]) == (6051, 1)
    out = tmp_path / "arb.parquet"
    xq("data", "export", out, "--symbol", "ARB/USDT").check(0)
    wanted = pq.ParquetFile(source).read()
    assert pq.ParquetFile(out).read().cast(wanted.schema).equals(wanted)
    dirty = market_data / "dirty" / "gapless_BTCUSDT_1h_slices.parquet"
    result = xq("data", "import", dirty)
    result.check(4, stdout="")
    assert "row 34: 2018-02-09T09:28:14Z is no 1h edge (off_grid)" in result.stderr
