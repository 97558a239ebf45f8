"""``xq data import`` of perpetuals and of rows that are no bars: stored as meant, or told how."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]
START, HOUR = 1_704_067_200_000, 3_600_000


def _bars(path: Path) -> Path:
    lines = [f"{START + HOUR * n},10,12,9,11,{n + 1}" for n in range(3)]
    path.write_text("\n".join(["ts,open,high,low,close,volume", *lines]) + "\n")
    return path


def _rates(path: Path, rate: float) -> Path:
    path.write_text(f"ts,rate\n{START},{rate}\n")
    return path


def test_futures_holds_for_the_configured_symbol_as_well(xq: Run, tmp_path: Path) -> None:
    [row] = xq("data", "import", _bars(tmp_path / "binance_um_BTCUSDT_1h.csv"), "--futures").rows
    assert row["symbol"] == "BTC/USDT:USDT"


def test_futures_beside_a_spot_symbol_is_refused(xq: Run, tmp_path: Path) -> None:
    path = _bars(tmp_path / "bars.csv")
    xq("data", "import", path, "--symbol", "ETH/USDT", "--futures").check(
        2,
        "",
        "error: perpetuals are to be imported, found --symbol ETH/USDT\n"
        "  hint:  --symbol ETH/USDT:USDT, or without --futures\n",
    )
    assert not (tmp_path / "data").exists()


def test_rows_of_another_kind_name_the_option_that_says_so(xq: Run, tmp_path: Path) -> None:
    refused = xq("data", "import", _rates(tmp_path / "rates.csv", 0.0001))
    assert refused.exit_code == 4
    assert "hint:  add --kind funding\n" in refused.stderr


def test_the_command_that_replaces_rows_names_their_kind(xq: Run, tmp_path: Path) -> None:
    flags = ("--kind", "funding", "--symbol", "BTC/USDT:USDT")
    xq("data", "import", _rates(tmp_path / "old.csv", 0.0001), *flags).check(0)
    refused = xq("data", "import", _rates(tmp_path / "new.csv", 0.0002), *flags)
    [line] = [text for text in refused.stderr.splitlines() if "hint:" in text]
    words = shlex.split(line.partition("xq ")[2].partition(" replaces")[0])
    [row] = xq(*words).rows
    assert (row["kind"], row["replaced"]) == ("funding", 1)
