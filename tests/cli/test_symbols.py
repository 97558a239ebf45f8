"""``xq symbols`` on the embedded venue."""

from collections.abc import Callable
from typing import Any

Run = Callable[..., Any]
SIM = ("--exchange", "sim")


def test_bitcoin_first_then_by_volume(xq: Run) -> None:
    result = xq("symbols", *SIM, "--quote", "usdt")
    result.check(0, stderr="")
    rows = result.rows
    assert rows[0]["symbol"] == "BTC/USDT"
    assert rows[0]["source"] == "recorded"
    volumes = [row["quote_volume"] for row in rows[1:]]
    assert volumes == sorted(volumes, reverse=True)
    assert len(rows) > 25
    assert {row["source"] for row in rows[1:]} == {"synthetic"}


def test_contracts(xq: Run) -> None:
    rows = xq("symbols", *SIM, "--contracts", "--limit", "2").rows
    assert [row["symbol"] for row in rows] == ["BTC/USDT:USDT", "ETH/USDT:USDT"]


def test_an_unknown_quote_asset(xq: Run) -> None:
    result = xq("symbols", *SIM, "--quote", "USTD")
    result.check(2, stdout="")
    assert "no quote asset named 'USTD'; did you mean 'USDT'?" in result.stderr


def test_a_limit_below_one(xq: Run) -> None:
    result = xq("symbols", *SIM, "--limit", "0")
    result.check(
        2,
        stderr=(
            "error: invalid value for '--limit': expected at least 1\n  hint:  xq symbols --help\n"
        ),
    )
