"""Headless Chromium over its own protocol: a page at a width, what it measures, how it looks."""

import asyncio
import base64
import json
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE = 300.0


class Tab:
    """One page of a browser."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._count = 0

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """One command and its answer; events in between are not kept."""
        self._count += 1
        await self._socket.send_json({"id": self._count, "method": method, "params": params})
        while True:
            said = json.loads(await self._socket.receive_str(timeout=PATIENCE))
            if said.get("id") == self._count:
                assert "error" not in said, said
                return dict(said["result"])

    async def open(self, page: Path, *, width: int, height: int = 900, dark: bool = False) -> None:
        """Show a file and wait until it is loaded, fonts and two frames included."""
        await self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.ask("Emulation.setEmulatedMedia", features=[scheme])
        await self.ask("Page.enable")
        await self.ask("Page.navigate", url=page.as_uri())
        await self.run(
            "new Promise(done => { const drawn = () => requestAnimationFrame("
            "() => requestAnimationFrame(done)); document.readyState === 'complete' ? drawn() : "
            "window.addEventListener('load', drawn); })"
        )

    async def run(self, script: str) -> Any:
        """What a script answers in the page, awaited if it is a promise."""
        found = await self.ask(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    async def picture(self, left: float, top: float, width: float, height: float) -> bytes:
        """A part of the page as PNG, in page coordinates."""
        clip = {"x": left, "y": top, "width": width, "height": height, "scale": 1}
        shot = await self.ask("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        return base64.b64decode(shot["data"])


def browse(profile: Path, visit: Callable[[Tab], Awaitable[Any]]) -> Any:
    """Start a browser, let ``visit`` work with a fresh tab, end the browser."""
    return asyncio.run(_browse(profile, visit))


async def _browse(profile: Path, visit: Callable[[Tab], Awaitable[Any]]) -> Any:
    process = await asyncio.create_subprocess_exec(
        str(BROWSER), "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
        "--disable-dev-shm-usage", "--remote-debugging-port=0", f"--user-data-dir={profile}",
        "about:blank", stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        address = await asyncio.wait_for(_address(process), PATIENCE)
        async with aiohttp.ClientSession(trust_env=False) as session:
            base = "http://" + address.removeprefix("ws://").partition("/")[0]
            async with session.get(f"{base}/json/list") as answer:
                tabs = [one for one in await answer.json() if one["type"] == "page"]
            url = tabs[0]["webSocketDebuggerUrl"]
            async with session.ws_connect(url, max_msg_size=0) as socket:
                return await visit(Tab(socket))
    finally:
        process.terminate()
        await process.communicate()


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    async for raw in process.stderr:
        _, found, address = raw.decode().partition("DevTools listening on ")
        if found:
            return address.strip()
    raise AssertionError("the browser ended before it listened")
