"""The venue behind an HTTP socket on 127.0.0.1, served by one thread of its own."""

import asyncio
import os
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

from xq.clock import SystemClock
from xq.errors import UsageError
from xq.ports import Clock
from xq.sim.instruments import Face
from xq.sim.refusal import Reason, Refusal
from xq.sim.venue import SimVenue
from xq.sim.wire.admin.desk import Desk
from xq.sim.wire.admin.site import AdminSite
from xq.sim.wire.auth import Message
from xq.sim.wire.bybit.doors import BybitDoors
from xq.sim.wire.bybit.face import PREFIX, BybitFace
from xq.sim.wire.dispatch import STATUS_PATH, Reply, answering
from xq.sim.wire.errors import wire_error
from xq.sim.wire.faults.bench import Bench
from xq.sim.wire.faults.fault import Fault
from xq.sim.wire.limited import limited
from xq.sim.wire.limits import Limits
from xq.sim.wire.noise import http_logger
from xq.sim.wire.reading import body_of, message_of
from xq.sim.wire.slices import Slices, in_turns, whole
from xq.sim.wire.streams.conversation import Manners
from xq.sim.wire.streams.endpoint import Streams
from xq.sim.wire.streams.outbox import Outbox
from xq.sim.wire.timekeeper import keep_time

if TYPE_CHECKING:
    from aiohttp import web

HOST = "127.0.0.1"

_LARGEST_BODY = 64 * 1024
_LINGER_SECONDS = 1.0


class VenueServer:
    """Serves one venue until closed.

    Parameters
    ----------
    port
        0 takes any free one.
    wall
        What signatures are checked against; the machine's own time unless a test says otherwise.
    limits
        How fast it may be asked; None is without limit.
    manners
        How WebSocket connections are treated; None is as on Binance.
    bench
        What goes wrong on purpose; None is nothing.
    admin_port
        Second port, for who runs the venue; 0 takes any free one, None has none. Needs a bench.

    Attributes
    ----------
    streams
        WebSocket connections, once started.

    Raises
    ------
    UsageError
        From `start`, if the port is taken.
    """

    def __init__(
        self,
        venue: SimVenue,
        port: int = 0,
        *,
        wall: Clock | None = None,
        limits: Limits | None = None,
        manners: Manners | None = None,
        bench: Bench | None = None,
        admin_port: int | None = None,
    ) -> None:
        self.venue = venue
        self.port = port
        self.limits = limits
        self.bench = bench
        self.admin_port = admin_port
        self._manners = manners
        self.streams: Streams | None = None
        self._bybit = BybitFace(venue, limited=limits is not None)
        self._wall = SystemClock() if wall is None else wall
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="xq-sim", daemon=True)
        self._ready: Future[int] = Future()

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Return once requests are answered."""
        self._thread.start()
        try:
            self.port = self._ready.result()
        except UsageError:
            self._thread.join()
            raise
        except OSError as error:
            self._thread.join()
            raise UsageError(
                f"cannot listen on port {self.port}: {error.strerror or error}",
                where=HOST,
                hint="--port 0 takes a free one",
            ) from error

    def close(self) -> None:
        """Answer what is in flight, then stop; safe to call twice."""
        if self._thread.is_alive() and self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if self._ready.done():
                raise
            self._ready.set_exception(error)

    async def _serve(self) -> None:
        from aiohttp import web

        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application(client_max_size=_LARGEST_BODY)
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(
            app,
            handle_signals=False,
            access_log=None,
            logger=http_logger(),
            shutdown_timeout=_LINGER_SECONDS,
        )
        await runner.setup()
        self.streams = Streams(
            self.venue,
            self._reply_over_socket,
            wall=self._wall,
            manners=self._manners,
            outboxes=Outbox if self.bench is None else self.bench.outbox,
        )
        manners = Manners() if self._manners is None else self._manners
        doors = BybitDoors(self._bybit, self.streams.hub, self._wall, manners)
        self.streams.doors.update(doors.openers)
        admin = self._admin(self.streams)
        keeper = self._loop.create_task(keep_time(self.venue))
        try:
            await web.TCPSite(runner, HOST, self.port).start()
            if admin is not None and self.admin_port is not None:
                await admin.start(self.admin_port)
                self.admin_port = admin.port
            self._ready.set_result(runner.addresses[0][1])
            await self._stop.wait()
        finally:
            keeper.cancel()
            if self.bench is not None:
                self.bench.close()
            if admin is not None:
                await admin.close()
            await self.streams.close()
            doors.close()
            self._bybit.close()
            await runner.cleanup()

    def _admin(self, streams: Streams) -> AdminSite | None:
        """The second port, not yet listening."""
        if self.bench is None:
            return None
        self.bench.attach(streams.hub.keys)
        desk = Desk(self.venue, self.bench, self._status)
        return None if self.admin_port is None else AdminSite(self.venue, desk)

    async def _handle(self, request: "web.Request") -> "web.StreamResponse":
        body = b"" if "Upgrade" in request.headers else await body_of(request)
        message = message_of(request, body)
        if self.bench is None or message.path == STATUS_PATH:
            return await self._respond(request, message, [])
        return await self.bench.over_http(
            request, self.venue, message, lambda struck: self._respond(request, message, struck)
        )

    async def _respond(
        self, request: "web.Request", message: Message, struck: list[Fault]
    ) -> "web.StreamResponse":
        """Answer a request under the conditions of faults."""
        import orjson
        from aiohttp import web

        if self.streams is not None:
            socket = await self.streams.serve(request)
            if socket is not None:
                return socket
        reply = await in_turns(self._answer(message, struck))
        return web.Response(
            status=reply.status,
            body=orjson.dumps(reply.payload),
            content_type="application/json",
            headers=dict(reply.headers),
        )

    def _answer(self, message: Message, struck: list[Fault]) -> Slices[Reply]:
        if message.path == STATUS_PATH:
            return Reply(200, self._status())
        if not message.query.isascii() or not message.body.isascii():
            error = wire_error(Refusal(Reason.MALFORMED_PARAMETER, "query"), Face.SPOT)
            return Reply(error.status, error.payload)
        if self.bench is None or not struck:
            return (yield from self._answering(message, self._wall))
        return self.bench.answer(self.venue, message, self._wall, self._reply, struck)

    def _reply_over_socket(self, message: Message) -> Slices[Reply]:
        """Answer a request of the WebSocket API."""
        if self.bench is None:
            return (yield from self._answering(message, self._wall))
        return (yield from self.bench.over_socket(self.venue, message, self._wall, self._answering))

    def _reply(self, message: Message, wall: Clock) -> Reply:
        return whole(self._answering(message, wall))

    def _answering(self, message: Message, wall: Clock) -> Slices[Reply]:
        """The venue's own answer, signatures being checked against ``wall``."""
        if message.path.startswith(PREFIX):
            return (yield from self._bybit.answering(message, wall))
        more = None if self.streams is None else self.streams.routes
        if self.limits is None:
            reply = yield from answering(self.venue, message, wall, more)
        else:
            reply = yield from limited(self.limits, self.venue, message, wall, more)
        if self.streams is not None:
            self.streams.seen(message, reply)
        return reply

    def _status(self) -> dict[str, object]:
        return {
            "venue": "xq sim",
            "pid": os.getpid(),
            "seed": self.venue.world.seed,
            "state": str(self.venue.ledger.path.parent.resolve()),
            "limits": None if self.limits is None else self.limits.answered,
        }
