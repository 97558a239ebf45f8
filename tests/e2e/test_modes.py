"""``xq trade`` in paper, testnet and live as a person types it, at the exchanges' own names."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.internet import LIVE, MAY_WITHDRAW, RIGHTS, internet
from support.trade_bench import ALWAYS, GUARDED

from xq.sim.ledger import FILE_NAME

Xq = Callable[..., Any]
ROOT = Path(__file__).resolve().parents[2]
PUBLIC = {
    "binance": {"exchangeInfo", "time", "klines", "depth", "fundingRate", "aggTrades"},
    "bybit": {"instruments-info", "time", "kline", "orderbook", "funding"},
}


@dataclass(frozen=True)
class Market:
    """One kind of account at an exchange."""

    exchange: str
    symbol: str
    data_host: str
    test_host: str

    @property
    def strategy(self) -> str:
        """One that the account takes: exits are for contracts."""
        return "guarded" if ":" in self.symbol else "always"

    @property
    def options(self) -> tuple[str, ...]:
        return ("--exchange", self.exchange, "--symbol", self.symbol)


MARKETS = [
    Market("binance", "BTC/USDT:USDT", "fapi.binance.com", "demo-fapi.binance.com"),
    Market("binance", "BTC/USDT", "api.binance.com", "demo-api.binance.com"),
    Market("bybit", "BTC/USDT:USDT", "api.bybit.com", "api-demo.bybit.com"),
]
CONTRACTS = [market for market in MARKETS if ":" in market.symbol]


def named(market: Market) -> str:
    return market.data_host


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "guarded.py").write_text(GUARDED)
    (tmp_path / "strategies" / "always.py").write_text(ALWAYS)
    return tmp_path


def once(xq: Xq, market: Market, mode: str, strategy: str = "") -> Any:
    chosen = ("--strategy", strategy or market.strategy)
    return xq("trade", "--once", "--mode", mode, *market.options, *chosen)


def bought(told: dict[str, Any]) -> None:
    """A decision that bought, and whatever protects it."""
    assert (told["act"], told["problems"]) == ("traded", [])
    (line,) = told["symbols"]
    assert [order["status"] for order in line["orders"]] == ["filled"]
    assert line["position_after"] > 0
    stops = [note for note in told["notes"] if "rests at the venue" in note]
    assert len(stops) == (told["strategy"] == "guarded")


@pytest.mark.parametrize("market", MARKETS, ids=named)
def test_paper_takes_prices_there_and_trades_here(
    market: Market, desk: Path, xq: Xq, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with internet(tmp_path / "net", market.exchange) as net:
        net.enter(monkeypatch)
        done = once(xq, market, "paper")
    done.check(0)
    bought(done.rows[0])
    assert "sends orders at" not in done.stderr
    assert set(net.proxy.asked) == {market.data_host}
    assert net.proxy.signed == []
    asked = {re.split(r"[ ?]", line)[1].rpartition("/")[2] for line in net.proxy.lines}
    assert asked <= PUBLIC[market.exchange] | {"history"}
    assert all(line.startswith("GET ") for line in net.proxy.lines)
    kind = "contracts" if ":" in market.symbol else "spot"
    assert (desk / "state" / "paper" / f"{market.exchange}-{kind}" / FILE_NAME).is_file()


@pytest.mark.parametrize("market", MARKETS, ids=named)
def test_testnet_shows_its_key_to_the_test_hosts_only(
    market: Market, desk: Path, xq: Xq, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with internet(tmp_path / "net", market.exchange) as net:
        net.enter(monkeypatch)
        done = once(xq, market, "testnet")
    done.check(0)
    bought(done.rows[0])
    first = done.stderr.splitlines()[0]
    assert first.startswith(f"testnet:{market.exchange}: money of a test venue; sends orders at ")
    assert market.test_host in first
    assert set(net.proxy.asked) == {market.test_host}
    assert any(line.startswith("POST ") for line in net.proxy.signed)
    assert not any(RIGHTS[market.exchange] in line for line in net.proxy.lines)


@pytest.mark.parametrize("market", MARKETS, ids=named)
def test_live_refuses_until_everything_agrees(
    market: Market, desk: Path, xq: Xq, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    account = f"live:{market.exchange}"
    with internet(tmp_path / "net", market.exchange) as net:
        net.enter(monkeypatch)
        unarmed = once(xq, market, "live")
        assert net.proxy.asked == []
        xq("arm", "--account", "live:kraken", *market.options[:2]).check(3)
        xq("arm", "--account", account, *market.options[:2]).check(0)
        net.proxy.told[RIGHTS[market.exchange]] = MAY_WITHDRAW[market.exchange]
        rich = once(xq, market, "live")
        told, signed = list(net.proxy.lines), list(net.proxy.signed)
        xq("arm", "--off").check(0)
        disarmed = once(xq, market, "live")
    unarmed.check(3, stdout="")
    assert "the state folder belongs to nobody" in unarmed.stderr
    assert "trading is not armed" in unarmed.stderr
    rich.check(3, stdout="")
    assert "the key may withdraw or transfer money" in rich.stderr
    assert all(RIGHTS[market.exchange] in line for line in signed)
    assert signed
    assert not any(line.startswith("POST ") for line in told)
    disarmed.check(3, stdout="")
    assert "trading is not armed" in disarmed.stderr
    assert not list((desk / "state").glob("journal*"))


@pytest.mark.parametrize("market", MARKETS, ids=named)
def test_live_says_what_it_will_do_and_enters_only_with_a_stop(
    market: Market, desk: Path, xq: Xq, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    account = f"live:{market.exchange}"
    with internet(tmp_path / "net", market.exchange) as net:
        net.enter(monkeypatch)
        xq("arm", "--account", account, *market.options[:2]).check(0)
        bare = once(xq, market, "live", "always")
        sent = [line for line in net.proxy.lines if line.startswith("POST ")]
        guarded = once(xq, market, "live", "guarded")
    bare.check(7)
    assert bare.rows[0]["act"] == "stopped"
    assert "live mode enters nothing without a stop_loss" in bare.stderr
    assert not any("order" in line.lower() for line in sent)
    money, plan, limits, *_ = guarded.stderr.splitlines()
    assert money.startswith(f"{account}: REAL MONEY; sends orders at ")
    assert market.data_host in money
    assert plan.startswith(f"strategy guarded on {market.symbol}, 1h bars, leverage 1,")
    assert limits.startswith("at most 20000 an order,")
    assert set(net.proxy.asked) <= set(LIVE[market.exchange])
    if market in CONTRACTS:
        guarded.check(0)
        bought(guarded.rows[0])
    else:
        guarded.check(3, stdout="")
        assert "spot has no reduce-only orders" in guarded.stderr


SERVICES = [("paper", MARKETS[1]), ("testnet", MARKETS[2]), ("live", MARKETS[0])]
NEARLY_NOON_MS = 1_718_452_800_000 - 8_000  # venue time: the next minute closes soon
STRADDLED = "error: the decision's bar must be the last closed one"  # on a slow machine


@pytest.mark.parametrize(("mode", "market"), SERVICES, ids=lambda value: str(value)[:7])
def test_the_service_decides_bar_after_bar(
    mode: str, market: Market, desk: Path, xq: Xq, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with internet(tmp_path / "net", market.exchange, start_ms=NEARLY_NOON_MS) as net:
        net.enter(monkeypatch)
        if mode == "live":
            xq("arm", "--account", f"live:{market.exchange}", *market.options[:2]).check(0)
        told, said = served("--mode", mode, *market.options, "--strategy", market.strategy)
    assert said[-1] == "ended"
    assert [line for line in said if line.startswith("error") and STRADDLED not in line] == []
    first, *_, last = [report for report in told if report["act"] in ("traded", "held")]
    bought(first)
    assert last["bar"] > first["bar"]
    (line,) = last["symbols"]
    assert line["position"] == line["position_after"] > 0
    assert bool(net.proxy.signed) == (mode != "paper")
    assert set(net.proxy.asked) <= set(net.proxy.hosts)


def served(*words: str) -> tuple[list[dict[str, Any]], list[str]]:
    """What a service tells and says until a later bar is held, and it was asked to end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "xq", "trade", *words, "--timeframe", "1m"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "XQ_TRADE__OFFSET_SECONDS": "0.2"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    given_up = threading.Timer(600, process.kill)
    given_up.start()
    with process:
        assert process.stdout is not None
        told = []
        for line in process.stdout:
            told.append(json.loads(line))
            if told[-1]["act"] == "held":
                process.terminate()
                break
        rest, said = process.communicate()
    given_up.cancel()
    assert process.returncode == 0, said
    return told + [json.loads(line) for line in rest.splitlines()], said.splitlines()
