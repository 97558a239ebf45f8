"""Orders in Binance's words: spot, and USDⓈ-M futures with its second book for conditional orders.

Conditional futures orders live in a book of their own ("algo") until they trigger; the order that
they send then has an id of its own, which its fills carry.
"""
# ruff: noqa: ARG002 - a dialect is told more than every venue needs

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from xq.errors import UsageError
from xq.timeframe import DAY_MS
from xq.types import (
    Account,
    Fill,
    Order,
    OrderRequest,
    OrderStatus,
    OrderType,
    Side,
    Symbol,
    TimeInForce,
)
from xq.venues import convert
from xq.venues.binance_money import BinanceMoney, listed
from xq.venues.dialect import PROFITS, STOPS, Client, Payload, text

FILLS_PAGE = 1000
_SPAN_MS = 7 * DAY_MS  # the longest that the venue answers for
_KEPT_MS = 180 * DAY_MS
_TRIGGER = {"trigger": True}
_PERCENT = Decimal(100)
_STATUS = {
    "NEW": OrderStatus.NEW,
    "TRIGGERING": OrderStatus.NEW,
    "TRIGGERED": OrderStatus.NEW,
    "FINISHED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELED,
    "REJECTED": OrderStatus.REJECTED,
    "EXPIRED": OrderStatus.EXPIRED,
}


class BinanceDialect(BinanceMoney):
    """Binance, see `xq.venues.dialect.Dialect`."""

    missing = frozenset({"-2013"})

    def books(self, contract: bool) -> tuple[bool, ...]:
        """Two on futures."""
        return (False, True) if contract else (False,)

    def place(self, client: Client, request: OrderRequest) -> None:
        """``POST order`` or ``POST algoOrder``."""
        client.create_order(*_arguments(request))

    def placed(self, client: Client, request: OrderRequest, payload: Payload, ts: int) -> Order:
        """What the answer tells."""
        if "algoId" in payload:
            return _algo(request.symbol, payload)
        return _plain(client, request.symbol, payload)

    def cancel(self, client: Client, symbol: Symbol, client_id: str, conditional: bool) -> None:
        """``DELETE order`` or ``DELETE algoOrder``."""
        where = _TRIGGER if conditional else {}
        client.cancel_order(None, str(symbol), {"clientOrderId": client_id, **where})

    def cancelled(self, client: Client, symbol: Symbol, payload: Payload) -> Order | None:
        """Algo cancels are only acknowledged."""
        if "algoId" in payload:
            return None
        if "origClientOrderId" in payload:  # spot echoes the order's own id under this name
            payload = {**payload, "clientOrderId": payload["origClientOrderId"]}
        return _plain(client, symbol, payload)

    def amend(self, client: Client, order: Order, price: Decimal, quantity: Decimal) -> None:
        """``PUT order``; futures only, spot would cancel and send another one."""
        if not order.symbol.is_contract:
            raise UsageError("this venue changes no spot order in place")
        client.fapiPrivatePutOrder(
            {
                "symbol": client.market_id(str(order.symbol)),
                "origClientOrderId": order.client_id,
                "side": order.side.value.upper(),
                "price": text(price),
                "quantity": text(quantity),
            }
        )

    def order(
        self, client: Client, symbol: Symbol, client_id: str, conditional: bool
    ) -> Order | None:
        """By client id; of a conditional one that triggered, what became of its order."""
        where = _TRIGGER if conditional else {}
        raw = client.fetch_order(None, str(symbol), {"clientOrderId": client_id, **where})
        if not conditional:
            return convert.order(symbol, raw)
        return self._followed(client, _algo(symbol, raw["info"]), raw["info"])

    def _followed(self, client: Client, algo: Order, info: Payload) -> Order:
        sent = str(info.get("actualOrderId") or "")
        if not sent:
            return algo
        child = convert.order(algo.symbol, client.fetch_order(sent, str(algo.symbol)))
        return replace(
            child,
            client_id=algo.client_id,
            type=algo.type,
            stop_price=algo.stop_price,
            reduce_only=algo.reduce_only,
        )

    def open_orders(
        self, client: Client, contract: bool, symbol: Symbol | None, conditional: bool
    ) -> Sequence[Order]:
        """``openOrders`` or ``openAlgoOrders``; both come whole."""
        name = None if symbol is None else str(symbol)
        where = _TRIGGER if conditional else {}
        rows = listed(client, client.fetch_open_orders(name, None, None, where))
        read = _listed_algo if conditional else convert.order
        return [read(Symbol.parse(raw["symbol"]), raw) for raw in rows]

    def fills(self, client: Client, symbol: Symbol, since_ms: int, now_ms: int) -> Sequence[Fill]:
        """Contracts in steps of a week, and not further back than the venue keeps them."""
        if not symbol.is_contract:
            return _pages(client, symbol, since_ms, {})
        first = max(since_ms, now_ms - _KEPT_MS)
        found: list[Fill] = []
        for start in range(first, max(first, now_ms) + 1, _SPAN_MS):
            found += _pages(client, symbol, start, {"until": start + _SPAN_MS})
        return found

    def account(self, client: Client, contract: bool, quote: str, ts: int) -> Account | None:
        """``account`` and ``positionRisk`` of futures."""
        if not contract:
            return None
        raw = client.fetch_balance()
        balances = convert.balances(convert.balance_sheet(raw, "assets"))
        equity = convert.decimal(convert.named(raw["info"], "totalMarginBalance"))
        held = (convert.position(item) for item in listed(client, client.fetch_positions()))
        positions = tuple(item for item in held if item is not None)
        return Account(balances, positions, equity, ts)

    def set_leverage(self, client: Client, symbol: Symbol, leverage: int) -> None:
        """The same again is fine here."""
        client.set_leverage(leverage, str(symbol))


