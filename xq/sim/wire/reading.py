"""From an HTTP request to a message of the venue."""

from typing import TYPE_CHECKING

from xq.sim.wire.auth import Message

if TYPE_CHECKING:
    from aiohttp import web

_UNREADABLE = '{"code":-1130,"msg":"Data sent for parameter \'body\' is not valid."}'


async def body_of(request: "web.Request") -> bytes:
    """What was sent; refused if it is not encoded as its headers say."""
    if not request.body_exists:
        return b""
    from aiohttp import web
    from aiohttp.http_exceptions import BadHttpMessage

    try:
        return await request.read()
    except (BadHttpMessage, web.RequestPayloadError):
        raise web.HTTPBadRequest(text=_UNREADABLE, content_type="application/json") from None


def message_of(request: "web.Request", body: bytes) -> Message:
    """A request as the venue reads it, nothing decoded."""
    path, _, query = request.raw_path.partition("?")
    key = request.headers.get("X-MBX-APIKEY")
    named = request.headers.items()
    signed = {name.lower(): text for name, text in named if "-BAPI-" in name.upper()}
    text = body.decode("ascii", "replace")
    return Message(request.method, path, query, text, key, headers=signed)
