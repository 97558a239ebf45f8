"""WebSocket connections of market and user streams."""

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from xq.sim.instruments import Face
from xq.sim.venue import SimVenue
from xq.sim.wire.auth import Message
from xq.sim.wire.dispatch import Reply
from xq.sim.wire.params import Params
from xq.sim.wire.streams.control import MOST_STREAMS, answer
from xq.sim.wire.streams.door import Door, door
from xq.sim.wire.streams.hub import Hub
from xq.sim.wire.streams.outbox import MOST_BYTES, Outbox
from xq.sim.wire.streams.pump import Pump, Stepped
from xq.sim.wire.streams.session import Session

if TYPE_CHECKING:
    from aiohttp import web

POLICY_VIOLATION = 1008
GOING_AWAY = 1001

_LARGEST_MESSAGE = 64 * 1024


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
    messages
        By face: a connection that says more in one second ends.
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


class Streams:
    """All WebSocket connections of one venue, on the event loop that serves it.

    Parameters
    ----------
    clock
        Moved by the pump where time is replayed as fast as subscribers can take it.
    """

    def __init__(
        self, venue: SimVenue, *, manners: Manners | None = None, clock: Stepped | None = None
    ) -> None:
        self.hub = Hub(venue)
        self._manners = Manners() if manners is None else manners
        self._pump = asyncio.get_running_loop().create_task(Pump(venue, self.hub, clock).run())
        self._sockets: dict[web.WebSocketResponse, None] = {}

    def door(self, request: "web.Request") -> Door | None:
        """Where a request wants in; None if it is no WebSocket or there are no streams."""
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return None
        path, _, query = request.raw_path.partition("?")
        return door(path, query, request.host)

    async def serve(self, request: "web.Request", entry: Door) -> "web.WebSocketResponse":
        """Serve one connection until it ends."""
        from aiohttp import web

        socket = web.WebSocketResponse(
            autoping=False, compress=False, max_msg_size=_LARGEST_MESSAGE
        )
        await socket.prepare(request)
        outbox = Outbox(_sender(socket), _aborter(request), self._manners.most_bytes)
        session = Session(entry.face, entry.access, entry.combined, outbox)
        writer = asyncio.create_task(outbox.run())
        self._sockets[socket] = None
        self.hub.join(session)
        try:
            self.hub.subscribe(session, entry.names[:MOST_STREAMS])
            await _Conversation(self.hub, session, socket, self._manners).run()
        finally:
            self.hub.leave(session)
            self._sockets.pop(socket, None)
            outbox.lose()
            writer.cancel()
            with suppress(asyncio.CancelledError):
                await writer
        return socket

    def seen(self, message: Message, reply: Reply) -> None:
        """Give a snapshot of a book, asked for by REST, the id that fits into the streams."""
        if message.path.endswith("/depth") and reply.status == HTTPStatus.OK:
            face = Face.FUTURES if message.path.startswith("/fapi/") else Face.SPOT
            symbol = Params.parse(message.query, message.body).required("symbol")
            if isinstance(reply.payload, dict):
                self.hub.books.shown(face, symbol, reply.payload)

    async def close(self) -> None:
        """End every connection and the pump."""
        self._pump.cancel()
        with suppress(asyncio.CancelledError):
            await self._pump
        for socket in list(self._sockets):
            await socket.close(code=GOING_AWAY, message=b"venue closes")


class _Conversation:
    """Reading one connection: control messages, pings and pongs, and their limits."""

    def __init__(
        self, hub: Hub, session: Session, socket: "web.WebSocketResponse", manners: Manners
    ) -> None:
        self._hub = hub
        self._session = session
        self._socket = socket
        self._manners = manners
        self._loop = asyncio.get_running_loop()
        self._heard: deque[float] = deque(maxlen=manners.most_messages(session.face) + 1)
        self._alive_at = self._loop.time()
        self._born_at = self._alive_at
        self._timer: asyncio.TimerHandle | None = None
        self._pings: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until either side ends it."""
        from aiohttp import WSMsgType

        self._timer = self._loop.call_later(self._manners.ping_seconds, self._beat)
        try:
            async for message in self._socket:
                if self._is_too_chatty():
                    await self._socket.close(code=POLICY_VIOLATION, message=b"Too many requests")
                    return
                if message.type is WSMsgType.TEXT:
                    self._session.outbox.put(answer(self._hub, self._session, message.data))
                elif message.type is WSMsgType.PING:
                    await self._socket.pong(message.data)
                elif message.type is WSMsgType.PONG:
                    self._alive_at = self._loop.time()
        finally:
            if self._timer is not None:
                self._timer.cancel()

    def _is_too_chatty(self) -> bool:
        now = self._loop.time()
        self._heard.append(now)
        return len(self._heard) == self._heard.maxlen and now - self._heard[0] < 1.0

    def _beat(self) -> None:
        """Ping, or give up on who does not answer or was here long enough."""
        now = self._loop.time()
        silent = now - self._alive_at > self._manners.pong_seconds
        if silent or now - self._born_at > self._manners.life_seconds:
            self._session.outbox.abandon()
            return
        task = self._loop.create_task(self._ping())
        self._pings.add(task)
        task.add_done_callback(self._pings.discard)
        self._timer = self._loop.call_later(self._manners.ping_seconds, self._beat)

    async def _ping(self) -> None:
        with suppress(ConnectionError):
            await self._socket.ping(str(self._hub.venue.now_ms).encode())


def _sender(socket: "web.WebSocketResponse"):  # type: ignore[no-untyped-def]
    from aiohttp import WSMsgType

    async def send(frame: bytes) -> None:
        await socket.send_frame(frame, WSMsgType.TEXT)

    return send


def _aborter(request: "web.Request"):  # type: ignore[no-untyped-def]
    def abort() -> None:
        if request.transport is not None:
            request.transport.abort()

    return abort
