"""Unmodified ccxt clients of the simulated venue's Bybit face, configured by addresses and keys."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import ccxt
import ccxt.async_support
import ccxt.pro
import requests
from support.sim_streams import Listener

from xq.clock import SystemClock

BTC = "BTC/USDT:USDT"


def config(url: str, name: str = "sim", secret: str = "sim") -> dict[str, Any]:
    """What a client needs to be told."""
    ws = url.replace("http://", "ws://") + "/v5"
    streams = {
        "public": {kind: f"{ws}/public/{kind}" for kind in ("spot", "linear", "inverse", "option")},
        "private": {
            "contract": f"{ws}/private",
            "usdc": f"{ws}/private",
            "trade": f"{ws}/trade",
            "spot": {"unified": f"{ws}/private", "nonUnified": f"{ws}/private"},
        },
    }
    rest = dict.fromkeys(("public", "private", "spot", "futures", "v2"), url)
    return {
        "apiKey": name,
        "secret": secret,
        "enableRateLimit": False,
        "timeout": 120_000,  # 650 tickers take seconds, far more where the machine is slow
        "urls": {"api": {**rest, "ws": streams}},
        "options": {"defaultType": "swap"},
    }


@contextmanager
def client(url: str, name: str = "sim", secret: str = "sim") -> Iterator[ccxt.bybit]:
    """``ccxt.bybit``."""
    made = ccxt.bybit(config(url, name, secret))
    try:
        yield made
    finally:
        made.session.close()


@asynccontextmanager
async def async_client(url: str) -> AsyncIterator[Any]:
    """``ccxt.async_support.bybit``."""
    made = ccxt.async_support.bybit(config(url))
    try:
        yield made
    finally:
        await made.close()


@asynccontextmanager
async def pro(url: str, name: str = "sim", secret: str = "sim") -> AsyncIterator[Any]:
    """``ccxt.pro.bybit``."""
    made = ccxt.pro.bybit({**config(url, name, secret), "newUpdates": True})
    try:
        yield made
    finally:
        await made.close()


async def say(listener: Listener, op: str, *args: object, **more: object) -> Any:
    """Say something to a stream and wait for its answer; other messages are kept."""
    await listener.socket.send_str(json.dumps({"op": op, "args": list(args), **more}))
    wanted = {op, "pong"} if op == "ping" else {op}
    return await listener.until(lambda found: found.get("op") in wanted)


async def authorize(listener: Listener, key: str = "sim", secret: str = "sim") -> Any:
    """Say who is listening."""
    expires = SystemClock().now_ms() + 60_000
    return await say(listener, "auth", key, expires, signature(f"GET/realtime{expires}", secret))


def signature(text: str, secret: str = "sim") -> str:
    """HMAC-SHA256, hex."""
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def get(url: str, path: str, query: str = "", *, signed: bool = False) -> requests.Response:
    """A GET as it stands."""
    return send("GET", f"{url}{path}?{query}", headers(query) if signed else {})


def post(url: str, path: str, body: object) -> requests.Response:
    """A correctly signed POST of a JSON body; text is sent as it stands."""
    text = body if isinstance(body, str) else json.dumps(body)
    return send("POST", url + path, headers(text), text)


def headers(said: str, **changed: str) -> dict[str, str]:
    """The headers of a correctly signed request, but for those named."""
    stamp = changed.pop("stamp", str(SystemClock().now_ms()))
    key, window = changed.pop("key", "sim"), changed.pop("window", "5000")
    signed = signature(f"{stamp}{key}{window}{said}", changed.pop("secret", "sim"))
    return {
        "X-BAPI-API-KEY": key,
        "X-BAPI-TIMESTAMP": stamp,
        "X-BAPI-RECV-WINDOW": window,
        "X-BAPI-SIGN": signed,
    }


def send(method: str, url: str, named: dict[str, str], body: str = "") -> requests.Response:
    """A request on a connection of its own."""
    with requests.Session() as session:
        session.trust_env = False
        kind = {"Content-Type": "application/json"}
        return session.request(method, url, data=body, headers={**kind, **named}, timeout=120)
