"""WebSocket API: requests by name, answered by the same handlers as REST."""

import json
from collections.abc import Callable
from decimal import Decimal
from itertools import count
from typing import Any

import orjson

from xq.ports import Clock
from xq.sim.instruments import Face
from xq.sim.refusal import Refusal
from xq.sim.wire.auth import Message, check_signature
from xq.sim.wire.dispatch import Reply
from xq.sim.wire.errors import wire_error
from xq.sim.wire.limits import ORDER_LIMITS, WEIGHT_LIMITS
from xq.sim.wire.params import Params
from xq.sim.wire.slices import Slices
from xq.sim.wire.streams.hub import Hub
from xq.sim.wire.streams.methods import METHODS
from xq.sim.wire.streams.outbox import Outbox
from xq.sim.wire.streams.users import Recipient

_OK, _BAD, _NOT_FOUND = 200, 400, 404
_LETTERS = {"S": "SECOND", "M": "MINUTE", "D": "DAY"}

Answerer = Callable[[Message], Slices[Reply]]


class Requests:
    """One connection of the WebSocket API.

    Parameters
    ----------
    answer
        Answers a request as REST does.
    """

    def __init__(self, face: Face, hub: Hub, outbox: Outbox, answer: Answerer, wall: Clock) -> None:
        self._face = face
        self._hub = hub
        self._outbox = outbox
        self._answer = answer
        self._wall = wall
        self._since_ms = wall.now_ms()
        self._numbers = count()
        self._subscriptions: dict[int, Recipient] = {}

    def close(self) -> None:
        """The connection ended."""
        for recipient in self._subscriptions.values():
            self._hub.users.remove(recipient)
        self._subscriptions.clear()
        self._hub.note()

    def reply(self, text: str | bytes) -> Slices[bytes]:
        """Answer one message, with a chance for others after each slice."""
        try:
            request = orjson.loads(text)
        except orjson.JSONDecodeError:
            request = None
        if not isinstance(request, dict) or not isinstance(request.get("params", {}), dict):
            return _shaped(None, _failure(_BAD, -1135, "Invalid JSON Request"), [])
        method, number = request.get("method"), request.get("id")
        values = _values(request.get("params", {}))
        shown = values.pop("returnRateLimits", "true") != "false"
        signed = _signed(request.get("params", {}))
        own = _OWN.get((self._face, str(method)))
        if own is not None:
            try:
                result = own(self, signed, values)
            except Refusal as refusal:
                error = wire_error(refusal, self._face)
                return _shaped(number, Reply(error.status, error.payload), [] if shown else None)
            return _shaped(number, Reply(_OK, result), [] if shown else None)
        if method == "session.logon":
            found = _failure(_BAD, -4056, "HMAC_SHA256 API key is not supported.")
            return _shaped(number, found, [] if shown else None)
        route = METHODS[self._face].get(str(method))
        if route is None:
            found = _failure(_NOT_FOUND, -5000, f"Method {method} not found.")
            return _shaped(number, found, [] if shown else None)
        verb, _, path = route.partition(" ")
        message = Message(verb, path, signed, "", values.get("apiKey"), values)
        answer = yield from self._answer(message)
        return _shaped(number, answer, _limits(self._face, answer) if shown else None)

    def _status(self, _signed: str, _values: dict[str, str]) -> dict[str, Any]:
        """Nobody is logged on: keys with a shared secret sign every request."""
        return {
            "apiKey": None,
            "authorizedSince": None,
            "connectedSince": self._since_ms,
            "returnRateLimits": True,
            "serverTime": self._hub.venue.now_ms,
            "userDataStream": bool(self._subscriptions),
        }

    def _subscribe(self, signed: str, values: dict[str, str]) -> dict[str, Any]:
        """Hear the account that signed this."""
        message = Message("POST", "", signed, "", values.get("apiKey"), values)
        logins, now = self._hub.venue.logins, self._wall.now_ms()
        owner = check_signature(message, Params(values), logins, now).name
        number = next(self._numbers)

        def tell(frame: bytes) -> None:
            self._outbox.put(b'{"subscriptionId":%d,"event":%b}' % (number, frame))

        recipient = Recipient(owner, self._face, tell)
        self._subscriptions[number] = recipient
        self._hub.users.add(recipient)
        self._outbox.owners.add(owner)
        self._hub.note()
        return {"subscriptionId": number}

    def _unsubscribe(self, _signed: str, values: dict[str, str]) -> dict[str, Any]:
        number = Params(values).integer("subscriptionId")
        for known in list(self._subscriptions):
            if number in (None, known):
                self._hub.users.remove(self._subscriptions.pop(known))
        self._hub.note()
        return {}

    def _listed(self, _signed: str, _values: dict[str, str]) -> list[dict[str, int]]:
        return [{"subscriptionId": number} for number in self._subscriptions]


_Own = Callable[[Requests, str, dict[str, str]], Any]
_OWN: dict[tuple[Face, str], _Own] = {
    (Face.SPOT, "session.status"): Requests._status,
    (Face.FUTURES, "session.status"): Requests._status,
    (Face.SPOT, "session.logout"): Requests._status,
    (Face.FUTURES, "session.logout"): Requests._status,
    (Face.SPOT, "session.subscriptions"): Requests._listed,
    (Face.SPOT, "userDataStream.subscribe.signature"): Requests._subscribe,
    (Face.SPOT, "userDataStream.unsubscribe"): Requests._unsubscribe,
}


def _text(value: object) -> str:
    """A JSON value as a query would say it.

    Examples
    --------
    >>> [_text(value) for value in (True, 5, "0.10", 0.1, 1e-7)]
    ['true', '5', '0.10', '0.1', '0.0000001']
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{Decimal(repr(value)):f}"
    return json.dumps(value, separators=(",", ":"))


def _values(params: dict[str, Any]) -> dict[str, str]:
    return {name: _text(value) for name, value in params.items() if value is not None}


def _signed(params: dict[str, Any]) -> str:
    """What the signature covers: everything, sorted by name."""
    return "&".join(f"{name}={text}" for name, text in sorted(_values(params).items()))


def _failure(status: int, code: int, text: str) -> Reply:
    return Reply(status, {"code": code, "msg": text})


def _shaped(number: object, reply: Reply, limits: list[dict[str, Any]] | None) -> bytes:
    kind = "result" if reply.status == _OK else "error"
    answer: dict[str, Any] = {"id": number, "status": reply.status, kind: reply.payload}
    if limits is not None:
        answer["rateLimits"] = limits
    return orjson.dumps(answer)


def _limits(face: Face, reply: Reply) -> list[dict[str, Any]]:
    """The allowances as far as the venue counts them."""
    rows = []
    used = reply.headers.get("X-MBX-USED-WEIGHT-1M")
    if used is not None:
        rows.append(_rule("REQUEST_WEIGHT", "1M", WEIGHT_LIMITS[face], int(used)))
    for name, (_, most) in ORDER_LIMITS[face].items():
        orders = reply.headers.get(f"X-MBX-ORDER-COUNT-{name}")
        if orders is not None:
            rows.append(_rule("ORDERS", name, most, int(orders)))
    return rows


def _rule(kind: str, interval: str, most: int, used: int) -> dict[str, Any]:
    return {
        "rateLimitType": kind,
        "interval": _LETTERS[interval[-1]],
        "intervalNum": int(interval[:-1]),
        "limit": most,
        "count": used,
    }
