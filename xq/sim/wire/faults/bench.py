"""Where faults meet the venue's connections: before, in and after each request."""

import struct
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from socket import SO_LINGER, SOL_SOCKET
from typing import TYPE_CHECKING

from xq.ports import Clock
from xq.sim.venue import SimVenue
from xq.sim.wire.auth import Message
from xq.sim.wire.dispatch import Reply
from xq.sim.wire.faults.calls import call_of
from xq.sim.wire.faults.canned import Canned, canned
from xq.sim.wire.faults.conditions import conditions, refused, retold, skewed
from xq.sim.wire.faults.fault import Fault
from xq.sim.wire.faults.journal import Journal
from xq.sim.wire.faults.messages import FaultyOutbox
from xq.sim.wire.faults.roster import Roster, check_all
from xq.sim.wire.slices import Slices, whole
from xq.sim.wire.streams.listen_keys import ListenKeys
from xq.sim.wire.streams.outbox import Line
from xq.sim.wire.streams.pump import pause

if TYPE_CHECKING:
    from aiohttp import web

Answer = Callable[[Message, Clock], Reply]

_LOOK_SECONDS = 0.05  # how often a hung request looks whether its client is still there
_RESTART = 1012
_NO_ANSWER = 444  # as nginx writes it down; never sent


class Bench:
    """The faults of one venue, the record of what was asked, and who is connected.

    Attributes
    ----------
    roster
        The faults in force.
    journal
        The last requests and their answers.
    """

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self.roster = Roster(faults)
        self.journal = Journal()
        self.outboxes: dict[FaultyOutbox, None] = {}
        self._keys: ListenKeys | None = None
        self._closing = False

    def check(self, venue: SimVenue) -> None:
        """Refuse faults for accounts and markets that there are not. Raises `UnknownName`."""
        check_all([entry.fault for entry in self.roster.entries], venue)

    def attach(self, keys: ListenKeys) -> None:
        """The listen keys that faults may expire."""
        self._keys = keys

    def close(self) -> None:
        """Let hung requests go."""
        self._closing = True

    def outbox(self, line: Line, most_bytes: int) -> FaultyOutbox:
        """What waits for a new connection."""
        found = FaultyOutbox(line, most_bytes, self.roster, self.expire)
        self.outboxes = {box: None for box in self.outboxes if not box.is_lost} | {found: None}
        return found

    def expire(self, owner: str) -> None:
        """End an account's listen keys, as if their hour were over."""
        if self._keys is not None:
            self._keys.cut_short(owner)

    def answer(
        self, venue: SimVenue, message: Message, wall: Clock, answer: Answer, struck: list[Fault]
    ) -> Reply:
        """The venue's own answer under the conditions of faults."""
        call = call_of(message, venue.logins)
        for fault in struck:
            if fault.do == "expire_listen_key" and call.owner:
                self.expire(call.owner)
        with conditions(venue, struck):
            reply = refused(call, struck) or answer(message, skewed(wall, struck))
        return retold(call, reply, struck)

    def over_socket(
        self,
        venue: SimVenue,
        message: Message,
        wall: Clock,
        answer: Callable[[Message, Clock], Slices[Reply]],
    ) -> Slices[Reply]:
        """Answer a request of the WebSocket API."""
        call = call_of(message, venue.logins, over_http=False)
        struck = self.roster.on_call(call)
        reply = next(
            (shown.reply for fault in struck if (shown := _before(fault, venue)) is not None), None
        )
        self._close_streams(struck)
        if reply is None and not struck:
            reply = yield from answer(message, wall)
        elif reply is None:

            def at_once(asked: Message, checked: Clock) -> Reply:
                return whole(answer(asked, checked))

            own = self.answer(venue, message, wall, at_once, struck)
            late = (canned(fault, venue.now_ms) for fault in struck)
            reply = next((shown.reply for shown in late if shown is not None), own)
        self.journal.add(venue.now_ms, call, reply.status, reply.payload, struck)
        return reply

    async def over_http(
        self,
        request: "web.Request",
        venue: SimVenue,
        message: Message,
        respond: Callable[[list[Fault]], Awaitable["web.StreamResponse"]],
    ) -> "web.StreamResponse":
        """Serve a request, or what is left of it.

        Parameters
        ----------
        respond
            Serves it under the conditions of these faults; an opening of a WebSocket too.
        """
        call = call_of(message, venue.logins)
        struck = self.roster.on_call(call)
        number = self.journal.add(venue.now_ms, call, None, None, struck)
        self._close_streams(struck)
        response = await self._act(request, venue, struck, "before", None)
        if response is None:
            response = await respond(struck)
            if not response.prepared:  # a WebSocket has had its answers
                changed = await self._act(request, venue, struck, "after", response)
                response = response if changed is None else changed
        body = getattr(response, "body", None)
        self.journal.answered(number, response.status, body if isinstance(body, bytes) else b"")
        return response

    async def _act(
        self,
        request: "web.Request",
        venue: SimVenue,
        struck: list[Fault],
        when: str,
        response: "web.StreamResponse | None",
    ) -> "web.StreamResponse | None":
        """What faults make of a request at this moment; None lets it go on."""
        if not struck:
            return None
        from aiohttp import web

        for fault in struck:
            if fault.options.get("when", _WHEN.get(fault.do, "before")) != when:
                continue
            if fault.do == "delay":
                await pause(fault.options["seconds"])
            elif fault.do in ("hang", "reset", "lose_answer"):
                if fault.do == "hang":
                    await self._hang(request)
                elif fault.do == "reset":
                    _reset(request)
                else:
                    _hang_up(request)
                return web.Response(status=_NO_ANSWER)
            elif fault.do == "truncate" and isinstance(response, web.Response):
                return await _truncated(request, response, fault.options["bytes"])
            else:
                shown = canned(fault, venue.now_ms)
                if shown is not None:
                    return _response(shown)
        return None

    async def _hang(self, request: "web.Request") -> None:
        """Keep the connection and say nothing, until the client leaves."""
        while not self._closing and request.transport is not None:
            await pause(_LOOK_SECONDS)
        _hang_up(request)

    def _close_streams(self, struck: list[Fault]) -> None:
        if any(fault.do == "maintenance" for fault in struck):
            for outbox in self.outboxes:
                if not outbox.is_lost:
                    outbox.end(_RESTART)


_WHEN = {"lose_answer": "after", "truncate": "after"}


def _before(fault: Fault, venue: SimVenue) -> Canned | None:
    return canned(fault, venue.now_ms) if fault.options.get("when", "before") == "before" else None


def _response(shown: Canned) -> "web.Response":
    from aiohttp import web

    return web.Response(
        status=shown.status,
        body=shown.body,
        content_type=shown.type,
        headers=dict(shown.headers),
    )


async def _truncated(
    request: "web.Request", whole: "web.Response", size: int
) -> "web.StreamResponse":
    """Announce all of an answer and send the first bytes of it."""
    from aiohttp import web

    body = whole.body if isinstance(whole.body, bytes) else b""
    response = web.StreamResponse(status=whole.status, headers=whole.headers)
    response.content_length = len(body)
    await response.prepare(request)
    await response.write(body[:size])
    _hang_up(request)
    return response


def _hang_up(request: "web.Request") -> None:
    """End the connection properly, after what was written."""
    if request.transport is not None:
        request.transport.close()


def _reset(request: "web.Request") -> None:
    """Break the connection with a reset, not an end."""
    transport = request.transport
    if transport is None:
        return
    socket = transport.get_extra_info("socket")
    with suppress(OSError):
        socket.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
