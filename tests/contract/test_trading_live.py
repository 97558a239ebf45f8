"""Live mode from end to end: real host names and TLS, played by the simulated venue."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from support.connect_proxy import ConnectProxy
from support.wire_server import Request, WireServer, answer

from xq.api.announce import announcement
from xq.api.live_mode import arm
from xq.api.trade import TradeRequest, trade_once
from xq.api.workspace import Workspace, open_workspace
from xq.clock import ManualClock, SystemClock
from xq.errors import ConfigError
from xq.live.report import Act
from xq.sim.wire.embed import ensure

HOSTS = ["api.binance.com", "fapi.binance.com"]
RIGHTS = {
    "ipRestrict": True,
    "enableWithdrawals": False,
    "enableInternalTransfer": False,
    "permitsUniversalTransfer": False,
    "enableFutures": True,
    "enableSpotAndMarginTrading": False,
}
STRATEGY = '''"""A constant{what}."""

import numpy as np

from xq import Bars, Exits, Strategy


class Constant(Strategy):
    """Half of equity."""
{exits}
    @property
    def lookback(self) -> int:
        return 1

    def target_weights(self, bars: Bars):
        return np.full(bars.close.shape, 0.5)
'''


@pytest.fixture
def exchange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def script(request: Request) -> bytes:
        if request.path.startswith("/sapi/v1/account/apiRestrictions"):
            return answer(200, json.dumps(RIGHTS))
        with requests.Session() as session:
            session.trust_env = False
            body = request.body or None
            found = session.request(
                request.method,
                served.url + request.path,
                data=body,
                headers={
                    "X-MBX-APIKEY": "sim",
                    "Content-Type": "application/x-www-form-urlencoded",
                },
                timeout=120,
            )
        return answer(found.status_code, found.text)

    with (
        ensure(tmp_path / "exchange", clock=SystemClock(), seed=7) as served,
        WireServer(script) as server,
        ConnectProxy(HOSTS, int(server.url.rpartition(":")[2])) as made,
    ):
        for name, value in made.environment(tmp_path / "ca.pem").items():
            monkeypatch.setenv(name, value)
            if "PROXY" in name:
                monkeypatch.setenv(name.lower(), value)
        yield


def workspace(root: Path, strategy: str) -> Workspace:
    (root / "strategies").mkdir(parents=True, exist_ok=True)
    guard = "\n    exits = Exits(stop_loss=0.05)\n"
    for name, exits in (("guarded", guard), ("bare", "")):
        text = STRATEGY.format(what=f", {name}", exits=exits)
        (root / "strategies" / f"{name}.py").write_text(text)
    flags = {
        "exchange.name": "binance",
        "exchange.timeout_seconds": 120.0,
        "trade.mode": "live",
        "trade.symbols": ("BTC/USDT:USDT",),
        "trade.strategy": strategy,
    }
    keys = {"XQ_API_KEY": "sim", "XQ_API_SECRET": "sim"}
    opened = open_workspace(flags=flags, environ=keys, cwd=root)
    # Stood still, so that a slow machine cannot make a price too old for the gate.
    return replace(opened, clock=ManualClock(SystemClock().now_ms()))


def test_live_says_what_it_will_do_and_enters_only_with_a_stop(
    exchange: None, tmp_path: Path
) -> None:
    bare = workspace(tmp_path / "desk", "bare")
    with pytest.raises(ConfigError, match="not armed"):
        trade_once(bare)
    assert not list(bare.state.glob("journal*"))
    arm(bare, 1, "live:binance")
    first, second, *_ = announcement(bare, TradeRequest({"fast": 3}))
    assert first == ("live:binance: REAL MONEY; sends orders at api.binance.com, fapi.binance.com")
    assert second.startswith("strategy bare (fast=3) on BTC/USDT:USDT, 1h bars, leverage 1,")
    refused = trade_once(bare)
    assert refused.act is Act.STOPPED
    assert "live mode enters nothing without a stop_loss" in refused.problems[0].message
    report = trade_once(workspace(tmp_path / "desk", "guarded"))
    assert (report.act, report.problems) == (Act.TRADED, ())
    assert any("rests at the venue" in note for note in report.notes)


def test_other_modes_announce_nothing(tmp_path: Path) -> None:
    assert announcement(open_workspace(environ={}, cwd=tmp_path), TradeRequest()) == ()
