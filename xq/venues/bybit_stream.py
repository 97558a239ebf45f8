"""Bybit's account stream: signed in, then subscribed to orders, executions, positions, wallet."""
# ruff: noqa: ARG002 - a speech is told more than every venue needs

import hashlib
import hmac
import json
from typing import Any

from xq.ports import Clock
from xq.venue_types import AccountUpdate, FillUpdate, OrderUpdate, UserEvent
from xq.venues.bybit_money import CATEGORY
from xq.venues.bybit_orders import NOT_TRADES, fill_of, order_of
from xq.venues.dialect import Client
from xq.venues.speech import Entrance, Heard, SymbolOf

_VALID_MS = 60_000
_TOPICS = ["order", "execution", "position", "wallet"]


class BybitSpeech:
    """``/v5/private``."""

    ping = json.dumps({"op": "ping"})
    renew_seconds = 0.0

    def __init__(self, url: str, keys: tuple[str, str]) -> None:
        self._url = url
        self._key, self._secret = keys

    def enter(self, client: Client, clock: Clock) -> Entrance:
        """``auth``, then ``subscribe``."""
        expires = clock.now_ms() + _VALID_MS
        words = f"GET/realtime{expires}".encode()
        signature = hmac.new(self._secret.encode(), words, hashlib.sha256).hexdigest()
        auth = {"op": "auth", "args": [self._key, expires, signature]}
        return Entrance(
            self._url, (json.dumps(auth), json.dumps({"op": "subscribe", "args": _TOPICS}))
        )

    def renew(self, client: Client) -> None:
        """Nothing to renew."""

    def read(self, message: Any, symbol_of: SymbolOf) -> Heard:
        """By ``topic``."""
        if not isinstance(message, dict):
            return Heard()
        if message.get("op") in ("auth", "subscribe"):
            return Heard(greeted=message.get("success") is True)
        topic, ts = message.get("topic"), message.get("creationTime")
        if topic not in _TOPICS or ts is None:
            return Heard()
        if topic in ("position", "wallet"):
            return Heard((AccountUpdate(str(topic), int(ts)),))
        events: list[UserEvent] = []
        for row in message["data"]:
            if row.get("category") != CATEGORY:
                continue
            symbol = symbol_of(row["symbol"])
            if topic == "order":
                events.append(OrderUpdate(order_of(symbol, row), int(ts)))
            elif row.get("execType") not in NOT_TRADES:
                name = str(row.get("orderLinkId") or "")
                events.append(FillUpdate(fill_of(symbol, row), name, int(ts)))
        return Heard(events)
