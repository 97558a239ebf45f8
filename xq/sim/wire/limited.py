"""Answering who has not asked too often, and telling everybody how often they asked."""

from contextlib import suppress

from xq.errors import DataError, VenueError
from xq.ports import Clock
from xq.sim.instruments import Face
from xq.sim.venue import SimVenue
from xq.sim.wire.auth import Message
from xq.sim.wire.dispatch import Reply, answering
from xq.sim.wire.limits import Limits
from xq.sim.wire.route import Routes
from xq.sim.wire.slices import Slices


def limited(
    limits: Limits, venue: SimVenue, message: Message, wall: Clock, more: Routes | None = None
) -> Slices[Reply]:
    """`answering` for who has not asked too often."""
    with suppress(DataError, VenueError):  # it stands still then, and `dispatch` says why
        venue.settle()
    verdict = limits.admit(message.method, message.path, message.query, venue.now_ms)
    if verdict.payload is not None:
        return Reply(verdict.status, dict(verdict.payload), verdict.headers)
    reply = yield from answering(venue, message, wall, more)
    if isinstance(reply.payload, dict) and "rateLimits" in reply.payload:
        face = Face.FUTURES if message.path.startswith("/fapi/") else Face.SPOT
        reply = Reply(reply.status, reply.payload | {"rateLimits": limits.describe(face)})
    return Reply(reply.status, reply.payload, verdict.headers)