def _arguments(request: OrderRequest) -> tuple[Any, ...]:
    """What ccxt's ``create_order`` takes: symbol, type, side, amount, price, parameters."""
    kind = "limit" if request.price is not None else "market"
    contract = request.symbol.is_contract
    extra: dict[str, Any] = {"clientOrderId": request.client_id}
    if request.close_position:
        extra["closePosition"] = True  # which the venue takes without quantity and reduceOnly
    elif request.reduce_only and contract:
        extra["reduceOnly"] = True
    if request.type in STOPS + PROFITS and request.stop_price is not None:
        name = "stopLossPrice" if request.type in STOPS else "takeProfitPrice"
        extra[name] = text(request.stop_price)
    if request.trail is not None:
        extra |= _trailing(request, request.trail)
    if request.time_in_force is TimeInForce.GTX:
        extra["postOnly"] = True
    elif request.time_in_force is not None and kind == "limit":
        extra["timeInForce"] = request.time_in_force.value.upper()
    price = None if request.price is None else text(request.price)
    side, amount = request.side.value, text(request.quantity)
    return str(request.symbol), kind, side, amount, price, extra


def _trailing(request: OrderRequest, trail: Decimal) -> dict[str, Any]:
    if not request.symbol.is_contract:
        raise UsageError("this venue trails no spot order of this type")
    percent = trail * _PERCENT
    if percent % Decimal("0.1"):
        raise UsageError(f"a trail must be a multiple of 0.001, found {trail}")
    extra = {"trailingPercent": text(percent)}
    if request.stop_price is not None:
        extra["trailingTriggerPrice"] = text(request.stop_price)
    return extra


def _plain(client: Client, symbol: Symbol, payload: Payload) -> Order:
    return convert.order(symbol, client.parse_order(payload, client.market(str(symbol))))


def _listed_algo(symbol: Symbol, raw: Payload) -> Order:
    return _algo(symbol, raw["info"])


def _algo(symbol: Symbol, info: Payload) -> Order:
    """A conditional order in its own book; a price it trails from counts as its trigger.

    Its number is of a sequence of its own, in which plain orders' numbers occur again: unmarked,
    fills of such an order would be taken for those of this one.
    """
    trigger = convert.decimal(info.get("triggerPrice")) or convert.decimal(
        info.get("activatePrice")
    )
    return Order(
        symbol=symbol,
        venue_id=f"algo-{convert.named(info, 'algoId')}",
        client_id=convert.named(info, "clientAlgoId"),
        side=Side(convert.named(info, "side").lower()),
        type=OrderType(convert.named(info, "orderType").lower()),
        quantity=convert.decimal(info.get("quantity")),
        status=convert.one_of(_STATUS, info.get("algoStatus"), "order status"),
        price=convert.decimal(info.get("price")) or None,
        stop_price=trigger or None,
        reduce_only=bool(info.get("reduceOnly")) or bool(info.get("closePosition")),
        ts=int(info.get("updateTime") or info.get("createTime") or 0),
    )


def _pages(client: Client, symbol: Symbol, start_ms: int, until: Payload) -> list[Fill]:
    """Page by page, by id."""
    found: dict[str, Fill] = {}
    while True:
        rows = listed(client, client.fetch_my_trades(str(symbol), start_ms, FILLS_PAGE, {**until}))
        page = [convert.fill(symbol, raw) for raw in rows]
        before = len(found)
        found |= {fill.fill_id: fill for fill in page}
        if len(page) < FILLS_PAGE or len(found) == before:
            return list(found.values())
        start_ms = max(fill.ts for fill in found.values())
