"""What a venue in trouble answers, in the words that clients of the real one have to read.

Texts of the three kinds of 503 and of the codes from Binance's general information and error
lists; the pages are those of a gateway in front of it.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from xq.sim.wire.dispatch import Reply
from xq.sim.wire.faults.fault import Fault

JSON, HTML = "application/json", "text/html"


@dataclass(frozen=True, slots=True)
class Canned:
    """An answer as it goes over the wire."""

    status: int
    body: bytes
    type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def reply(self) -> Reply:
        """The same for the WebSocket API, which has no headers of its own."""
        return Reply(self.status, json.loads(self.body), self.headers)


def _page(status: int, title: str) -> Canned:
    text = (
        f"<html>\r\n<head><title>{status} {title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{status} {title}</h1></center>\r\n<hr><center>nginx</center>\r\n"
        "</body>\r\n</html>\r\n"
    )
    return Canned(status, text.encode(), HTML)


def _code(status: int, code: int, text: str, headers: Mapping[str, str] | None = None) -> Canned:
    body = json.dumps({"code": code, "msg": text}).encode()
    return Canned(status, body, headers={} if headers is None else headers)


EMPTY = Canned(200, b"")
PAGE = Canned(200, b"<html><head><title>OK</title></head><body>OK</body></html>", HTML)

_FIXED = {
    "bad_gateway": _page(502, "Bad Gateway"),
    "unavailable_page": _page(503, "Service Temporarily Unavailable"),
    "gateway_timeout": _page(504, "Gateway Time-out"),
    "firewall": _page(403, "Forbidden"),
    "restricted": _code(
        451,
        0,
        "Service unavailable from a restricted location according to 'b. Eligibility' in "
        "https://www.binance.com/en/terms.",
    ),
    "unknown_state": _code(
        503, 0, "Unknown error, please check your request or try again later."
    ),
    "unavailable": _code(503, 0, "Service Unavailable."),
    "throttled": _code(
        503,
        -1008,
        "Request throttled by system-level protection. Reduce-only/close-position orders are "
        "exempt. Please try again.",
    ),
    "internal_error": _code(500, -1000, "An unknown error occurred while processing the request."),
    "disconnected": _code(
        500, -1001, "Internal error; unable to process your request. Please try again."
    ),
    "unexpected_response": _code(
        500,
        -1006,
        "An unexpected response was received from the message bus. Execution status unknown.",
    ),
    "timeout": _code(
        408,
        -1007,
        "Timeout waiting for response from backend server. "
        "Send status unknown; execution status unknown.",
    ),
    "maintenance": _code(503, -1016, "This service is no longer available."),
    "empty": EMPTY,
    "html": PAGE,
}  # fmt: skip
_LIMITED = {
    "too_many_requests": (
        429,
        -1003,
        "Too many requests; current limit of IP(127.0.0.1) is 2400 requests per minute. "
        "Please use the websocket for live updates to avoid polling the API.",
    ),
    "too_many_orders": (429, -1015, "Too many new orders; current limit is 300 orders per 10S."),
    "ban": (
        418,
        -1003,
        "Way too many requests; IP(127.0.0.1) banned until {until}. "
        "Please use the websocket for live updates to avoid bans.",
    ),
}


def canned(fault: Fault, now_ms: int) -> Canned | None:
    """The answer that a fault puts in place of the venue's; None if it does no such thing.

    Parameters
    ----------
    now_ms
        Venue time, for when a ban ends.

    Examples
    --------
    >>> from xq.sim.wire.faults.script import fault_of
    >>> answer = canned(fault_of({"do": "ban", "seconds": 30}), 1_000)
    >>> answer.status, answer.headers, answer.reply.payload["msg"][:49]
    (418, {'Retry-After': '30'}, 'Way too many requests; IP(127.0.0.1) banned until')
    """
    limited = _LIMITED.get(fault.do)
    if limited is not None:
        status, code, text = limited
        seconds: float = fault.options["seconds"]
        until = now_ms + round(seconds * 1000)
        wait = {"Retry-After": str(math.ceil(seconds))}
        return _code(status, code, text.format(until=until), wait)
    if fault.do == "answer":
        options: Mapping[str, Any] = fault.options
        return Canned(options["status"], options["body"].encode(), options["type"])
    return _FIXED.get(fault.do)
