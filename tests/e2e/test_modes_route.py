"""One order over two exchanges, each of which is shown its own key and no other."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.internet import MAY_WITHDRAW, RIGHTS, TEST, Internet, internet
from support.wire_server import closed_port

Xq = Callable[..., Any]
KEYS = {
    "XQ_API_KEY_BINANCE": "sim",
    "XQ_API_SECRET_BINANCE": "sim",
    "XQ_API_KEY_BYBIT": "alice",
    "XQ_API_SECRET_BYBIT": "alice-secret",
}
WIDE = {
    "XQ_TRADE__LEVERAGE": "50",
    "XQ_RISK__MAX_LEVERAGE": "100",
    "XQ_RISK__MAX_ORDER_NOTIONAL": "1000000",
    "XQ_RISK__MAX_POSITION_NOTIONAL": "1000000",
}
ORDER = ("--symbol", "BTC/USDT:USDT", "--side", "buy", "--quantity", "8", "--over", "1s")
ROUTE = ("--slices", "1", "--route", "binance,bybit", "--mode")


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Internet]:
    with internet(tmp_path / "net", "binance", "bybit") as made:
        made.environ |= KEYS | WIDE
        made.enter(monkeypatch)
        yield made


def test_testnet_shows_each_exchange_its_own_key(net: Internet, xq: Xq) -> None:
    done = xq("execute", "twap", *ORDER, *ROUTE, "testnet")
    done.check(0)
    assert [row["venue"] for row in done.rows] == ["binance", "bybit"]
    assert all(row["filled"] > 0 for row in done.rows)
    for name in ("binance", "bybit"):
        assert f"testnet:{name}: money of a test venue; sends orders at " in done.stderr
    assert set(net.proxy.asked) <= {*TEST["binance"], *TEST["bybit"]}
    sent = [line for line in net.proxy.signed if line.startswith("POST ")]
    assert any("/fapi/v1/order" in line for line in sent)
    assert any("/v5/order/create" in line for line in sent)


def test_live_wants_each_account_armed_and_each_key_harmless(net: Internet, xq: Xq) -> None:
    xq("arm", "--account", "live:binance", "--exchange", "binance").check(0)
    unarmed = xq("execute", "twap", *ORDER, *ROUTE, "live")
    unarmed.check(3, stdout="")
    assert "trading is not armed" in unarmed.stderr
    xq("arm", "--account", "live:bybit", "--exchange", "bybit").check(0)
    net.proxy.told[RIGHTS["bybit"]] = MAY_WITHDRAW["bybit"]
    rich = xq("execute", "twap", *ORDER, *ROUTE, "live")
    rich.check(3, stdout="")
    assert "may withdraw or transfer" in rich.stderr
    del net.proxy.told[RIGHTS["bybit"]]
    planned = xq("execute", "twap", *ORDER, *ROUTE, "live", "--dry-run")
    planned.check(0)
    assert "live:bybit: REAL MONEY; plans, sends nothing at api.bybit.com" in planned.stderr
    assert not any(line.startswith("POST ") for line in net.proxy.lines)


def test_one_key_for_both_is_refused_and_shown_to_nobody(
    xq: Xq, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{closed_port()}")
    for name in ("XQ_API_KEY", "XQ_API_SECRET"):
        monkeypatch.setenv(name, "common")
    refused = xq("execute", "twap", *ORDER, *ROUTE, "testnet")
    refused.check(3, stdout="")
    assert "XQ_API_KEY_BINANCE and XQ_API_KEY_BYBIT" in refused.stderr
