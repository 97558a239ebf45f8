"""Binance's account streams: futures by listen key, spot by a signed subscription."""
# ruff: noqa: ARG002 - a speech is told more than every venue needs

import hashlib
import hmac
import json
from typing import Any

from xq.ports import Clock
from xq.types import Fill, Order, OrderStatus, OrderType, Side, Symbol
from xq.venue_types import AccountUpdate, FillUpdate, OrderUpdate, UserEvent
from xq.venues import convert
from xq.venues.dialect import Client, Payload
from xq.venues.speech import Entrance, Heard, SymbolOf

_RENEW_SECONDS = 1_500.0  # a listen key lives for an hour
_ALGO = {
    "NEW": OrderStatus.NEW,
    "TRIGGERING": OrderStatus.NEW,
    "TRIGGERED": OrderStatus.NEW,
    "FINISHED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELED,
    "REJECTED": OrderStatus.REJECTED,
    "EXPIRED": OrderStatus.EXPIRED,
}
_STATUS = {status.name: status for status in OrderStatus} | {
    "EXPIRED_IN_MATCH": OrderStatus.EXPIRED
}
_TYPE = {kind.name: kind for kind in OrderType} | {"LIQUIDATION": OrderType.MARKET}
_SPOT_TYPE = {
    "MARKET": OrderType.MARKET,
    "LIMIT": OrderType.LIMIT,
    "LIMIT_MAKER": OrderType.LIMIT,
    "STOP_LOSS": OrderType.STOP_MARKET,
    "STOP_LOSS_LIMIT": OrderType.STOP,
    "TAKE_PROFIT": OrderType.TAKE_PROFIT_MARKET,
    "TAKE_PROFIT_LIMIT": OrderType.TAKE_PROFIT,
}
_ACCOUNT = ("ACCOUNT_UPDATE", "ACCOUNT_CONFIG_UPDATE", "MARGIN_CALL", "outboundAccountPosition",
            "balanceUpdate")  # fmt: skip


class FuturesSpeech:
    """``/private/ws?listenKey=…``."""

    ping = ""
    renew_seconds = _RENEW_SECONDS

    def __init__(self, url: str) -> None:
        self._url = url

    def enter(self, client: Client, clock: Clock) -> Entrance:
        """``POST listenKey``."""
        answer = client.fapiPrivatePostListenKey()
        return Entrance(f"{self._url}?listenKey={convert.named(answer, 'listenKey')}")

    def renew(self, client: Client) -> None:
        """``PUT listenKey``."""
        client.fapiPrivatePutListenKey()

    def read(self, message: Any, symbol_of: SymbolOf) -> Heard:
        """By ``e``."""
        kind = message.get("e") if isinstance(message, dict) else None
        if kind == "listenKeyExpired":
            return Heard(over="the listen key expired")
        if kind == "ORDER_TRADE_UPDATE":
            return Heard(_order(message, message["o"], symbol_of))
        if kind == "ALGO_UPDATE":
            return Heard((_algo(message, message["o"], symbol_of),))
        if kind in _ACCOUNT:
            return Heard((AccountUpdate(str(kind), int(message["E"])),))
        return Heard()


