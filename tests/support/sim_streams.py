"""Clients of the simulated venue's streams: a bare one, and unmodified ccxt.pro."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import ccxt
import ccxt.pro

from xq.clock import SystemClock

PATIENCE = 60.0  # of a test that waits for a message; far more than it should take


def play(story: Coroutine[Any, Any, None]) -> None:
    """Run a test's story to its end, with a limit that only a hang reaches."""

    async def limited() -> None:
        await asyncio.wait_for(story, 2 * PATIENCE)

    asyncio.run(limited())


class Listener:
    """One WebSocket that keeps what it did not wait for."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.kept: list[Any] = []
        self._number = 0

    async def receive(self) -> Any:
        """The next JSON message; an `AssertionError` if the connection ends instead."""
        message = await self.socket.receive(timeout=PATIENCE)
        assert message.type is aiohttp.WSMsgType.TEXT, f"{message.type} {message.data}"
        return json.loads(message.data)

    async def ask(self, method: str, params: object = None, **more: object) -> Any:
        """Say something and wait for its answer; other messages are kept."""
        self._number += 1
        request = {"method": method, "id": self._number} | more
        if params is not None:
            request["params"] = params
        await self.socket.send_str(json.dumps(request))
        while True:
            found = await self.receive()
            if isinstance(found, dict) and found.get("id") == request["id"]:
                return found
            self.kept.append(found)

    async def until(self, wanted: Callable[[Any], bool]) -> Any:
        """The first message that fits, kept or to come; others are kept."""
        for number, found in enumerate(self.kept):
            if wanted(found):
                return self.kept.pop(number)
        while True:
            found = await self.receive()
            if wanted(found):
                return found
            self.kept.append(found)

    async def end(self) -> int | None:
        """Read until the connection ends; its close code, 1006 if it broke."""
        while True:
            message = await self.socket.receive(timeout=PATIENCE)
            if message.type is aiohttp.WSMsgType.TEXT:
                continue
            return self.socket.close_code


@asynccontextmanager
async def listening(url: str, path: str, **options: Any) -> AsyncIterator[Listener]:
    """A connection to the venue at ``http://…``."""
    address = url.replace("http://", "ws://") + path
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(address, **options) as socket,
    ):
        yield Listener(socket)


async def fetch(url: str, path: str, **params: object) -> Any:
    """A public REST answer."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(url + path, params={k: str(v) for k, v in params.items()}) as response,
    ):
        assert response.status == 200, await response.text()
        return await response.json()


@asynccontextmanager
async def pro(url: str, *, spot: bool = False, **config: Any) -> AsyncIterator[Any]:
    """``ccxt.pro`` with nothing changed but addresses and keys."""
    ws = url.replace("http://", "ws://")
    addresses = {
        "fapiPublic": url + "/fapi/v1",
        "fapiPublicV2": url + "/fapi/v2",
        "fapiPublicV3": url + "/fapi/v3",
        "fapiPrivate": url + "/fapi/v1",
        "fapiPrivateV2": url + "/fapi/v2",
        "fapiPrivateV3": url + "/fapi/v3",
        "public": url + "/api/v3",
        "private": url + "/api/v3",
        "v1": url + "/api/v1",
        "sapi": url + "/sapi/v1",
        "ws": {
            "linear": ws + "/ws",
            "future": ws + "/ws",
            "spot": ws + "/stream-spot/ws",
            "ws-api": {"spot": ws + "/ws-api/v3", "linear": ws + "/ws-fapi/v1"},
        },
    }
    table = "spot" if spot else "linear"
    options: dict[str, Any] = {"fetchCurrencies": False}
    if spot:
        options |= {"defaultType": "spot", "fetchMarkets": {"types": ["spot"]}}
    maker = ccxt.pro.binance if spot else ccxt.pro.binanceusdm
    client = maker(
        {
            "apiKey": "sim",
            "secret": "sim",
            "enableRateLimit": False,
            "urls": {"api": addresses},
            "exceptions": {"exact": ccxt.binance().exceptions[table]["exact"]},
            "options": options,
            "newUpdates": True,
            **config,
        }
    )
    try:
        yield client
    finally:
        await client.close()


class Hurried:
    """Wall time that runs faster than it does."""

    def __init__(self, speed: int) -> None:
        self._speed = speed
        self._wall = SystemClock()
        self._start = self._wall.now_ms()

    def now_ms(self) -> int:
        return self._start + (self._wall.now_ms() - self._start) * self._speed

    def monotonic(self) -> float:
        return self.now_ms() / 1000

    def sleep(self, seconds: float) -> None:
        self._wall.sleep(seconds / self._speed)
