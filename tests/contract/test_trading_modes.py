"""Whose hosts each mode asks: real names, real TLS, and a proxy that writes down who was asked."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import ccxt
import pytest
from support.connect_proxy import ConnectProxy
from support.internet import MAY_TRADE, RIGHTS, TEST, internet
from support.trading_faces import SIZE
from support.wire_server import Request, Script, WireServer, answer

from xq.api.doctor_keys import keys
from xq.api.live_mode import arm, disarm
from xq.api.venues import trading_venue
from xq.api.workspace import Workspace, open_workspace
from xq.clock import ManualClock, SystemClock
from xq.errors import ConfigError, VenueError
from xq.sim.wire.embed import ensure
from xq.types import OrderRequest, OrderType, OutcomeKind, Side, Symbol
from xq.venue_types import FillUpdate, FlowKind, KeyScope, StreamOpened
from xq.venues.binance_money import BinanceMoney
from xq.venues.ccxt_trading import CcxtTrading
from xq.venues.clients import Access
from xq.venues.registry import demo, profile

BTC = Symbol.parse("BTC/USDT:USDT")
LIVE = ["api.binance.com", "fapi.binance.com"]
DEMO = ["demo-api.binance.com", "demo-fapi.binance.com"]
HEARD = {
    ("binance", "BTC/USDT:USDT"): "fstream.binancefuture.com",
    ("binance", "BTC/USDT"): "demo-ws-api.binance.com",
    ("bybit", "BTC/USDT:USDT"): "stream-demo.bybit.com",
}


@pytest.fixture
def proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ConnectProxy]:
    """Every host of the exchange, played by the simulated venue."""
    with (
        ensure(tmp_path / "exchange", clock=SystemClock(), seed=7) as served,
        ConnectProxy(LIVE + DEMO, int(served.url.rpartition(":")[2])) as made,
    ):
        for name, value in made.environment(tmp_path / "ca.pem").items():
            monkeypatch.setenv(name, value)
            if "PROXY" in name:
                monkeypatch.setenv(name.lower(), value)
        yield made


def workspace(root: Path, exchange: str = "binance") -> Workspace:
    flags = {
        "exchange.name": exchange,
        "trade.symbols": (str(BTC),),
        "exchange.timeout_seconds": 120.0,
    }
    return open_workspace(
        flags=flags, environ={"XQ_API_KEY": "sim", "XQ_API_SECRET": "sim"}, cwd=root
    )


def buy(name: str) -> OrderRequest:
    return OrderRequest(BTC, Side.BUY, OrderType.MARKET, SIZE, name)


def test_paper_asks_no_signed_question_of_a_real_host(proxy: ConnectProxy, tmp_path: Path) -> None:
    with trading_venue(workspace(tmp_path / "desk"), "paper") as (market, venue):
        assert venue.place(buy("xq-1")).kind is OutcomeKind.ACCEPTED
        assert venue.account().positions
        assert market.book(BTC, 5).bids
    assert set(proxy.asked) == {"fapi.binance.com"}
    assert proxy.lines
    for line in proxy.lines:
        method, path = line.split(" ")[:2]
        assert method == "GET"
        assert not any(word in path for word in ("signature", "timestamp", "order", "account"))


def test_testnet_trades_at_the_test_hosts_and_nowhere_else(
    proxy: ConnectProxy, tmp_path: Path
) -> None:
    with trading_venue(workspace(tmp_path / "desk"), "testnet") as (market, venue):
        assert market.book(BTC, 5).bids
        assert venue.place(buy("xq-1")).kind is OutcomeKind.ACCEPTED
        assert not venue.extend_dead_man(BTC, 60)  # nobody has shown that it spares stops there
    assert set(proxy.asked) == {"demo-fapi.binance.com"}


@pytest.mark.parametrize("which", HEARD, ids=" ".join)
def test_the_account_is_heard_at_its_own_host_by_the_same_proxy(
    which: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange, symbol = which
    flags = {"exchange.name": exchange, "trade.symbols": (symbol,), "trade.mode": "testnet"}
    with internet(tmp_path / "net", exchange) as net:
        net.enter(monkeypatch)
        ws = open_workspace(flags=flags, environ=net.environ, cwd=tmp_path)
        with trading_venue(ws, "testnet") as (_, venue):
            stream = venue.user_events([Symbol.parse(symbol)])
            assert isinstance(stream.get(120), StreamOpened)
            venue.place(replace(buy("xq-1"), symbol=Symbol.parse(symbol)))
            while not isinstance(event := stream.get(120), FillUpdate):
                assert event is not None
            assert event.client_id == "xq-1"
            stream.close()
    assert HEARD[which] in net.proxy.asked
    assert set(net.proxy.asked) <= set(TEST[exchange])


def test_a_signed_client_shows_its_key_to_no_other_host(proxy: ConnectProxy) -> None:
    for chosen, others in ((profile("binance"), DEMO), (demo("binance"), LIVE)):
        venue = CcxtTrading(chosen, SystemClock(), Access(120, ("sim", "sim")), contracts=True)
        venue.account()
        proxy.asked.clear()
        client, _ = venue._door.clients(BTC).pair()
        client.urls["api"] = {
            name: url.replace(url.split("/")[2], others[1])
            for name, url in client.urls["api"].items()
            if isinstance(url, str)
        }
        outcome = venue.place(buy("xq-1"))
        assert outcome.kind is OutcomeKind.NOT_SENT
        assert "may only ask" in outcome.reason
        assert proxy.asked == []
        venue.close()


def test_live_needs_everything(proxy: ConnectProxy, tmp_path: Path) -> None:
    """This venue tells nothing of keys, as test venues do: the last of the six is missing."""
    ws = workspace(tmp_path / "desk")
    with pytest.raises(ConfigError, match="not armed"), trading_venue(ws, "live"):
        pass
    with pytest.raises(ConfigError, match="account's name"):
        arm(ws, 1, "yes")
    arm(ws, 1, "live:binance")
    assert proxy.asked == []
    with pytest.raises(VenueError), trading_venue(ws, "live"):
        pass
    assert any("apiRestrictions" in line for line in proxy.lines)
    assert not any(line.startswith("POST") for line in proxy.lines)
    disarm(ws)
    proxy.asked.clear()
    with pytest.raises(ConfigError, match="not armed"), trading_venue(ws, "live"):
        pass
    assert proxy.asked == []


def test_an_arming_ends_and_belongs_to_one_key(tmp_path: Path) -> None:
    root = tmp_path / "desk"
    ws = workspace(root)
    armed = arm(ws, 1, "live:binance")
    assert armed.until_ms == pytest.approx(ws.clock.now_ms() + 3_600_000, abs=60_000)
    other = open_workspace(
        flags={"exchange.name": "binance", "trade.symbols": (str(BTC),)},
        environ={"XQ_API_KEY": "other", "XQ_API_SECRET": "s"},
        cwd=root,
    )
    with pytest.raises(ConfigError, match="belongs to"):
        arm(other, 1, "live:binance")
    with pytest.raises(ConfigError, match="state folder"), trading_venue(other, "live"):
        pass
    late = Workspace(ws.loaded, ws.root, ws.environ, ManualClock(armed.until_ms))
    with pytest.raises(ConfigError, match="run out"), trading_venue(late, "live"):
        pass
    for hours in (0, -1, 24 * 8):
        with pytest.raises(ConfigError, match="hours"):
            arm(ws, hours, "live:binance")
    assert "sim" not in (root / "state" / "live-armed-binance.json").read_text()


@pytest.fixture
def rights(proxy: ConnectProxy) -> dict[str, object]:
    """What the exchange says of the key."""
    told: dict[str, object] = dict(MAY_TRADE)
    proxy.told[RIGHTS["binance"]] = told
    return told


def test_live_opens_when_all_six_agree(rights: dict[str, object], tmp_path: Path) -> None:
    ws = workspace(tmp_path / "desk")
    arm(ws, 1, "live:binance")
    with trading_venue(ws, "live") as (market, venue):
        assert market.book(BTC, 5).bids
        assert venue.name == "binance"
    rights["permitsUniversalTransfer"] = True
    with pytest.raises(ConfigError, match="withdraw or transfer"), trading_venue(ws, "live"):
        pass


def test_the_doctor_reads_the_rights_of_a_live_key(
    rights: dict[str, object], tmp_path: Path
) -> None:
    live = {"exchange.name": "binance", "trade.mode": "live", "trade.symbols": (str(BTC),)}
    environ = {"XQ_API_KEY": "sim", "XQ_API_SECRET": "sim"}
    ws = open_workspace(flags=live, environ=environ, cwd=tmp_path)
    assert keys(ws) == "may trade, not withdraw"
    rights["ipRestrict"] = False
    assert keys(ws) == "may trade, not withdraw; from any address"
    rights["enableWithdrawals"] = True
    with pytest.raises(ConfigError, match="may withdraw"):
        keys(ws)


def test_deposits_and_withdrawals_of_a_spot_wallet() -> None:
    moved = {
        "deposit": [
            {"id": "7", "amount": "100.5", "coin": "USDT", "status": 1, "insertTime": 1_000},
            {"id": "8", "amount": "9", "coin": "USDT", "status": 0, "insertTime": 2_000},
        ],
        "withdraw": [
            {"id": "9", "amount": "20", "coin": "USDT", "status": 6, "transactionFee": "0.8",
             "applyTime": "1970-01-01 00:00:03"}
        ],
    }  # fmt: skip
    lists: list[object] = [moved["deposit"], moved["withdraw"]]

    def script(request: Request) -> bytes:
        which = 0 if "/capital/deposit/hisrec" in request.path else 1
        return answer(200, json.dumps(lists[which]))

    with asked(script) as client:
        flows = BinanceMoney().cash_flows(client, False, 0, 5_000)
        assert [(flow.kind, flow.amount, flow.ts) for flow in flows] == [
            (FlowKind.DEPOSIT, Decimal("100.5"), 1_000),
            (FlowKind.WITHDRAWAL, Decimal("-20.8"), 3_000),
        ]
        assert all(flow.kind.is_external for flow in flows)
        lists[0] = {}
        with pytest.raises(VenueError, match="a list"):
            BinanceMoney().cash_flows(client, False, 0, 5_000)


LEAVES = ("enableWithdrawals", "enableInternalTransfer", "permitsUniversalTransfer")


@pytest.mark.parametrize("number", range(16))
def test_what_a_key_may_do_is_read_from_every_flag(number: int) -> None:
    flags = {name: bool(number >> bit & 1) for bit, name in enumerate((*LEAVES, "ipRestrict"))}
    scope = probed(MAY_TRADE | flags)
    assert scope.can_withdraw is any(flags[name] for name in LEAVES)
    assert scope.ip_restricted is flags["ipRestrict"]
    assert scope.can_trade


@pytest.mark.parametrize("name", sorted(MAY_TRADE))
@pytest.mark.parametrize("odd", [None, "false", 0])
def test_a_right_that_is_not_told_is_no_answer(name: str, odd: object) -> None:
    if name == "enableSpotAndMarginTrading":
        return  # futures are enabled: enough to trade
    with pytest.raises(VenueError, match=name):
        probed(MAY_TRADE | {name: odd})


def probed(rights: dict[str, object]) -> KeyScope:
    """What is made of an answer of the real exchange."""

    def script(request: Request) -> bytes:
        assert request.path.startswith("/sapi/v1/account/apiRestrictions")
        return answer(200, json.dumps(rights))

    with asked(script) as client:
        return BinanceMoney().permissions(client)


@contextmanager
def asked(script: Script) -> Iterator[ccxt.binance]:
    """A client whose wallet is told by a script."""
    with WireServer(script) as server:
        options = {"fetchCurrencies": False, "fetchMarkets": {"types": []}}
        client = ccxt.binance(
            {"apiKey": "k", "secret": "s", "timeout": 120_000, "options": options}
        )
        client.session.trust_env = False
        client.urls["api"]["sapi"] = f"{server.url}/sapi/v1"
        client.set_markets([])
        try:
            yield client
        finally:
            client.session.close()
