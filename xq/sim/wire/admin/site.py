"""The admin port as an HTTP server on 127.0.0.1."""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import orjson

from xq.errors import StorageFailed, UsageError, VenueError, XqError
from xq.sim.venue import SimVenue
from xq.sim.wire.admin.desk import Asking, Desk
from xq.sim.wire.admin.guard import HEADERS, objection
from xq.sim.wire.admin.page import page, policy

if TYPE_CHECKING:
    from aiohttp import web

_HOST = "127.0.0.1"
_LARGEST_BODY = 64 * 1024
_LINGER_SECONDS = 1.0

_Handler = Callable[[Desk, Asking], Any]
_ROUTES: dict[tuple[str, str], _Handler] = {
    ("GET", "/status"): Desk.status,
    ("GET", "/markets"): Desk.markets,
    ("GET", "/market"): Desk.market,
    ("GET", "/accounts"): Desk.accounts,
    ("GET", "/effects"): Desk.effects,
    ("GET", "/faults"): Desk.faults,
    ("POST", "/faults"): Desk.add_faults,
    ("DELETE", "/faults"): Desk.clear_faults,
    ("GET", "/streams"): Desk.streams,
    ("POST", "/streams/end"): Desk.end_streams,
    ("POST", "/listen-keys/expire"): Desk.expire_keys,
    ("GET", "/log"): Desk.log,
}
_NAMED = {("DELETE", "/faults/"): Desk.remove_fault}


class AdminSite:
    """Serves a desk; on the event loop that serves the venue, so nothing happens at once."""

    def __init__(self, venue: SimVenue, desk: Desk) -> None:
        self._venue = venue
        self._desk = desk
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self, port: int) -> None:
        """Listen; 0 takes any free port. Raises `UsageError` if it is taken."""
        from aiohttp import web

        app = web.Application(client_max_size=_LARGEST_BODY)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(
            app, handle_signals=False, access_log=None, shutdown_timeout=_LINGER_SECONDS
        )
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, _HOST, port).start()
        except OSError as error:
            await self.close()
            raise UsageError(
                f"cannot listen on port {port} for administration: {error.strerror or error}",
                where=_HOST,
                hint="--admin-port 0 takes a free one",
            ) from error
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _handle(self, request: "web.Request") -> "web.Response":
        from aiohttp import web

        reason = objection(request.method, request.headers, self.port)
        if reason is not None:
            return _json(403, {"error": "Forbidden", "message": reason})
        if (request.method, request.path) == ("GET", "/"):
            headers = HEADERS | {"Content-Security-Policy": policy()}
            return web.Response(text=page(), content_type="text/html", headers=headers)
        try:
            status, answer = self._answer(request, await request.read())
        except (StorageFailed, VenueError) as error:
            status, answer = 503, error.as_dict()
        except XqError as error:
            status, answer = 400, error.as_dict()
        return _json(status, answer)

    def _answer(self, request: "web.Request", body: bytes) -> tuple[int, Any]:
        handler, name = _find(request.method, request.path)
        if handler is None:
            known = any(path == request.path for _, path in _ROUTES)
            text = f"{request.method} {request.path}"
            if known:
                return 405, {"error": "WrongMethod", "message": f"{text} does not exist"}
            return 404, {"error": "NotFound", "message": f"nothing is at {text}"}
        with suppress(StorageFailed, VenueError):  # time stands still then; what is known is shown
            self._venue.settle()
        return 200, handler(self._desk, Asking(request.query, _parsed(body), name))


def _find(method: str, path: str) -> tuple[_Handler | None, str]:
    for (verb, prefix), handler in _NAMED.items():
        if verb == method and path.startswith(prefix) and len(path) > len(prefix):
            return handler, path[len(prefix) :]
    return _ROUTES.get((method, path)), ""


def _parsed(body: bytes) -> Any:
    if not body:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise UsageError(f"not valid JSON: {error}") from None


def _json(status: int, answer: Any) -> "web.Response":
    from aiohttp import web

    return web.Response(
        status=status,
        body=orjson.dumps(answer),
        content_type="application/json",
        headers=HEADERS,
    )
