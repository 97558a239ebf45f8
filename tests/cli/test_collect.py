"""``xq collect`` on the embedded venue: rows, resume, stdin, wrong input."""

from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., Any]
SIM = ("--exchange", "sim")


def test_thirty_days_of_recorded_hours(xq: Run) -> None:
    result = xq("collect", *SIM, "--symbol", "BTC/USDT", "--days", "30")
    result.check(0, stderr="")
    [row] = result.rows
    assert row == row | {
        "symbol": "BTC/USDT",
        "timeframe": "1h",
        "start": "2023-12-02T00:00:00Z",
        "end": "2024-01-01T00:00:00Z",
        "bars": 720,
        "new": 720,
        "missing": 0,
        "source": "recorded",
    }


def test_a_second_run_brings_nothing_new_and_a_longer_one_only_the_rest(xq: Run) -> None:
    xq("collect", *SIM, "--days", "2").check(0)
    [again] = xq("collect", *SIM, "--days", "2").rows
    [longer] = xq("collect", *SIM, "--days", "3").rows
    assert (again["bars"], again["new"]) == (48, 0)
    assert (longer["bars"], longer["new"]) == (72, 24)


def test_what_the_venue_lacks_is_said_and_remembered(xq: Run) -> None:
    line = ("collect", *SIM, "--since", "2023-03-24", "--until", "2023-03-26")
    result = xq(*line)
    result.check(0, stderr="BTC/USDT 1h: no bars before 2023-03-25T00:00:00Z\n")
    [row] = result.rows
    assert (row["start"], row["bars"], row["missing"]) == ("2023-03-25T00:00:00Z", 24, 24)
    assert xq(*line).rows[0]["new"] == 0


def test_a_range_without_any_bar(xq: Run) -> None:
    result = xq("collect", *SIM, "--timeframe", "1m", "--days", "1")
    result.check(
        4,
        stderr="BTC/USDT 1m: no bars in 2023-12-31T00:00:00Z to 2024-01-01T00:00:00Z\n"
        "error: sim does not have any of the 1,440 bars wanted\n"
        "  where: BTC/USDT 1m\n"
        "  hint:  another --timeframe, or another time: --since, --until\n",
    )
    assert result.rows[0]["bars"] == 0


def test_quiet_says_nothing(xq: Run) -> None:
    line = ("collect", *SIM, "--since", "2023-03-24", "--until", "2023-03-26", "--quiet")
    xq(*line).check(0, stderr="")


def test_epoch_and_iso_mean_the_same(xq: Run) -> None:
    [iso] = xq("collect", *SIM, "--since", "2023-12-31T00:00Z").rows
    [epoch] = xq("collect", *SIM, "--since", "1703980800").rows
    assert (iso["start"], iso["end"]) == (epoch["start"], epoch["end"])
    assert (iso["new"], epoch["new"]) == (24, 0)


def test_symbols_come_from_stdin_as_rows_or_words(xq: Run) -> None:
    rows = xq("symbols", *SIM, "--limit", "3").stdout
    result = xq("collect", *SIM, "--symbol", "-", "--days", "1", stdin=rows + "\nbtc/usdt:usdt\n")
    result.check(0)
    assert [row["symbol"] for row in result.rows] == [
        "BTC/USDT",
        "ETH/USDT",
        "SOL/USDT",
        "BTC/USDT:USDT",
    ]
    assert {row["source"] for row in result.rows[1:]} == {"synthetic"}
    assert {row["new"] for row in result.rows} == {24}


def test_a_repeated_symbol_counts_once(xq: Run) -> None:
    both = ("--symbol", "BTC/USDT", "--symbol", "btc/usdt")
    assert len(xq("collect", *SIM, *both, "--days", "1").rows) == 1


WRONG = [
    (("--symbol", "BTC/USTD"), 2, "no symbol named 'BTC/USTD'; did you mean 'BTC/USDT'?"),
    (
        ("--symbol", "BTCUSDT"),
        2,
        "a symbol is written BASE/QUOTE, found 'BTCUSDT'; did you mean BTC/USDT?",
    ),
    (("--timeframe", "1x"), 2, "no timeframe named '1x'"),
    (("--since", "tomorrow"), 2, "expected a date like 2024-01-31"),
    (("--since", "2031-01-01"), 2, "no closed 1h bar between"),
    (("--since", "2023-12-01", "--days", "3"), 2, "expected --since or --days, found both"),
    (("--days", "many"), 2, "invalid value for '--days'"),
    (("--exchange", "binanse"), 2, "no exchange named 'binanse'; did you mean 'binance'?"),
    (("--symbol", "-"), 2, "expected symbols on stdin, found none"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), WRONG)
def test_wrong_input_is_one_clear_error(
    xq: Run, arguments: tuple[str, ...], code: int, message: str
) -> None:
    given = arguments if "--exchange" in arguments else (*SIM, *arguments)
    result = xq("collect", *given)
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr.startswith("error: ")
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_json_line_without_a_symbol_is_refused(xq: Run) -> None:
    result = xq("collect", *SIM, "--symbol", "-", stdin='{"price": 1}\n')
    result.check(2)
    assert "expected a symbol or a JSON object with one" in result.stderr


def test_defaults_come_from_the_config(xq: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XQ_EXCHANGE__NAME", "sim")
    monkeypatch.setenv("XQ_COLLECT__TIMEFRAME", "4h")
    monkeypatch.setenv("XQ_COLLECT__DAYS", "2")
    monkeypatch.setenv("XQ_COLLECT__SYMBOLS", "ETH/USDT")
    [row] = xq("collect").rows
    assert (row["symbol"], row["timeframe"], row["bars"]) == ("ETH/USDT", "4h", 12)
