"""Unmodified ccxt clients of a simulated venue, configured by addresses and keys alone."""

from collections.abc import Iterator
from contextlib import contextmanager

import ccxt
import requests

from xq.clock import SystemClock
from xq.sim.wire.auth import sign

_SPOT = {"public": "/api/v3", "private": "/api/v3", "v1": "/api/v1", "sapi": "/sapi/v1"}
_FUTURES = {
    "fapiPublic": "/fapi/v1",
    "fapiPublicV2": "/fapi/v2",
    "fapiPublicV3": "/fapi/v3",
    "fapiPrivate": "/fapi/v1",
    "fapiPrivateV2": "/fapi/v2",
    "fapiPrivateV3": "/fapi/v3",
    "fapiData": "/futures/data",
    "sapi": "/sapi/v1",
}


def _config(url: str, paths: dict[str, str], table: str, secret: str) -> dict[str, object]:
    return {
        "apiKey": "sim",
        "secret": secret,
        "enableRateLimit": False,
        "urls": {"api": {name: url + path for name, path in paths.items()}},
        "exceptions": {"exact": ccxt.binance().exceptions[table]["exact"]},
    }


@contextmanager
def spot_client(url: str, *, secret: str = "sim") -> Iterator[ccxt.binance]:
    """``ccxt.binance`` for spot, asking everything it can ask when it loads markets."""
    options = {"defaultType": "spot", "fetchMarkets": {"types": ["spot"]}, "fetchMargins": True}
    client = ccxt.binance({**_config(url, _SPOT, "spot", secret), "options": options})
    try:
        yield client
    finally:
        client.session.close()


def futures_config(url: str, *, secret: str = "sim") -> dict[str, object]:
    """What makes ``ccxt.binanceusdm`` one of the venue at ``url``."""
    return _config(url, _FUTURES, "linear", secret)


@contextmanager
def futures_client(url: str, *, secret: str = "sim") -> Iterator[ccxt.binanceusdm]:
    """``ccxt.binanceusdm``."""
    client = ccxt.binanceusdm(futures_config(url, secret=secret))
    try:
        yield client
    finally:
        client.session.close()


def signed(url: str, method: str, path: str, query: str = "", body: str = "") -> requests.Response:
    """A correctly signed request, sent as it stands."""
    stamped = f"{query}&timestamp={SystemClock().now_ms()}".lstrip("&")
    address = f"{url}{path}?{stamped}&signature={sign(stamped + body, 'sim')}"
    return raw(method, address, body, key="sim")


def raw(method: str, address: str, body: str = "", *, key: str | None = None) -> requests.Response:
    """A request sent as it stands, on a connection of its own."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if key is not None:
        headers["X-MBX-APIKEY"] = key
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, address, data=body, headers=headers, timeout=120)
