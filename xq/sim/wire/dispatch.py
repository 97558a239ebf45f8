"""From one request to one answer; knows routes, security and refusals, but no sockets."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field

from xq.errors import DataError, StorageFailed, VenueError
from xq.ports import Clock
from xq.sim.instruments import Face
from xq.sim.refusal import Refusal
from xq.sim.venue import SimVenue
from xq.sim.wire.auth import Message, check_key, check_signature
from xq.sim.wire.errors import wire_error
from xq.sim.wire.futures import FUTURES_ROUTES
from xq.sim.wire.known import check_known
from xq.sim.wire.route import Caller, Json, Route, Routes, Security
from xq.sim.wire.slices import Slices, whole
from xq.sim.wire.spot import SPOT_ROUTES

STATUS_PATH = "/_sim/status"

_ROUTES: Routes = {**SPOT_ROUTES, **FUTURES_ROUTES}
_PATHS = frozenset(path for _, path in _ROUTES)
_OK = 200
_NOT_FOUND = 404
_WRONG_METHOD = 405
_UNAVAILABLE = 503


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, JSON body and headers beside the usual ones."""

    status: int
    payload: Json
    headers: Mapping[str, str] = field(default_factory=dict)


def dispatch(venue: SimVenue, message: Message, wall: Clock, more: Routes | None = None) -> Reply:
    """Answer a request.

    Parameters
    ----------
    wall
        What timestamps of signed requests are checked against.
    more
        Routes of whoever keeps state of its own, as listen keys.
    """
    return whole(answering(venue, message, wall, more))


def answering(
    venue: SimVenue, message: Message, wall: Clock, more: Routes | None = None
) -> Slices[Reply]:
    """`dispatch`, with a chance for others after each slice."""
    extra = {} if more is None else more
    key = message.method, message.path
    route = _ROUTES.get(key) or extra.get(key)
    if route is None:
        known = message.path in _PATHS or any(path == message.path for _, path in extra)
        status = _WRONG_METHOD if known else _NOT_FOUND
        text = "Method not allowed." if known else f"Path {message.path} not found."
        return Reply(status, {"code": -5000, "msg": text})
    try:
        found = _answer(venue, route, message, wall)
        return Reply(_OK, (yield from found) if isinstance(found, Generator) else found)
    except Refusal as refusal:
        error = wire_error(refusal, _face(message.path))
        return Reply(error.status, error.payload)
    except StorageFailed as failure:
        return Reply(_UNAVAILABLE, {"code": -1001, "msg": f"Internal error. {failure.message}"})
    except (VenueError, DataError) as failure:  # prices are out of reach, or a recording ends
        return Reply(_UNAVAILABLE, {"code": -1008, "msg": f"No prices. {failure.message}"})


def _answer(venue: SimVenue, route: Route, message: Message, wall: Clock) -> Json | Slices[Json]:
    params = message.params()
    owner = ""
    if route.security is Security.KEY:
        owner = check_key(message, venue.logins).name
    elif route.security is Security.SIGNED:
        owner = check_signature(message, params, venue.logins, wall.now_ms()).name
    check_known(message.method, message.path, params)
    venue.settle()
    return route.handler(Caller(venue, owner), params)


def _face(path: str) -> Face:
    return Face.FUTURES if path.startswith(("/fapi/", "/futures/")) else Face.SPOT
