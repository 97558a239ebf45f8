"""What people type late at night: empty values, symbols as venues write them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.mark.parametrize(
    ("arguments", "flag"),
    [
        (("collect", "--timeframe", ""), "--timeframe"),
        (("collect", "--symbol=", "--days", "2"), "--symbol"),
        (("indicators", "ema:20", "--timeframe", ""), "--timeframe"),
        (("symbols", "--quote", ""), "--quote"),
        (("data", "ls", "--kind="), "--kind"),
        (("data", "import", "x.csv", "--exchange", ""), "--exchange"),
        (("config", "show", "--config", ""), "--config"),
        (("sql", "select 1", "--to", ""), "--to"),
    ],
)
def test_an_empty_value_is_not_taken_for_the_default(
    xq: Run, tmp_path: Path, arguments: tuple[str, ...], flag: str
) -> None:
    xq(*arguments).check(2, "", f"error: expected a value for {flag}, found an empty one\n")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_value_inside_a_parameter_is_a_value(xq: Run) -> None:
    assert xq("sql", "select $a as a", "--param", "a=").rows == [{"a": ""}]
    assert xq("sql", "select $a as a", "--param=a=").rows == [{"a": ""}]


def test_init_of_an_empty_name_does_not_take_this_folder(xq: Run, tmp_path: Path) -> None:
    xq("init", "").check(
        2, "", "error: expected a folder, found an empty name\n  hint:  xq init my-folder\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["BTCUSDT", "btcusdt", "BTC-USDT", "btc_usdt", "BTC USDT"])
@pytest.mark.parametrize("command", [("collect",), ("indicators", "ema:20"), ("backtest",)])
def test_symbols_as_venues_write_them_are_answered_with_ours(
    xq: Run, command: tuple[str, ...], text: str
) -> None:
    result = xq(*command, "--symbol", text)
    assert (result.exit_code, "; did you mean BTC/USDT?" in result.stderr) == (2, True)


def test_what_is_no_symbol_at_all_gets_no_guess(xq: Run) -> None:
    for text in ("USDT", "bitcoin", "₿", "/"):
        result = xq("collect", "--symbol", text)
        assert (result.exit_code, "did you mean" in result.stderr) == (2, False)


def test_the_first_word_of_sql_keeps_its_capitals(xq: Run) -> None:
    result = xq("sql", "select 1 limit -1")
    assert result.stderr.startswith("error: LIMIT/OFFSET cannot be negative")
