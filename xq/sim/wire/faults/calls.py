"""Requests and messages, reduced to what faults are matched by; nothing here may fail."""

import json
from collections.abc import Mapping
from typing import Any

import orjson

from xq.sim.accounts import Login
from xq.sim.refusal import Refusal
from xq.sim.wire.auth import Message
from xq.sim.wire.faults.fault import Call, Frame


def call_of(message: Message, logins: Mapping[str, Login], *, over_http: bool = True) -> Call:
    """A request as faults see it.

    Examples
    --------
    >>> message = Message("POST", "/fapi/v1/order", "symbol=BTCUSDT", "side=BUY", None)
    >>> call = call_of(message, {})
    >>> sorted(call.symbols), dict(call.params)
    (['BTCUSDT'], {'side': 'BUY', 'symbol': 'BTCUSDT'})
    """
    login = logins.get(message.api_key or message.headers.get("x-bapi-api-key", ""))
    params = _params(message)
    return Call(
        method=message.method,
        path=message.path,
        owner="" if login is None else login.name,
        symbols=frozenset(_symbols(params)),
        params=params,
        over_http=over_http,
    )


def _params(message: Message) -> dict[str, str]:
    """The parameters as far as they can be read; those of a JSON body too."""
    if message.body.startswith("{"):
        try:
            found = orjson.loads(message.body)
        except orjson.JSONDecodeError:
            return {}
        return {name: value if isinstance(value, str) else json.dumps(value)
                for name, value in found.items()}  # fmt: skip
    try:
        return message.params().values()
    except Refusal:
        return {}


def _symbols(params: Mapping[str, str]) -> list[str]:
    names = [params["symbol"]] if "symbol" in params else []
    for key in ("batchOrders", "request"):
        if key not in params:
            continue
        try:
            rows = orjson.loads(params[key])
        except orjson.JSONDecodeError:
            continue
        for row in rows if isinstance(rows, list) else []:
            if isinstance(row, dict) and isinstance(row.get("symbol"), str):
                names.append(row["symbol"])
    return names


def frame_of(frame: bytes, path: str, owners: frozenset[str]) -> Frame:
    """A message as faults see it.

    Examples
    --------
    >>> frame_of(b'{"stream":"x","data":{"e":"depthUpdate","s":"BTCUSDT"}}', "/ws", frozenset())
    Frame(path='/ws', event='depthUpdate', symbol='BTCUSDT', owners=frozenset())
    """
    told: Any = orjson.loads(frame)
    for key, wrapper in (("data", "stream"), ("event", "subscriptionId")):
        if isinstance(told, dict) and wrapper in told and isinstance(told.get(key), dict | list):
            told = told[key]
    if isinstance(told, list):  # of many markets
        first = told[0] if told and isinstance(told[0], dict) else {}
        return Frame(path, str(first.get("e", "")), owners=owners)
    event, symbol = told.get("e", told.get("topic")), told.get("s")
    if not isinstance(event, str):
        is_book = "lastUpdateId" in told and "id" not in told
        event = "partialDepth" if is_book else "answer"
    order = told.get("o")
    if not isinstance(symbol, str):
        symbol = order.get("s") if isinstance(order, dict) else ""
    if not symbol and "." in event:
        symbol = event.rpartition(".")[2]
    return Frame(path, event, symbol if isinstance(symbol, str) else "", owners)