class SpotSpeech:
    """``userDataStream.subscribe.signature`` on the WebSocket API."""

    ping = ""
    renew_seconds = 0.0

    def __init__(self, url: str, keys: tuple[str, str]) -> None:
        self._url = url
        self._key, self._secret = keys

    def enter(self, client: Client, clock: Clock) -> Entrance:
        """One signed request."""
        params = {"apiKey": self._key, "timestamp": clock.now_ms()}
        words = "&".join(f"{name}={value}" for name, value in sorted(params.items()))
        signature = hmac.new(self._secret.encode(), words.encode(), hashlib.sha256).hexdigest()
        request = {
            "id": 1,
            "method": "userDataStream.subscribe.signature",
            "params": params | {"signature": signature},
        }
        return Entrance(self._url, (json.dumps(request),))

    def renew(self, client: Client) -> None:
        """Nothing to renew."""

    def read(self, message: Any, symbol_of: SymbolOf) -> Heard:
        """By ``e`` of what is wrapped."""
        if not isinstance(message, dict):
            return Heard()
        if "status" in message:
            return Heard(greeted=message["status"] == 200)
        event = message.get("event")
        if not isinstance(event, dict):
            return Heard()
        kind = event.get("e")
        if kind == "eventStreamTerminated":
            return Heard(over="the subscription ended")
        if kind == "executionReport":
            return Heard(_order(event, event, symbol_of))
        if kind in _ACCOUNT:
            return Heard((AccountUpdate(str(kind), int(event["E"])),))
        return Heard()


def _order(message: Payload, row: Payload, symbol_of: SymbolOf) -> tuple[UserEvent, ...]:
    """``ORDER_TRADE_UPDATE`` and ``executionReport`` share most of their letters."""
    symbol, ts = symbol_of(convert.named(row, "s")), int(message["T"])
    filled = convert.decimal(row.get("z"))
    # A spot cancel carries the order's own name as C, and a new one as c.
    name = str(row.get("C") or "") or convert.named(row, "c")
    order = Order(
        symbol=symbol,
        venue_id=convert.named(row, "i"),
        client_id=name,
        side=Side(convert.named(row, "S").lower()),
        type=_type(symbol, row),
        quantity=convert.decimal(row.get("q")),
        status=convert.one_of(_STATUS, row.get("X"), "order status"),
        filled=filled,
        price=convert.decimal(row.get("p")) or None,
        stop_price=convert.decimal(row.get("sp", row.get("P"))) or None,
        average_price=_average(row, filled),
        reduce_only=bool(row.get("R")),
        ts=ts,
    )
    done = convert.decimal(row.get("l"))
    if not done:
        return (OrderUpdate(order, ts),)
    fill = Fill(
        symbol=symbol,
        fill_id=convert.named(row, "t"),
        order_id=order.venue_id,
        side=order.side,
        price=convert.decimal(row["L"]),
        quantity=done,
        fee=convert.decimal(row.get("n")),
        fee_asset=str(row.get("N") or symbol.settle or symbol.quote),
        ts=ts,
        maker=row.get("m") is True,
    )
    return OrderUpdate(order, ts), FillUpdate(fill, name, ts)


def _type(symbol: Symbol, row: Payload) -> OrderType:
    if symbol.is_contract:
        return convert.one_of(_TYPE, row.get("ot", row.get("o")), "order type")
    return convert.one_of(_SPOT_TYPE, row.get("o"), "order type")


def _average(row: Payload, filled: Any) -> Any:
    if not filled:
        return None
    if "ap" in row:
        return convert.decimal(row["ap"]) or None
    return convert.decimal(row.get("Z")) / filled


def _algo(message: Payload, row: Payload, symbol_of: SymbolOf) -> OrderUpdate:
    ts = int(message["T"])
    filled = convert.decimal(row.get("aq"))
    order = Order(
        symbol=symbol_of(convert.named(row, "s")),
        venue_id=str(row.get("ai") or "") or f"algo-{convert.named(row, 'aid')}",
        client_id=convert.named(row, "caid"),
        side=Side(convert.named(row, "S").lower()),
        type=convert.one_of(_TYPE, row.get("o"), "order type"),
        quantity=convert.decimal(row.get("q")),
        status=convert.one_of(_ALGO, row.get("X"), "order status"),
        filled=filled,
        price=convert.decimal(row.get("p")) or None,
        stop_price=convert.decimal(row.get("tp")) or None,
        average_price=convert.decimal(row.get("ap")) or None if filled else None,
        reduce_only=bool(row.get("R")) or bool(row.get("cp")),
        ts=ts,
    )
    return OrderUpdate(order, ts)
