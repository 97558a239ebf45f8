"""What clients say to streams: subscriptions and properties, as Binance takes them."""

import re
from typing import Any

import orjson

from xq.sim.wire.streams.hub import Hub
from xq.sim.wire.streams.names import parse
from xq.sim.wire.streams.session import Session

MOST_STREAMS = 1024

_METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
_ID = re.compile(r"[A-Za-z0-9_-]{0,36}", re.ASCII)
_KEY = re.compile(r"[A-Za-z0-9]{20,128}(@[A-Z_]+)?", re.ASCII)
_LARGEST_ID = 2**63


class _Invalid(Exception):
    """A message that is answered with an error."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def answer(hub: Hub, session: Session, text: str | bytes) -> bytes:
    """Do what a control message asks and say so, or say what was wrong with it."""
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        return _error(_Invalid(3, f"Invalid JSON: expected value at {place}"), None)
    number: object = None
    try:
        if not isinstance(message, dict):
            raise _Invalid(2, "Invalid request: expected an object")
        number = _id(message)
        return orjson.dumps({"result": _obey(hub, session, message), "id": number})
    except _Invalid as problem:
        return _error(problem, number)


def _error(problem: _Invalid, number: object) -> bytes:
    error = {"code": problem.code, "msg": problem.text}
    return orjson.dumps({"error": error, "id": number} if number is not None else {"error": error})


def _id(message: dict[str, Any]) -> object:
    if "id" not in message:
        raise _Invalid(2, "Invalid request: request ID must be an unsigned integer")
    number = message["id"]
    is_number = isinstance(number, int) and not isinstance(number, bool)
    if number is None or (is_number and 0 <= number < _LARGEST_ID):
        return number
    if isinstance(number, str) and _ID.fullmatch(number):
        return number
    raise _Invalid(2, "Invalid request: request ID must be an unsigned integer")


def _obey(hub: Hub, session: Session, message: dict[str, Any]) -> object:
    if "method" not in message:
        raise _Invalid(2, "Invalid request: missing field `method` at line 1 column 1")
    method, params = message["method"], message.get("params", [])
    if method not in _METHODS:
        known = ", ".join(f"`{name}`" for name in _METHODS)
        raise _Invalid(2, f"Invalid request: unknown variant `{method}`, expected one of {known}")
    if not isinstance(params, list):
        raise _Invalid(2, "Invalid request: params must be a list")
    if method == "LIST_SUBSCRIPTIONS":
        return list(session.names)
    if method == "GET_PROPERTY":
        _property(params, 1)
        return session.combined
    if method == "SET_PROPERTY":
        _property(params, 2)
        if not isinstance(params[1], bool):
            raise _Invalid(1, "Invalid value type: expected Boolean")
        session.combined = params[1]
        return None
    _subscriptions(hub, session, method, params)
    return None


def _property(params: list[Any], count: int) -> None:
    if len(params) > count:
        raise _Invalid(2, "Invalid request: too many parameters")
    if len(params) < count or not isinstance(params[0], str):
        raise _Invalid(2, "Invalid request: property name must be a string")
    if params[0] != "combined":
        raise _Invalid(0, "Unknown property")


def _subscriptions(hub: Hub, session: Session, method: str, names: list[Any]) -> None:
    for name in names:
        known = isinstance(name, str) and (parse(session.face, name) or _KEY.fullmatch(name))
        if not known:
            raise _Invalid(2, "Invalid request: invalid stream")
    if method == "UNSUBSCRIBE":
        hub.unsubscribe(session, names)
        return
    if len(session.names.keys() | set(names)) > MOST_STREAMS:
        raise _Invalid(2, f"Invalid request: too many streams, at most {MOST_STREAMS}")
    hub.subscribe(session, names)
