"""The venue behind an HTTP socket on 127.0.0.1, served by one thread of its own."""

import asyncio
import os
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from xq.clock import SystemClock
from xq.errors import StorageFailed, UsageError, VenueError
from xq.ports import Clock
from xq.sim.accounts import MAIN
from xq.sim.instruments import Face
from xq.sim.ledger import FILE_NAME, Ledger
from xq.sim.market import SimMarket
from xq.sim.refusal import Reason, Refusal
from xq.sim.venue import SimVenue
from xq.sim.wire.auth import Message
from xq.sim.wire.bybit.doors import BybitDoors
from xq.sim.wire.bybit.face import PREFIX, BybitFace
from xq.sim.wire.dispatch import STATUS_PATH, Reply, dispatch
from xq.sim.wire.errors import wire_error
from xq.sim.wire.limits import Limits
from xq.sim.wire.route import Routes
from xq.sim.wire.streams.conversation import Manners
from xq.sim.wire.streams.endpoint import Streams

if TYPE_CHECKING:
    from aiohttp import web

HOST = "127.0.0.1"

_LARGEST_BODY = 64 * 1024
_LINGER_SECONDS = 1.0


def open_venue(
    state: Path,
    clock: Clock,
    seed: int,
    start_ms: int | None = None,
    accounts: Sequence[str] = (MAIN,),
) -> SimVenue:
    """The venue whose ledger lies in ``state``; close its ledger when done.

    Raises
    ------
    ConfigError, UsageError, CorruptFile, StorageFailed
        As `SimVenue` and `Ledger` do.
    """
    ledger = Ledger(state / FILE_NAME)
    try:
        feeds = {face: SimMarket(face, seed) for face in Face}
        return SimVenue(ledger, feeds, clock, seed=seed, start_ms=start_ms, accounts=accounts)
    except BaseException:
        ledger.close()
        raise


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
    ) -> None:
        self.venue = venue
        self.port = port
        self.limits = limits
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
            app, handle_signals=False, access_log=None, shutdown_timeout=_LINGER_SECONDS
        )
        await runner.setup()
        self.streams = Streams(self.venue, self._reply, wall=self._wall, manners=self._manners)
        manners = Manners() if self._manners is None else self._manners
        doors = BybitDoors(self._bybit, self.streams.hub, self._wall, manners)
        self.streams.doors.update(doors.openers)
        try:
            await web.TCPSite(runner, HOST, self.port).start()
            self._ready.set_result(runner.addresses[0][1])
            await self._stop.wait()
        finally:
            await self.streams.close()
            doors.close()
            self._bybit.close()
            await runner.cleanup()

    async def _handle(self, request: "web.Request") -> "web.StreamResponse":
        import orjson
        from aiohttp import web

        if self.streams is not None:
            socket = await self.streams.serve(request)
            if socket is not None:
                return socket
        body = await request.read()
        reply = self._answer(request, body)
        return web.Response(
            status=reply.status,
            body=orjson.dumps(reply.payload),
            content_type="application/json",
            headers=dict(reply.headers),
        )

    def _answer(self, request: "web.Request", body: bytes) -> Reply:
        path, _, query = request.raw_path.partition("?")
        if path == STATUS_PATH:
            return Reply(200, self._status())
        if not query.isascii() or not body.isascii():
            error = wire_error(Refusal(Reason.MALFORMED_PARAMETER, "query"), Face.SPOT)
            return Reply(error.status, error.payload)
        key = request.headers.get("X-MBX-APIKEY")
        named = request.headers.items()
        signed = {name.lower(): text for name, text in named if "-BAPI-" in name.upper()}
        text = body.decode("ascii")
        message = Message(request.method, path, query, text, key, headers=signed)
        return self._reply(message)

    def _reply(self, message: Message) -> Reply:
        """Answer a request, by HTTP or WebSocket."""
        if message.path.startswith(PREFIX):
            return self._bybit.reply(message, self._wall)
        more = None if self.streams is None else self.streams.routes
        if self.limits is None:
            reply = dispatch(self.venue, message, self._wall, more)
        else:
            reply = limited(self.limits, self.venue, message, self._wall, more)
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


def limited(
    limits: Limits, venue: SimVenue, message: Message, wall: Clock, more: Routes | None = None
) -> Reply:
    """`dispatch` for who has not asked too often."""
    with suppress(StorageFailed, VenueError):  # it stands still then, and `dispatch` says why
        venue.settle()
    verdict = limits.admit(message.method, message.path, message.query, venue.now_ms)
    if verdict.payload is not None:
        return Reply(verdict.status, dict(verdict.payload), verdict.headers)
    reply = dispatch(venue, message, wall, more)
    if isinstance(reply.payload, dict) and "rateLimits" in reply.payload:
        face = Face.FUTURES if message.path.startswith("/fapi/") else Face.SPOT
        reply = Reply(reply.status, reply.payload | {"rateLimits": limits.describe(face)})
    return Reply(reply.status, reply.payload, verdict.headers)
