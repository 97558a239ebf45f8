"""Reading one connection: what the client says, pings and pongs, and their limits."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xq.sim.instruments import Face
from xq.sim.wire.slices import Slices, in_turns
from xq.sim.wire.streams.outbox import MOST_BYTES, Outbox

if TYPE_CHECKING:
    from aiohttp import web

POLICY_VIOLATION = 1008


@dataclass(frozen=True, slots=True)
class Manners:
    """How the venue treats connections; wall time.

    Attributes
    ----------
    ping_seconds
        Between two pings.
    pong_seconds
        Without a pong the connection ends.
    life_seconds
        No connection lives longer.
    spot_messages, futures_messages
        A connection that says more to streams in one second ends.
    most_bytes
        Waiting for one subscriber; more than that ends the connection.
    """

    ping_seconds: float = 180.0
    pong_seconds: float = 600.0
    life_seconds: float = 86_400.0
    spot_messages: int = 5
    futures_messages: int = 10
    most_bytes: int = MOST_BYTES

    def most_messages(self, face: Face) -> int:
        """Incoming messages a second."""
        return self.spot_messages if face is Face.SPOT else self.futures_messages


class Conversation:
    """One connection's incoming side.

    Parameters
    ----------
    answer
        Answers a message; nothing if it has put its answer into the outbox itself.
    leave
        Called once the connection ended.
    most_messages
        A second, pings and pongs included; None is without limit.
    """

    def __init__(
        self,
        outbox: Outbox,
        answer: Callable[[str | bytes], bytes | Slices[bytes]],
        leave: Callable[[], None],
        manners: Manners,
        *,
        most_messages: int | None = None,
    ) -> None:
        self._outbox = outbox
        self._answer = answer
        self._leave = leave
        self._manners = manners
        self._loop = asyncio.get_running_loop()
        self._most = most_messages
        self._heard: deque[float] = deque()
        self._alive_at = self._born_at = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._pings: set[asyncio.Task[None]] = set()

    async def run(self, socket: "web.WebSocketResponse") -> None:
        """Until either side ends it."""
        from aiohttp import WSMsgType

        self._timer = self._loop.call_later(self._manners.ping_seconds, self._beat, socket)
        try:
            async for message in socket:
                if self._is_too_chatty():
                    await socket.close(code=POLICY_VIOLATION, message=b"Too many requests")
                    return
                if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    found = self._answer(message.data)
                    reply = found if isinstance(found, bytes) else await in_turns(found)
                    if reply:
                        self._outbox.put(reply)
                elif message.type is WSMsgType.PING:
                    if not self._outbox.is_mute:
                        await socket.pong(message.data)
                elif message.type is WSMsgType.PONG:
                    self._alive_at = self._loop.time()
        finally:
            self._timer.cancel()
            self._leave()

    def _is_too_chatty(self) -> bool:
        if self._most is None:
            return False
        now = self._loop.time()
        self._heard.append(now)
        while now - self._heard[0] >= 1.0:
            self._heard.popleft()
        return len(self._heard) > self._most

    def _beat(self, socket: "web.WebSocketResponse") -> None:
        """Ping, or give up on who does not answer or was here long enough."""
        now = self._loop.time()
        silent = now - self._alive_at > self._manners.pong_seconds
        if silent or now - self._born_at > self._manners.life_seconds:
            self._outbox.abandon()
            return
        if not self._outbox.is_mute:
            task = self._loop.create_task(_ping(socket))
            self._pings.add(task)
            task.add_done_callback(self._pings.discard)
        self._timer = self._loop.call_later(self._manners.ping_seconds, self._beat, socket)


async def _ping(socket: "web.WebSocketResponse") -> None:
    with suppress(ConnectionError):
        await socket.ping()
