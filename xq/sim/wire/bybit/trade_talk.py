"""Orders over a connection: ``/v5/trade``."""

from collections import deque
from typing import Any

import orjson

from xq.ports import Clock
from xq.sim.wire.bybit.answers import Fault
from xq.sim.wire.bybit.auth import check_time, check_words
from xq.sim.wire.bybit.face import BybitFace

_OPS = {
    "order.create": "/v5/order/create",
    "order.amend": "/v5/order/amend",
    "order.cancel": "/v5/order/cancel",
    "order.create-batch": "/v5/order/create-batch",
    "order.amend-batch": "/v5/order/amend-batch",
    "order.cancel-batch": "/v5/order/cancel-batch",
}
_REMEMBERED = 1000  # request ids of a connection
_LONGEST_ID = 36


class TradeTalk:
    """One connection to ``/v5/trade``."""

    def __init__(self, face: BybitFace, name: str, wall: Clock) -> None:
        self._face = face
        self._name = name
        self._wall = wall
        self._owner = ""
        self._seen: deque[str] = deque(maxlen=_REMEMBERED)

    def close(self) -> None:
        """Nothing to leave."""

    def answer(self, text: str | bytes) -> bytes:
        """Do what a message asks and say so, or say what was wrong with it."""
        heard: dict[str, Any] = {}
        try:
            found = orjson.loads(text)
            if not isinstance(found, dict):
                raise Fault(10001, "the message is not a JSON object")
            heard = found
            return orjson.dumps(self._obey(heard))
        except orjson.JSONDecodeError:
            problem = Fault(10001, "the message is not JSON")
        except Fault as fault:
            problem = fault
        return orjson.dumps(self._said(heard, problem.code, problem.text))

    def _said(self, heard: dict[str, Any], code: int, text: str, **more: object) -> dict[str, Any]:
        number = heard.get("reqId")
        known = {} if number is None else {"reqId": number}
        about = {"retCode": code, "retMsg": text, "op": str(heard.get("op", ""))}
        return known | about | more | {"connId": self._name}

    def _obey(self, heard: dict[str, Any]) -> dict[str, Any]:
        op = heard.get("op")
        if op == "ping":
            return self._said(heard, 0, "OK", data=[str(self._wall.now_ms())]) | {"op": "pong"}
        if op == "auth":
            if self._owner:
                raise Fault(20001, "Repeat auth")
            logins = self._face.venue.logins
            self._owner = check_words(heard.get("args"), logins, self._wall.now_ms()).name
            return self._said(heard, 0, "OK")
        if op not in _OPS:
            raise Fault(10404, "op type is not found")
        if not self._owner:
            raise Fault(10007, "User authentication failed.")
        return self._order(heard, _OPS[op])

    def _order(self, heard: dict[str, Any], path: str) -> dict[str, Any]:
        self._check_id(heard.get("reqId"))
        header, args = heard.get("header"), heard.get("args")
        if not isinstance(header, dict) or not isinstance(args, list) or len(args) != 1:
            raise Fault(10001, "expected a header and one order in args")
        if not isinstance(args[0], dict):
            raise Fault(10001, "expected one order in args")
        stamp, window = header.get("X-BAPI-TIMESTAMP", ""), header.get("X-BAPI-RECV-WINDOW", "")
        check_time(str(stamp), str(window), self._wall.now_ms())
        reply = self._face.order(self._owner, path, args[0], self._wall)
        payload = reply.payload
        if not isinstance(payload, dict):
            raise TypeError("an answer is an object")
        extra = {"data": payload["result"], "retExtInfo": payload["retExtInfo"]}
        now = {"Timenow": str(self._wall.now_ms())}
        more = extra | {"header": dict(reply.headers) | now}
        return self._said(heard, payload["retCode"], payload["retMsg"], **more)

    def _check_id(self, number: object) -> None:
        """Request ids must be new on a connection."""
        if number is None:
            return
        if not isinstance(number, str) or len(number) > _LONGEST_ID:
            raise Fault(10001, "reqId must be text of up to 36 characters")
        if number in self._seen:
            raise Fault(20006, "reqId is duplicated")
        self._seen.append(number)
