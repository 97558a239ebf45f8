"""A workspace, a simulated venue over the real wire, and a wire that can be cut at will."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from support.wire_server import HANG, RESET, Request, answer

from xq.api.trade import TradeRequest, trade_once
from xq.api.workspace import Workspace, open_workspace
from xq.clock import ManualClock, SystemClock
from xq.execution.journal import open_journal
from xq.live.desk import Desk, Forecast, Terms
from xq.live.loop import tick
from xq.live.report import Report
from xq.risk.limits import Limits
from xq.sim.wire.embed import SimHandle, ensure
from xq.timeframe import Timeframe
from xq.types import Symbol
from xq.venues.ccxt_market import CcxtMarket
from xq.venues.ccxt_trading import CcxtTrading
from xq.venues.clients import Access
from xq.venues.registry import profile

SPOT = Symbol.parse("BTC/USDT")
PERPETUAL = Symbol.parse("BTC/USDT:USDT")
HOUR = Timeframe.parse("1h")
KEYS = ("sim", "sim")

ALWAYS = '''"""The weight it is told, always."""

import numpy as np

from xq import Bars, Strategy, param


class Always(Strategy):
    """A constant."""

    weight: float = param(0.5, low=-1.0, high=1.0)

    @property
    def lookback(self) -> int:
        return 1

    def target_weights(self, bars: Bars):
        return np.full(bars.close.shape, self.weight)
'''
GUARDED = (
    ALWAYS.replace("always.", "with a stop.")
    .replace("Always", "Guarded")
    .replace("import Bars,", "import Bars, Exits,")
    .replace("    @property", "    exits = Exits(stop_loss=0.05)\n\n    @property")
)


def workspace(folder: Path, **settings: str) -> Workspace:
    """A folder that trades ``always`` on the simulated venue, its clock in the test's hand."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "strategies").mkdir(exist_ok=True)
    (folder / "strategies" / "always.py").write_text(ALWAYS)
    (folder / "strategies" / "guarded.py").write_text(GUARDED)
    (folder / "xq.toml").write_text('[exchange]\nname = "sim"\n[trade]\nstrategy = "always"\n')
    opened = open_workspace(cwd=folder, environ=settings)
    return replace(opened, clock=ManualClock(SystemClock().now_ms()))


def ledger(ws: Workspace) -> list[tuple[str, str, Decimal]]:
    """Client id, status and filled quantity of every order the venue ever took."""
    connection = sqlite3.connect(ws.state / "sim.sqlite")
    try:
        rows = connection.execute("SELECT client_id, status, filled FROM orders ORDER BY id")
        return [(client_id, status, Decimal(filled)) for client_id, status, filled in rows]
    finally:
        connection.close()


def trade(ws: Workspace, weight: float | None = 0.5, **request: object) -> Report:
    """``xq trade --once`` without the shell around it."""
    parameters = {} if weight is None else {"weight": weight}
    return trade_once(ws, TradeRequest(parameters, **request))


@dataclass
class Wire:
    """Forwards to the venue, and does to orders what ``faults`` says, one per order.

    ``…_lost`` never reaches the venue, ``ack_…`` was executed; ``late`` arrives while the loop is
    already asking for it.
    """

    url: str
    faults: list[str] = field(default_factory=list)
    orders: int = 0
    held_back: list[tuple[int, Request]] = field(default_factory=list)

    def __call__(self, request: Request) -> bytes:
        is_order = request.method == "POST" and request.path.partition("?")[0].endswith("/order")
        if not is_order:
            self._let_through()
            return self._forward(request)
        self.orders += 1
        fault = self.faults.pop(0) if self.faults else "none"
        if fault == "late":
            self.held_back.append((3, request))
            return RESET
        if fault in _KEPT:
            return _KEPT[fault]
        return _spoilt(fault, self._forward(request))

    def _let_through(self) -> None:
        due = [(left - 1, request) for left, request in self.held_back]
        self.held_back = [(left, request) for left, request in due if left > 0]
        for left, request in due:
            if left == 0:
                self._forward(request)

    def _forward(self, request: Request) -> bytes:
        host = urlsplit(self.url).netloc
        connection = HTTPConnection(host, timeout=10)
        try:
            headers = {
                "X-MBX-APIKEY": "sim",
                "Content-Type": "application/x-www-form-urlencoded",
            }
            connection.request(request.method, request.path, request.body or None, headers)
            reply = connection.getresponse()
            return answer(reply.status, reply.read().decode())
        finally:
            connection.close()


_KEPT = {
    "request_lost": RESET,
    "request_503": answer(503, "Service Unavailable."),
    "request_refused": answer(
        400,
        '{"code": -2010, "msg": "Account has insufficient balance for requested action."}',
    ),
}


def _spoilt(fault: str, reply: bytes) -> bytes:
    body = reply.partition(b"\r\n\r\n")[2].decode()
    return {
        "none": reply,
        "ack_lost": RESET,
        "ack_silent": HANG,
        "ack_truncated": answer(200, body[: len(body) // 2], length=len(body)),
        "ack_cut_json": answer(200, body[: len(body) // 2]),
        "ack_empty": answer(200, ""),
        "ack_html": answer(200, "<html>busy</html>"),
        "ack_other": answer(200, body.replace("xq-", "ab-")),
        "ack_503": answer(503, '{"code": 0, "msg": "Unknown error, please check your request"}'),
        "ack_timeout": answer(408, '{"code": -1007, "msg": "Timeout waiting for response"}'),
        "ack_internal": answer(400, '{"code": -1001, "msg": "Internal error"}'),
        "ack_new_code": answer(400, '{"code": -9999, "msg": "Something invented tomorrow"}'),
        "ack_duplicate": answer(400, '{"code": -4116, "msg": "ClientOrderId is duplicated."}'),
    }[fault]


@contextmanager
def served(ws: Workspace) -> Iterator[SimHandle]:
    """The simulated venue of a workspace, served by this process."""
    with ensure(ws.state, clock=ws.clock, seed=ws.seed) as handle:
        yield handle


@contextmanager
def wired_desk(ws: Workspace, handle: SimHandle, url: str, weight: float, symbol: Symbol):
    """A desk whose orders go through ``url``; data comes straight from the venue."""
    with ExitStack() as stack:
        market = CcxtMarket(profile("sim", handle.url), ws.clock, Access(loopback_only=True))
        access = Access(timeout=3, keys=KEYS, loopback_only=True)
        contracts = symbol.is_contract
        venue = CcxtTrading(profile("sim", url), ws.clock, access, contracts=contracts)
        stack.callback(market.close)
        stack.callback(venue.close)
        journal = stack.enter_context(open_journal(ws.state / "journal-sim.sqlite", "sim"))

        def forecast(bar_ms: int) -> Forecast:
            close = Decimal(str(market.bars(symbol, HOUR, bar_ms, 1)[0, 4]))
            return Forecast(bar_ms, {symbol: weight}, {symbol: close})

        yield Desk(market, venue, journal, ws.clock, forecast)


def wired_terms(symbol: Symbol) -> Terms:
    """Wide limits for one symbol."""
    wide = Decimal(1_000_000)
    limits = Limits(wide, wide, Decimal(5), Decimal("0.05"), 100, 60_000, frozenset({symbol}))
    return Terms("sim", "always", (symbol,), HOUR, limits)


def wired_tick(
    ws: Workspace, handle: SimHandle, url: str, weight: float = 0.5, symbol: Symbol = SPOT
) -> Report:
    """One tick through a wire."""
    with wired_desk(ws, handle, url, weight, symbol) as desk:
        return tick(desk, wired_terms(symbol))
