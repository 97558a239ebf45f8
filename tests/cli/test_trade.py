"""``xq trade`` and what it leaves behind, as a shell sees them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.trade_bench import ALWAYS
from support.wire_server import closed_port

from xq.live.lock import only_run

Xq = Callable[..., Any]
CONFIG = '[exchange]\nname = "sim"\n[trade]\nstrategy = "always"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "always.py").write_text(ALWAYS)
    (tmp_path / "xq.toml").write_text(CONFIG)
    return tmp_path


def test_once_tells_what_it_did_and_a_second_time_does_nothing(folder: Path, xq: Xq) -> None:
    first = xq("trade", "--once", "--output", "table")
    first.check(0)
    lines = first.stdout.splitlines()
    assert lines[0] == "always on sim, 1h bar of 2023-12-31 23:00, account sim"
    assert lines[1] == (
        "  BTC/USDT closed at 42,283.58; target weight 0.5, that is 0.11824 BTC; held 0 BTC"
    )
    assert lines[2].startswith("    buy 0.11824 BTC at market: filled, 0.11824 at 42,2")
    assert lines[2].endswith("fee 0.00011824 BTC")
    assert lines[3] == "    now held: 0.11812176 BTC"
    assert lines[4].startswith("equity 9,99")
    again = xq("trade", "--once", "--output", "table")
    again.check(
        0, stdout="already decided for the 1h bar of 2023-12-31 23:00, nothing to do\n", stderr=""
    )


def test_a_parameter_is_checked_even_if_the_bar_is_decided(folder: Path, xq: Xq) -> None:
    xq("trade", "--once").check(0)
    for value in ("weight=nan", "wait=1"):
        refused = xq("trade", "--once", "--param", value)
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert refused.stderr.startswith(("error: weight must be", "error: no parameter named"))
    again = xq("trade", "--once", "--param", "weight=0.25")
    assert (again.exit_code, again.rows[0]["act"]) == (0, "nothing to do")


def test_json_is_one_object(folder: Path, xq: Xq) -> None:
    done = xq("trade", "--once", "--symbol", "BTC/USDT:USDT", "--param", "weight=-0.25",
              "--output", "json")  # fmt: skip
    done.check(0)
    told = json.loads(done.stdout)
    assert (told["act"], told["strategy"], told["bar"]) == (
        "traded", "always", "2023-12-31T23:00:00Z",
    )  # fmt: skip
    (line,) = told["symbols"]
    assert (line["synthetic"], line["target_weight"]) == (True, -0.25)
    (order,) = line["orders"]
    assert (order["side"], order["status"], order["filled"]) == ("sell", "filled", 0.059)
    assert set(order["fees"]) == {"USDT"}
    assert line["position_after"] == -0.059
    (nothing,) = xq("trade", "--once", "--symbol", "BTC/USDT:USDT").rows
    assert nothing["act"] == "nothing to do"


def test_the_lake_has_a_copy_of_everything(folder: Path, xq: Xq) -> None:
    xq("trade", "--once").check(0)
    (order,) = xq("sql", "select symbol, side, status, filled, mode, fee_asset from orders").rows
    assert order == {
        "symbol": "BTC/USDT", "side": "buy", "status": "filled", "filled": 0.11824,
        "mode": "sim", "fee_asset": "BTC",
    }  # fmt: skip
    joined = (
        "select s.target_weight, s.close = b.close as same from signals s "
        "join ohlcv b on b.ts = s.ts and b.symbol = s.symbol"
    )
    assert xq("sql", joined).rows == [{"target_weight": 0.5, "same": True}]
    assert xq("sql", "select count(*) as n from fills").rows == [{"n": 1}]
    assert xq("sql", "select strategy from equity").rows == [{"strategy": "always"}] * 2


def test_books_and_venue_side_by_side(folder: Path, xq: Xq) -> None:
    for command in ("orders", "fills", "equity"):
        refused = xq(command)
        refused.check(4)
        assert "nothing has been traded yet" in refused.stderr
    nothing = xq("positions")
    assert (nothing.rows, nothing.stderr) == ([], "nothing is held, nothing was traded\n")
    xq("trade", "--once").check(0)
    (order,) = xq("orders", "--symbol", "BTC/USDT").rows
    (fill,) = xq("fills", "--limit", "5").rows
    assert order["client_id"] == fill["client_id"]
    assert xq("orders", "--symbol", "ETH/USDT").rows == []
    assert xq("orders", "--venue").rows == []
    (held,) = xq("positions").rows
    assert (held["books"], held["venue"], held["agrees"]) == (0.11812176, 0.11812176, True)
    (by_books,) = xq("positions", "--books").rows
    assert (by_books["books"], by_books["venue"]) == (0.11812176, None)
    before, after = xq("equity").rows
    assert before["equity"] == 10_000 > after["equity"]
    other = xq("orders", "--mode", "paper")
    other.check(4)


def test_positions_of_both_wallets_are_shown_whatever_is_configured(folder: Path, xq: Xq) -> None:
    perpetual = ("--symbol", "BTC/USDT:USDT")
    xq("trade", "--once", *perpetual).check(0)
    (alone,) = xq("positions").rows
    assert (alone["symbol"], alone["books"], alone["agrees"]) == ("BTC/USDT:USDT", 0.118, True)
    assert alone["venue"] == alone["books"]
    xq("trade", "--once").check(0)
    both = xq("positions").rows
    assert [(row["symbol"], row["agrees"]) for row in both] == [
        ("BTC/USDT", True), ("BTC/USDT:USDT", True),
    ]  # fmt: skip


def test_a_crontab_line_that_would_always_fail_is_not_printed(folder: Path, xq: Xq) -> None:
    for arguments in (("--param", "weight=nan"), ("--strategy", "alway"), ("--symbol", "BTC")):
        refused = xq("trade", "--crontab", *arguments)
        assert (refused.exit_code, refused.stdout) == (2, "")
    assert not (folder / "state").exists()


def test_a_dry_run_leaves_no_trace(folder: Path, xq: Xq) -> None:
    planned = xq("trade", "--dry-run", "--output", "table")
    planned.check(0)
    assert "would buy 0.11824 BTC at market, about 42,2" in planned.stdout
    assert not list((folder / "state").glob("journal*"))
    nothing = xq("positions")
    assert (nothing.rows, nothing.stderr) == ([], "nothing is held, nothing was traded\n")
    xq("trade", "--once").check(0)
    told = xq("trade", "--dry-run", "--param", "weight=0").rows[0]
    (order,) = told["symbols"][0]["orders"]
    assert (order["side"], order["status"]) == ("sell", "planned")
    assert len(xq("orders").rows) == 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--strategy", "alwys"], 2, "no strategy named 'alwys'; did you mean 'always'?"),
        (["--symbol", "BTC/USD"], 2, "no symbol on sim named 'BTC/USD'; did you mean 'BTC/USDT'?"),
        (["--symbol", "BTC"], 2, "a symbol is written BASE/QUOTE"),
        (["--symbol", "BTC/USDT", "--symbol", "BTC/USDT:USDT"], 2, "one run trades symbols of one"),
        (["--timeframe", "7m"], 2, "no timeframe named '7m'"),
        (["--param", "wieght=1"], 2, "wieght"),
        (["--param", "weight"], 2, "a parameter is written name=value"),
        (["--param", "weight=3"], 2, "between -1 and 1"),
        (["--mode", "mars"], 2, "trade.mode"),
        (["--param", "weight=-0.5"], 5, "spot cannot be held short, found weight -0.5"),
    ],
)
def test_bad_input_is_one_clear_error(
    folder: Path, xq: Xq, words: list[str], code: int, said: str
) -> None:
    refused = xq("trade", "--once", *words)
    refused.check(code, stdout="")
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_limit_refuses_before_anything_is_sent(
    folder: Path, xq: Xq, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XQ_RISK__MAX_ORDER_NOTIONAL", "100")
    refused = xq("trade", "--once")
    refused.check(7)
    assert "order notional must be at most 100.00" in refused.stderr
    assert "hint:  xq config explain risk.max_order_notional" in refused.stderr
    assert json.loads(refused.stdout)["act"] == "stopped"
    monkeypatch.delenv("XQ_RISK__MAX_ORDER_NOTIONAL")
    xq("trade", "--once").check(0)  # nothing had left, so the bar was still open
    assert len(xq("orders").rows) == 1


@pytest.mark.parametrize(
    ("mode", "code", "words"),
    [
        ("testnet", 2, "no exchange with test hosts named 'sim'"),
        ("live", 3, "real money is not traded"),
    ],
)
def test_real_money_is_refused_before_anything_is_touched(
    folder: Path, xq: Xq, mode: str, code: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = xq("trade", "--once", "--mode", mode)
    bare.check(3, stdout="")
    assert "needs XQ_API_KEY and XQ_API_SECRET" in bare.stderr
    monkeypatch.setenv("XQ_API_KEY", "key-that-must-not-be-shown")
    monkeypatch.setenv("XQ_API_SECRET", "secret-that-must-not-be-shown")
    keyed = xq("trade", "--mode", mode)
    keyed.check(code, stdout="")
    assert words in keyed.stderr
    assert "must-not-be-shown" not in keyed.stderr
    assert not (folder / "state").exists()


def test_an_exchange_out_of_reach_is_said(
    folder: Path, xq: Xq, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = f"http://127.0.0.1:{closed_port()}"
    monkeypatch.setenv("HTTPS_PROXY", nobody)
    refused = xq("trade", "--once", "--mode", "paper", "--exchange", "binance")
    refused.check(6, stdout="")
    assert "--exchange sim" in refused.stderr


def test_a_running_trade_is_named(folder: Path, xq: Xq) -> None:
    with only_run(folder / "state" / "trade-sim.lock"):
        refused = xq("trade", "--once")
    refused.check(75, stdout="")
    assert f"another xq trade is running as process {os.getpid()}" in refused.stderr


@pytest.mark.parametrize(
    ("timeframe", "schedule"),
    [("1m", "* * * * *"), ("3m", "*/3 * * * *"), ("5m", "*/5 * * * *"), ("1h", "1-59/5 * * * *")],
)
def test_the_crontab_line_is_absolute_and_whole(
    folder: Path, xq: Xq, timeframe: str, schedule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = folder / "bin 50%" / "xq"
    script.parent.mkdir()
    script.write_text("")
    monkeypatch.setattr(sys, "argv", [str(script)])
    monkeypatch.setenv("XQ_RISK__MAX_LEVERAGE", "2")
    printed = xq("trade", "--crontab", "--timeframe", timeframe, "--param", "weight=0.25")
    printed.check(
        0,
        stdout=f"{schedule} cd {folder} && XQ_RISK__MAX_LEVERAGE=2 '{folder}/bin 50\\%/xq' "
        f"trade --once --timeframe {timeframe} --param weight=0.25\n"
        f"* * * * * cd {folder} && XQ_RISK__MAX_LEVERAGE=2 '{folder}/bin 50\\%/xq' "
        "watchdog --once\n",
    )
    assert not (folder / "state").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_loop_trades_and_ends_when_asked(folder: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "xq", "trade", "--timeframe", "1h"]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert first["act"] == "traded"
    assert (process.returncode, said) == (0, "ended\n")


def test_a_tick_that_fails_is_told_and_the_loop_goes_on(
    folder: Path, xq: Xq, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{closed_port()}")
    ended = xq("trade", "--mode", "paper", "--exchange", "binance", "--cycles", "1")
    assert ended.exit_code == 0
    assert "error: binance cannot be reached" in ended.stderr
    assert ended.stderr.endswith("ended\n")
