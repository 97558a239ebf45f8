"""What people type late at night: empty values, symbols as venues write them."""

import shlex
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
    for text in ("USDT", "bitcoin", "₿", "/", "BTC/USDT,ETH/USDT", "BTC/USDT ETH/USDT"):
        result = xq("collect", "--symbol", text)
        assert (result.exit_code, "did you mean" in result.stderr) == (2, False)


def test_a_symbol_never_carries_a_second_word_into_a_hint(xq: Run) -> None:
    for text in ("A/B;rm -rf", "A/B USDT", "A B/USDT", "BTC/'USDT'"):
        result = xq("collect", "--exchange", "sim", "--symbol", text)
        assert result.stderr.startswith(f"error: a symbol is written BASE/QUOTE, found {text!r}")
        assert result.stderr.endswith("  hint:  xq symbols --quote USDT\n")


def test_the_first_word_of_sql_keeps_its_capitals(xq: Run) -> None:
    result = xq("sql", "select 1 limit -1")
    assert result.stderr.startswith("error: LIMIT/OFFSET cannot be negative")


def test_a_backtest_of_a_time_to_come_does_not_advise_to_collect_it(xq: Run) -> None:
    xq("init", ".", "--exchange", "sim").check(0)
    xq("collect", "--days", "3").check(0)
    result = xq("backtest", "--since", "2090-01-01")
    result.check(
        4,
        "",
        "error: no 1h bars of BTC/USDT stored from 2090-01-01 on: they end at 2024-01-01, "
        "and that time is to come\n"
        "  where: ohlcv BTC/USDT 1h on sim\n"
        "  hint:  xq data ls\n",
    )
    result = xq("backtest", "--since", "2024-06-01")
    assert "they end at 2024-01-01\n" in result.stderr
    assert result.stderr.endswith(
        "  hint:  xq collect --symbol BTC/USDT --timeframe 1h --exchange sim --since 2024-01-01\n"
    )


def test_a_collect_into_the_future_says_where_it_ended(xq: Run) -> None:
    asked = ("collect", "--exchange", "sim", "--since", "2023-12-31", "--until")
    result = xq(*asked, "2090-01-01")
    assert (result.exit_code, result.rows[0]["end"]) == (0, "2024-01-01T00:00:00Z")
    assert result.stderr.startswith(
        "--until 2090-01-01T00:00:00Z is to come: the time of sim is 2024-01-01T00:00:"
    )
    assert xq(*asked, "2024-01-01").stderr == ""


def test_a_collect_that_brings_nothing_says_so(xq: Run) -> None:
    asked = ("collect", "--exchange", "sim", "--kind", "trades", "--days", "2",
             "--until", "2024-01-01")  # fmt: skip
    result = xq(*asked)
    assert result.rows[0]["new"] == 0
    assert result.stderr == (
        "BTC/USDT: no new trades in 2023-12-30T00:00:00Z to 2024-01-01T00:00:00Z\n"
    )


def test_a_number_is_repeated_as_it_was_typed(xq: Run) -> None:
    assert xq("collect", "--days", "99999999").stderr.startswith(
        "error: expected --days above 0 and at most 15000, found 99999999\n"
    )


def test_short_numbers_are_shown_as_they_are(xq: Run) -> None:
    result = xq(
        "sql", "select * from (values (42283.58, 1 / 3e0), (37724e0, 2e0)) as t(price, third)",
        "--output", "table",
    )  # fmt: skip
    rows = [line.split() for line in result.stdout.splitlines()[3:5]]
    assert rows == [["42,283.58", "0.333333"], ["37,724.00", "2"]]


def test_config_check_refuses_a_value_that_the_strategy_would(xq: Run, tmp_path: Path) -> None:
    xq("init", ".", "--exchange", "sim").check(0)
    file = tmp_path / "xq.toml"
    text = file.read_text()
    for line, found in (
        ('fast = "x"', "strategy.trend_following.fast: fast must be a whole number"),
        ("fasst = 3", "strategy.trend_following.fasst: no parameter of trend_following named"),
    ):
        file.write_text(f"{text}[strategy.trend_following]\n{line}\n")
        result = xq("config", "check")
        assert result.exit_code == 3
        assert result.stderr.startswith(f"error: {found}")
        assert f"  where: xq.toml:{len(text.splitlines()) + 2}\n" in result.stderr
    file.write_text(f"{text}[strategy.trend_following]\nfast = 20\n")
    xq("config", "check").check(0)


def test_a_lake_that_is_a_file_is_said(xq: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "xq.toml").write_text('[exchange]\nname = "sim"\n[lake]\npath = "file"\n')
    for arguments in (("data", "ls"), ("sql", "select * from ohlcv"), ("collect", "--days", "2")):
        xq(*arguments).check(
            4,
            "",
            "error: expected the lake's folder, found a file\n"
            f"  where: {tmp_path / 'file'}\n"
            "  hint:  xq config explain lake.path\n",
        )
    assert (tmp_path / "file").read_text() == "mine"
    (tmp_path / "xq.toml").write_text('[lake]\npath = ""\n')
    assert xq("data", "ls").exit_code == 3


def test_the_next_step_after_init_can_be_pasted(xq: Run, tmp_path: Path) -> None:
    result = xq("init", "my 'desk'")
    line = shlex.split(result.stderr.removeprefix("next: "))
    assert line == ["cd", str(tmp_path / "my 'desk'"), "&&", "xq", "doctor"]
