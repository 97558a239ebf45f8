"""``xq data import`` of files that say themselves which market they are of."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
START, HOUR = 1_704_067_200_000, 3_600_000


def _file(folder: Path, name: str, *symbols: str, column: str = "symbol") -> Path:
    """Three bars of each symbol; without symbols three bars and no such column."""
    path = folder / name
    bars = [f"{START + HOUR * n},10,12,9,11,{n + 1}" for n in range(3)]
    if symbols:
        head = f"ts,open,high,low,close,volume,{column}"
        lines = [f"{bar},{symbol}" for symbol in symbols for bar in bars]
    else:
        head, lines = "ts,open,high,low,close,volume", bars
    path.write_text("\n".join([head, *lines]) + "\n")
    return path


@pytest.mark.parametrize(
    ("name", "said", "hint"),
    [
        ("binance_spot_ETHUSDT_1h.csv", "ETHUSDT", "ETH/USDT"),
        ("ETH-USDT 1h.csv", "ETH-USDT", "ETH/USDT"),
        ("BTC-USD.csv", "BTC-USD", "BTC/USD"),
    ],
)
def test_a_plain_name_that_tells_of_another_market_is_not_taken_for_the_configured_one(
    xq: Run, tmp_path: Path, name: str, said: str, hint: str
) -> None:
    path = _file(tmp_path, name)
    xq("data", "import", path).check(
        4,
        "",
        f"error: the name of the file says {said}, expected BTC/USDT\n"
        f"  where: {path}\n"
        f"  hint:  add --symbol {hint}\n",
    )
    assert not (tmp_path / "data").exists()
    [row] = xq("data", "import", path, "--symbol", hint).rows
    assert (row["symbol"], row["added"]) == (hint, 3)


@pytest.mark.parametrize(("said", "hint"), [("AVAXUSDT", "AVAX/USDT"), ("ETH/USDT", "ETH/USDT"),
                                            ("BTC/USDT:USDT", "BTC/USDT:USDT")])  # fmt: skip
@pytest.mark.parametrize("column", ["symbol", "Pair"])
def test_rows_that_name_another_market_are_not_taken_for_the_configured_one(
    xq: Run, tmp_path: Path, said: str, hint: str, column: str
) -> None:
    path = _file(tmp_path, "bars.csv", said, column=column)
    result = xq("data", "import", path)
    assert result.exit_code == 4
    assert f"the rows say {column} {said}, expected BTC/USDT\n" in result.stderr
    assert f"add --symbol {hint}\n" in result.stderr
    assert not (tmp_path / "data").exists()
    [row] = xq("data", "import", path, "--symbol", hint).rows
    assert (row["symbol"], row["added"]) == (hint, 3)


@pytest.mark.parametrize("options", [(), ("--symbol", "ETH/USDT"), ("--quarantine",)])
def test_a_file_of_several_markets_is_refused_as_that_and_not_for_its_repeated_times(
    xq: Run, tmp_path: Path, options: tuple[str, ...]
) -> None:
    path = _file(tmp_path, "universe.csv", "BTCUSDT", "ETHUSDT")
    result = xq("data", "import", path, *options)
    assert result.exit_code == 4
    assert "rows of 2 markets in one file, column symbol: BTCUSDT, ETHUSDT\n" in result.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("said", ["BTCUSDT", "BTC/USDT", "btc-usdt", ""])
def test_rows_that_name_the_market_meant_are_taken(xq: Run, tmp_path: Path, said: str) -> None:
    [row] = xq("data", "import", _file(tmp_path, "binance_BTCUSDT.csv", said)).rows
    assert (row["symbol"], row["added"]) == ("BTC/USDT", 3)


def test_what_sql_wrote_comes_back_as_its_own_market_or_not_at_all(xq: Run, tmp_path: Path) -> None:
    xq("data", "import", _file(tmp_path, "eth.csv"), "--symbol", "ETH/USDT").check(0)
    xq("sql", "select * from ohlcv", "--to", "answer.parquet").check(0)
    refused = xq("data", "import", "answer.parquet")
    assert (refused.exit_code, "expected BTC/USDT" in refused.stderr) == (4, True)
    [row] = xq("data", "import", "answer.parquet", "--symbol", "ETH/USDT").rows
    assert row["unchanged"] == 3
