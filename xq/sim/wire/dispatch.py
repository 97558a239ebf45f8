"""From one request to one answer; knows routes, security and refusals, but no sockets."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from xq.errors import StorageFailed, VenueError
from xq.ports import Clock
from xq.sim.instruments import Face
from xq.sim.refusal import Refusal
from xq.sim.venue import SimVenue
from xq.sim.wire.auth import Message, check_key, check_signature
from xq.sim.wire.errors import wire_error
from xq.sim.wire.futures import FUTURES_ROUTES
from xq.sim.wire.params import Params
from xq.sim.wire.route import Caller, Json, Route, Routes, Security
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


def dispatch(venue: SimVenue, message: Message, wall: Clock) -> Reply:
    """Answer a request.

    Parameters
    ----------
    wall
        What timestamps of signed requests are checked against.
    """
    route = _ROUTES.get((message.method, message.path))
    if route is None:
        known = message.path in _PATHS
        status = _WRONG_METHOD if known else _NOT_FOUND
        text = "Method not allowed." if known else f"Path {message.path} not found."
        return Reply(status, {"code": -5000, "msg": text})
    try:
        return Reply(_OK, _answer(venue, route, message, wall))
    except Refusal as refusal:
        error = wire_error(refusal, _face(message.path))
        return Reply(error.status, error.payload)
    except StorageFailed as failure:
        return Reply(_UNAVAILABLE, {"code": -1001, "msg": f"Internal error. {failure.message}"})
    except VenueError as failure:  # a paper venue's real prices are out of reach: nothing was done
        return Reply(_UNAVAILABLE, {"code": -1008, "msg": f"No prices. {failure.message}"})


def _answer(venue: SimVenue, route: Route, message: Message, wall: Clock) -> Json:
    params = Params.parse(message.query, message.body)
    owner = ""
    if route.security is Security.KEY:
        owner = check_key(message, venue.logins).name
    elif route.security is Security.SIGNED:
        owner = check_signature(message, params, venue.logins, wall.now_ms()).name
    venue.settle()
    return route.handler(Caller(venue, owner), params)


def _face(path: str) -> Face:
    return Face.FUTURES if path.startswith(("/fapi/", "/futures/")) else Face.SPOT
