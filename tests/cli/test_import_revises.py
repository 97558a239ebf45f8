"""``xq data import`` of rows that contradict stored ones: refused, or the old ones kept aside."""

import json
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
START, HOUR = 1_704_067_200_000, 3_600_000
SERIES = ("--exchange", "binance", "--symbol", "BTC/USDT", "--timeframe", "1h")


def _file(path: Path, closes: Sequence[object], first: int = 0) -> Path:
    lines = ["ts,open,high,low,close,volume"]
    lines += [
        f"{START + at * HOUR},100,99999,1,{close},5" for at, close in enumerate(closes, start=first)
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def _closes(xq: Run) -> list[float]:
    return [row["close"] for row in xq("sql", "select close from ohlcv order by ts").rows]


@pytest.fixture
def btc(xq: Run, tmp_path: Path) -> Path:
    """Four hours of BTC/USDT, stored."""
    path = _file(tmp_path / "btc.csv", [42000, 42010, 42020, 42030])
    xq("data", "import", path, *SERIES).check(0)
    return path


def test_another_symbols_file_is_refused_with_both_closes(
    xq: Run, btc: Path, tmp_path: Path
) -> None:
    eth = _file(tmp_path / "eth file.csv", [42010, 2300.5, 2301, 2302, 2303], first=1)
    xq("data", "import", eth, *SERIES).check(
        4,
        "",
        "error: 2 of 3 stored bars differ; nothing was changed\n"
        "  first 2024-01-01T02:00:00Z: close 42020.0 stored, 2300.5 given\n"
        f"  where: {eth} against ohlcv BTC/USDT 1h on binance\n"
        f"  hint:  xq data import '{eth}' --exchange binance --symbol BTC/USDT --timeframe 1h "
        "--force replaces them and sets the old ones aside\n",
    )
    assert _closes(xq) == [42000, 42010, 42020, 42030]
    assert xq("data", "quarantine").stdout == ""


def test_following_the_hint_replaces_and_keeps_what_was_there(
    xq: Run, btc: Path, tmp_path: Path
) -> None:
    other = _file(tmp_path / "b.csv", [42000, 1, 2, 42030, 42040])
    hint = xq("data", "import", other, *SERIES).stderr.partition("hint:  xq ")[2]
    result = xq(*shlex.split(hint.partition(" replaces ")[0]))
    result.check(0, stderr="2 stored rows replaced and set aside; see xq data quarantine\n")
    [report] = result.rows
    found = {key: report[key] for key in ("rows", "added", "revised", "unchanged", "replaced")}
    assert found == {"rows": 5, "added": 1, "revised": 2, "unchanged": 2, "replaced": 2}
    assert _closes(xq) == [42000, 1, 2, 42030, 42040]
    kept = xq("data", "quarantine").rows
    assert [(row["rule"], row["dataset"]) for row in kept] == [
        ("replaced", "ohlcv BTC/USDT 1h on binance")
    ] * 2
    assert [json.loads(row["cells"])["close"] for row in kept] == [42010, 42020]
    assert kept[0]["reason"] == (
        "replaced by b.csv: 2024-01-01T01:00:00Z: close 42010.0 stored, 1.0 given"
    )


def test_what_was_replaced_back_and_forth_is_all_kept(xq: Run, btc: Path, tmp_path: Path) -> None:
    second, third = _file(tmp_path / "b.csv", [1]), _file(tmp_path / "c.csv", [2])
    for path in (second, third, second):
        xq("data", "import", path, *SERIES, "--force").check(0)
    kept = [json.loads(row["cells"])["close"] for row in xq("data", "quarantine").rows]
    assert sorted(kept) == [1, 2, 42000]


def test_the_same_rows_new_rows_and_noise_are_fine(xq: Run, btc: Path, tmp_path: Path) -> None:
    [part] = (tmp_path / "data" / "ohlcv").rglob("part.parquet")
    before = part.read_bytes()
    noisy = _file(tmp_path / "noise.csv", [42000 * (1 + 4e-13), 42010, 42020])
    for path in (btc, noisy):
        [report] = xq("data", "import", path, *SERIES).rows
        assert (report["added"], report["revised"], report["replaced"]) == (0, 0, 0)
    assert part.read_bytes() == before
    real = _file(tmp_path / "real.csv", [42000 * (1 + 1e-11)])
    assert xq("data", "import", real, *SERIES).exit_code == 4


def test_a_dry_run_refuses_as_the_import_would(xq: Run, btc: Path, tmp_path: Path) -> None:
    other = _file(tmp_path / "b.csv", [7, 42010])
    result = xq("data", "import", other, *SERIES, "--dry-run")
    assert result.exit_code == 4
    assert "1 of 2 stored bars differ" in result.stderr
    xq("data", "import", other, *SERIES, "--dry-run", "--force").check(0)
    xq("data", "import", btc, *SERIES, "--dry-run").check(0)
    assert _closes(xq) == [42000, 42010, 42020, 42030]


def test_another_field_than_the_close_is_named(xq: Run, btc: Path, tmp_path: Path) -> None:
    other = tmp_path / "b.csv"
    other.write_text(btc.read_text().replace("42010,5", "42010,6"))
    result = xq("data", "import", other, *SERIES)
    assert "first 2024-01-01T01:00:00Z: volume 5.0 stored, 6.0 given\n" in result.stderr


def test_trades_and_funding_are_held_against_stored_ones_too(xq: Run, tmp_path: Path) -> None:
    head = "ts,id,price,quantity,side\n"
    path = tmp_path / "BTCUSDT-trades-2024-01-01.csv"
    path.write_text(f"{head}{START},1,10,1,buy\n{START},2,10,1,sell\n")
    xq("data", "import", path).check(0)
    path.write_text(f"{head}{START},2,10,1,buy\n{START},3,10,1,sell\n")
    result = xq("data", "import", path)
    assert result.exit_code == 4
    assert "1 of 1 stored rows differ" in result.stderr
    assert "side sell stored, buy given" in result.stderr

    path = tmp_path / "BTCUSDT-fundingRate-2024-01.csv"
    path.write_text(f"ts,rate,mark_price\n{START},0.0001,42000\n{START + 8 * HOUR},0.0002,\n")
    xq("data", "import", path).check(0)
    path.write_text(f"ts,rate,mark_price\n{START},0.0001,\n{START + 8 * HOUR},0.0002,43000\n")
    [report] = xq("data", "import", path).rows
    assert (report["unchanged"], report["revised"], report["replaced"]) == (1, 1, 0)
    rows = xq("sql", "select mark_price from funding order by ts").rows
    assert [row["mark_price"] for row in rows] == [42000, 43000]
