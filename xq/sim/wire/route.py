"""What a route is: a handler of one caller's parameters, and who may call it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from xq.sim.venue import SimVenue
from xq.sim.wire.params import Params
from xq.sim.wire.slices import Slices

Json = dict[str, Any] | list[Any]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks which venue; the owner is empty where nobody had to say who they are."""

    venue: SimVenue
    owner: str


Handler = Callable[[Caller, Params], Json | Slices[Json]]


class Security(Enum):
    """What a caller must show."""

    OPEN = auto()
    KEY = auto()
    SIGNED = auto()


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint."""

    handler: Handler
    security: Security


Routes = dict[tuple[str, str], Route]


def routes(prefix: str, security: Security, table: dict[str, Handler]) -> Routes:
    """Routes from ``"GET /path"`` to handler, below a prefix.

    Examples
    --------
    >>> list(routes("/api/v3", Security.OPEN, {"GET /ping": lambda caller, params: {}}))
    [('GET', '/api/v3/ping')]
    """
    found: Routes = {}
    for name, handler in table.items():
        method, _, path = name.partition(" ")
        found[method, prefix + path] = Route(handler, security)
    return found
