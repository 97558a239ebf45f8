"""WebSocket connections of one venue: streams, and requests by name."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING

from xq.ports import Clock
from xq.sim.instruments import Face
from xq.sim.paper import PaperFeed
from xq.sim.venue import SimVenue
from xq.sim.wire.auth import Message
from xq.sim.wire.dispatch import Reply
from xq.sim.wire.route import Routes
from xq.sim.wire.streams.control import MOST_STREAMS, answer
from xq.sim.wire.streams.conversation import Conversation, Manners
from xq.sim.wire.streams.door import Door, door
from xq.sim.wire.streams.hub import Hub
from xq.sim.wire.streams.listen_keys import ListenKeys, key_routes
from xq.sim.wire.streams.outbox import Line, Outbox
from xq.sim.wire.streams.pump import Pump, Stepped
from xq.sim.wire.streams.requests import Answerer, Requests
from xq.sim.wire.streams.session import Session

if TYPE_CHECKING:
    from aiohttp import web

GOING_AWAY = 1001

_LARGEST_MESSAGE = 64 * 1024
_REQUESTS = {"/ws-fapi/v1": Face.FUTURES, "/ws-api/v3": Face.SPOT}


class Streams:
    """All WebSocket connections of one venue, on the event loop that serves it.

    Parameters
    ----------
    reply
        Answers a request as REST does.
    wall
        What signatures and listen keys are checked against.
    outboxes
        Makes what waits for each connection, from it and the most bytes that may.

    Attributes
    ----------
    routes
        REST endpoints that belong to streams.
    doors
        Other faces' addresses, and what opens a conversation there.
    """

    def __init__(
        self,
        venue: SimVenue,
        reply: Answerer,
        *,
        wall: Clock,
        manners: Manners | None = None,
        outboxes: Callable[[Line, int], Outbox] = Outbox,
    ) -> None:
        keys = ListenKeys(wall, [login.name for login in venue.logins.values()])
        self.hub = Hub(venue, keys)
        self.routes: Routes = key_routes(keys)
        self.doors: dict[str, Callable[[Outbox], Conversation]] = {}
        self._reply = reply
        self._wall = wall
        self._outboxes = outboxes
        self._manners = Manners() if manners is None else manners
        clock = venue.clock if isinstance(venue.clock, Stepped) else None
        self._pump = asyncio.get_running_loop().create_task(Pump(venue, self.hub, clock).run())
        self._pump.add_done_callback(self._stopped)
        self._sockets: dict[web.WebSocketResponse, None] = {}
        self._silent = any(isinstance(feed, PaperFeed) for feed in venue.feeds.values())

    async def serve(self, request: "web.Request") -> "web.WebSocketResponse | None":
        """Serve a connection until it ends; None if the request is none of ours.

        A paper venue has no streams: its prices are those of an exchange that has its own.
        """
        if (
            self._silent
            or self._pump.done()
            or request.headers.get("Upgrade", "").lower() != "websocket"
        ):
            return None
        path, _, query = request.raw_path.partition("?")
        if path in self.doors:
            return await self._serve(request, self.doors[path])
        face = _REQUESTS.get(path)
        if face is not None:
            return await self._serve(request, lambda outbox: self._requests(face, outbox))
        entry = door(path, query, request.host)
        if entry is not None:
            return await self._serve(request, lambda outbox: self._session(entry, outbox))
        return None

    def seen(self, message: Message, reply: Reply) -> None:
        """Give a snapshot of a book, asked for by REST, the id that fits into the streams."""
        if not message.path.endswith("/depth") or reply.status != HTTPStatus.OK:
            return
        if isinstance(reply.payload, dict):
            face = Face.FUTURES if message.path.startswith("/fapi/") else Face.SPOT
            self.hub.books.shown(face, message.params().required("symbol"), reply.payload)

    async def close(self) -> None:
        """End every connection and the pump."""
        self._pump.cancel()
        await asyncio.wait([self._pump])
        for socket in list(self._sockets):
            await socket.close(code=GOING_AWAY, message=b"venue closes")
        self.hub.close()

    def _stopped(self, pump: "asyncio.Task[None]") -> None:
        """A bug must not look like a quiet market: whoever listens is cut off."""
        if pump.cancelled() or pump.exception() is None:
            return
        for session in list(self.hub.sessions):
            session.outbox.abandon()
        problem = {"message": "the streams stopped", "exception": pump.exception()}
        asyncio.get_running_loop().call_exception_handler(problem)

    async def _serve(
        self, request: "web.Request", open_talk: Callable[[Outbox], Conversation]
    ) -> "web.WebSocketResponse":
        from aiohttp import web

        socket = web.WebSocketResponse(
            autoping=False, compress=False, max_msg_size=_LARGEST_MESSAGE
        )
        await socket.prepare(request)
        outbox = self._outboxes(_line(request, socket), self._manners.most_bytes)
        writer = asyncio.create_task(outbox.run())
        self._sockets[socket] = None
        try:
            await open_talk(outbox).run(socket)
        finally:
            self._sockets.pop(socket, None)
            outbox.lose()
            writer.cancel()
            with suppress(asyncio.CancelledError):
                await writer
        return socket

    def _session(self, entry: Door, outbox: Outbox) -> Conversation:
        """A connection that listens to streams."""
        session = Session(entry.face, entry.access, entry.combined, outbox)
        self.hub.join(session)
        self.hub.subscribe(session, entry.names[:MOST_STREAMS])
        return Conversation(
            outbox,
            lambda text: answer(self.hub, session, text),
            lambda: self.hub.leave(session),
            self._manners,
            most_messages=self._manners.most_messages(entry.face),
        )

    def _requests(self, face: Face, outbox: Outbox) -> Conversation:
        """A connection that asks."""
        requests = Requests(face, self.hub, outbox, self._reply, self._wall)
        return Conversation(outbox, requests.reply, requests.close, self._manners)


def _line(request: "web.Request", socket: "web.WebSocketResponse") -> Line:
    path = request.raw_path.partition("?")[0]
    return Line(path, _sender(socket), _aborter(request), lambda code: socket.close(code=code))


def _sender(socket: "web.WebSocketResponse") -> Callable[[bytes], Awaitable[None]]:
    from aiohttp import WSMsgType

    async def send(frame: bytes) -> None:
        await socket.send_frame(frame, WSMsgType.TEXT)

    return send


def _aborter(request: "web.Request") -> Callable[[], None]:
    def abort() -> None:
        if request.transport is not None:
            request.transport.abort()

    return abort
