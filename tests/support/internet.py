"""The exchanges as their clients know them: real host names and TLS, played by simulated venues.

Each exchange is a venue of its own on loopback; what the venue does not tell, the rights of a key
at Binance, is told by the proxy in between.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from support.connect_proxy import ConnectProxy

from xq.clock import SystemClock
from xq.sim.wire.embed import ensure
from xq.sim.wire.opening import open_venue

LIVE = {
    "binance": ("api.binance.com", "fapi.binance.com", "fstream.binance.com", "ws-api.binance.com"),
    "bybit": ("api.bybit.com", "stream.bybit.com"),
}
TEST = {
    "binance": (
        "demo-api.binance.com",
        "demo-fapi.binance.com",
        "fstream.binancefuture.com",
        "demo-ws-api.binance.com",
    ),
    "bybit": ("api-demo.bybit.com", "stream-demo.bybit.com"),
}
RIGHTS = {"binance": "/sapi/v1/account/apiRestrictions", "bybit": "/v5/user/query-api"}
MAY_TRADE = {
    "ipRestrict": True,
    "enableWithdrawals": False,
    "enableInternalTransfer": False,
    "permitsUniversalTransfer": False,
    "enableFutures": True,
    "enableSpotAndMarginTrading": True,
}
MAY_WITHDRAW: dict[str, dict[str, object]] = {
    "binance": {**MAY_TRADE, "enableWithdrawals": True},
    "bybit": {
        "retCode": 0,
        "retMsg": "",
        "result": {
            "readOnly": 0,
            "ips": ["203.0.113.7"],
            "permissions": {"ContractTrade": ["Order", "Position"], "Wallet": ["Withdraw"]},
        },
    },
}


@dataclass
class Internet:
    """What stands between a program and the exchanges.

    Attributes
    ----------
    environ
        What a program needs to find it, and a key.
    """

    proxy: ConnectProxy
    environ: dict[str, str]

    def enter(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """From here on this process is there."""
        for name, value in self.environ.items():
            monkeypatch.setenv(name, value)


_two = partial(open_venue, accounts=("main", "alice"))  # of which ``alice`` has a key of her own


@contextmanager
def internet(folder: Path, *exchanges: str, start_ms: int | None = None) -> Iterator[Internet]:
    """Until the block ends; venue time begins at ``start_ms``."""
    with ExitStack() as stack:
        ports: dict[str, int] = {}
        for name in exchanges:
            venue = stack.enter_context(
                ensure(folder / name, clock=SystemClock(), seed=7, start_ms=start_ms, build=_two)
            )
            ports |= dict.fromkeys((*LIVE[name], *TEST[name]), venue.port)
        proxy = stack.enter_context(ConnectProxy(ports, ports))
        proxy.told[RIGHTS["binance"]] = MAY_TRADE
        names = {**proxy.environment(folder / "ca.pem"), "NO_PROXY": ""}
        lower = {name.lower(): text for name, text in names.items() if "PROXY" in name}
        keys = {"XQ_API_KEY": "sim", "XQ_API_SECRET": "sim"}
        patience = {"XQ_EXCHANGE__TIMEOUT_SECONDS": "120", "XQ_RISK__MAX_PRICE_AGE_SECONDS": "120"}
        yield Internet(proxy, names | lower | keys | patience)
