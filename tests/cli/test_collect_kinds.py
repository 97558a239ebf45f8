"""``xq collect --kind`` on the embedded venue: funding, trades, instruments, and whose symbols."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
SIM = ("--exchange", "sim")
PERPETUAL = ("--symbol", "BTC/USDT:USDT")


def test_funding_and_then_only_what_is_missing(xq: Run) -> None:
    line = ("collect", *SIM, *PERPETUAL, "--kind", "funding", "--until", "2024-01-01", "--days")
    [few], [more] = xq(*line, "3").rows, xq(*line, "30").rows
    assert (few["new"], more["new"], more["via"], more["bars"]) == (9, 81, "rest", None)
    assert xq("sql", "select count(*) as n from funding").rows == [{"n": 90}]


def test_trades_have_no_hole_in_their_ids(xq: Run) -> None:
    line = ("collect", *SIM, *PERPETUAL, "--kind", "trades", "--until", "2024-01-01")
    xq(*line, "--since", "2023-12-31T22:00").check(0)
    xq(*line, "--since", "2023-12-31T19:00").check(0)
    [row] = xq("sql", "select count(*) as n, max(id) - min(id) + 1 as span from trades").rows
    assert row["n"] == row["span"] > 1_000
    sides = "select count(*) as n from trades where side in ('buy', 'sell')"
    assert xq("sql", sides).rows == [{"n": row["n"]}]


def test_instruments_are_stored_once_until_they_change(xq: Run, tmp_path: Path) -> None:
    both = (*PERPETUAL, "--symbol", "ETH/USDT", "--kind", "instruments")
    assert [row["new"] for row in xq("collect", *SIM, *both).rows] == [1, 1]
    assert [row["new"] for row in xq("collect", *SIM, *both).rows] == [0, 0]
    rows = xq("sql", "select symbol, tick, lot, brackets from instruments order by symbol").rows
    assert [(row["symbol"], row["tick"], row["lot"]) for row in rows] == [
        ("BTC/USDT:USDT", 0.1, 0.001),
        ("ETH/USDT", 0.01, 0.0001),
    ]
    assert '"maxLeverage":125' in rows[0]["brackets"]
    assert rows[1]["brackets"] is None


def test_all_symbols_of_a_quote(xq: Run) -> None:
    rows = xq(
        "collect", *SIM, "--all-symbols", "--quote", "usdt", "--contracts", "--days", "1"
    ).rows
    assert len(rows) == len({row["symbol"] for row in rows}) == 650
    assert {(row["new"], row["via"]) for row in rows} == {(24, "rest")}


def test_symbols_of_a_file(xq: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("# mine\nBTC/USDT\n\neth/usdt  # the other\nBTC/USDT\n")
    rows = xq("collect", *SIM, "--symbols-file", "mine.txt", "--days", "1").rows
    assert [row["symbol"] for row in rows] == ["BTC/USDT", "ETH/USDT"]


WRONG = [
    (("--kind", "fundin"), "no kind of market data named 'fundin'; did you mean 'funding'?"),
    (("--kind", "funding"), "funding is of contracts, found BTC/USDT"),
    (("--kind", "trades", "--timeframe", "1h"), "trades has no timeframe, found 1h"),
    (("--kind", "instruments", "--days", "3"), "instruments is taken as it stands now"),
    (("--kind", "book_snapshot", "--since", "2024-01-01"), "found --since"),
    (("--quote", "USDT"), "--quote and --contracts go with --all-symbols"),
    (("--all-symbols", "--quote", "USTD"), "no quote asset named 'USTD'; did you mean 'USDT'?"),
    (("--all-symbols", *PERPETUAL), "--all-symbols needs no other symbols"),
    (("--symbols-file", "nowhere.txt"), "cannot read the symbols"),
    (("--source", "archive"), "no archive of sim is known"),
    (("--source", "torrent"), "invalid value for '--source'"),
]


@pytest.mark.parametrize(("options", "message"), WRONG)
def test_wrong_input_is_one_clear_error(xq: Run, options: tuple[str, ...], message: str) -> None:
    result = xq("collect", *SIM, *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr.lower() or message in result.stderr
