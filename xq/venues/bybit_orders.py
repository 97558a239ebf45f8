"""Orders in Bybit's words (v5, linear contracts): one book, answers that only acknowledge.

An acknowledgement names the order and tells nothing of what came of it, so an accepted order counts
as new until it is asked for. Ids stay when a conditional order triggers.
"""
# ruff: noqa: ARG002 - a dialect is told more than every venue needs

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from xq.errors import UsageError, VenueUnclear
from xq.timeframe import DAY_MS
from xq.types import (
    Account,
    Balance,
    Fill,
    Order,
    OrderRequest,
    OrderStatus,
    OrderType,
    Side,
    Symbol,
    TimeInForce,
)
from xq.venue_types import number_in, numbered
from xq.venues import convert
from xq.venues.bybit_money import CATEGORY, BybitMoney, paged
from xq.venues.dialect import STOPS, Client, Payload, text

_SPAN_MS = 7 * DAY_MS
_KEPT_MS = 730 * DAY_MS
NOT_TRADES = ("Funding", "Settle", "Delivery", "MovePosition")
_RISES, _FALLS = "1", "2"
_LEVERAGE_AS_IT_WAS = '"retCode":110043'
_FORCES = {TimeInForce.GTX: "PostOnly"}
_STATUS = {
    "Created": OrderStatus.NEW,
    "New": OrderStatus.NEW,
    "Untriggered": OrderStatus.NEW,
    "Triggered": OrderStatus.NEW,
    "Active": OrderStatus.NEW,
    "PendingCancel": OrderStatus.NEW,
    "PartiallyFilled": OrderStatus.PARTIALLY_FILLED,
    "Filled": OrderStatus.FILLED,
    "Cancelled": OrderStatus.CANCELED,
    "Deactivated": OrderStatus.CANCELED,
    "PartiallyFilledCanceled": OrderStatus.CANCELED,
    "Rejected": OrderStatus.REJECTED,
}


class BybitDialect(BybitMoney):
    """Bybit, see `xq.venues.dialect.Dialect`."""

    missing: frozenset[str] = frozenset()  # it answers with an empty list

    def books(self, contract: bool) -> tuple[bool, ...]:
        """One."""
        return (False,)

    def place(self, client: Client, request: OrderRequest) -> None:
        """``POST order/create``."""
        client.create_order(*_arguments(request))

    def placed(self, client: Client, request: OrderRequest, payload: Payload, ts: int) -> Order:
        """What was asked for, under the venue's id."""
        return Order(
            symbol=request.symbol,
            venue_id=convert.named(payload, "orderId"),
            client_id=request.client_id,
            side=request.side,
            type=request.type,
            quantity=request.quantity,
            status=OrderStatus.NEW,
            price=request.price,
            stop_price=request.stop_price,
            reduce_only=request.reduce_only or request.close_position,
            ts=ts,
        )

    def cancel(self, client: Client, symbol: Symbol, client_id: str, conditional: bool) -> None:
        """``POST order/cancel``."""
        client.privatePostV5OrderCancel(_named(client, symbol) | _one(client_id))

    def cancelled(self, client: Client, symbol: Symbol, payload: Payload) -> Order | None:
        """Cancels are only acknowledged."""
        return None

    def amend(self, client: Client, order: Order, price: Decimal, quantity: Decimal) -> None:
        """``POST order/amend``."""
        changes = {"price": text(price), "qty": text(quantity)}
        name = {"orderLinkId": order.client_id}
        client.privatePostV5OrderAmend(_named(client, order.symbol) | name | changes)

    def order(
        self, client: Client, symbol: Symbol, client_id: str, conditional: bool
    ) -> Order | None:
        """Among the open and newly closed ones, then in the history."""
        asked = _named(client, symbol) | _one(client_id)
        for ask in (client.privateGetV5OrderRealtime, client.privateGetV5OrderHistory):
            rows = _rows(ask(asked))
            if rows:
                return order_of(symbol, rows[0])
        return None

    def open_orders(
        self, client: Client, contract: bool, symbol: Symbol | None, conditional: bool
    ) -> Sequence[Order]:
        """``order/realtime``, plain and conditional, page by page."""
        asked: dict[str, Any] = {"category": CATEGORY, "settleCoin": "USDT", "limit": 50}
        if symbol is not None:
            asked = _named(client, symbol) | {"limit": 50}
        rows = paged(client.privateGetV5OrderRealtime, asked)
        return [order_of(_symbol(client, row), row) for row in rows]

    def fills(self, client: Client, symbol: Symbol, since_ms: int, now_ms: int) -> Sequence[Fill]:
        """``execution/list`` in steps of a week."""
        first = max(since_ms, now_ms - _KEPT_MS)
        return list(_executions(client, symbol, first, max(first, now_ms)))

    def account(self, client: Client, contract: bool, quote: str, ts: int) -> Account | None:
        """``wallet-balance`` and ``position/list``."""
        wallet = _rows(client.privateGetV5AccountWalletBalance({"accountType": "UNIFIED"}))
        coins = [coin for row in wallet for coin in row.get("coin", ())]
        balances = tuple(_balance(coin) for coin in coins if convert.decimal(coin["walletBalance"]))
        equity = sum(
            (convert.decimal(coin["equity"]) for coin in coins if coin["coin"] == quote), Decimal(0)
        )
        asked = {"category": CATEGORY, "settleCoin": quote, "limit": 200}
        rows = paged(client.privateGetV5PositionList, asked)
        held = (convert.position(client.parse_position(row)) for row in rows)
        return Account(balances, tuple(item for item in held if item is not None), equity, ts)

    def set_leverage(self, client: Client, symbol: Symbol, leverage: int) -> None:
        """The same again is refused there and fine here."""
        try:
            client.set_leverage(leverage, str(symbol))
        except Exception as error:
            if _LEVERAGE_AS_IT_WAS not in "".join(str(error).split()):
                raise


def _arguments(request: OrderRequest) -> tuple[Any, ...]:
    """What ccxt's ``create_order`` takes: symbol, type, side, amount, price, parameters."""
    if not request.symbol.is_contract:
        raise UsageError("only contracts are traded at this venue")
    if request.type is OrderType.TRAILING_STOP_MARKET:
        raise UsageError("this venue trails no orders, only whole positions: xq execute does")
    kind = "limit" if request.price is not None else "market"
    extra: dict[str, Any] = {"clientOrderId": request.client_id}
    if request.reduce_only or request.close_position:
        extra["reduceOnly"] = True
    if request.close_position:
        extra["closeOnTrigger"] = True
    if request.stop_price is not None:
        rising = (request.side is Side.BUY) == (request.type in STOPS)
        extra["triggerPrice"] = text(request.stop_price)
        extra["triggerDirection"] = _RISES if rising else _FALLS
    if request.time_in_force is not None and kind == "limit":
        force = request.time_in_force
        extra["timeInForce"] = _FORCES.get(force, force.value.upper())
    price = None if request.price is None else text(request.price)
    side, amount = request.side.value, text(request.quantity)
    return str(request.symbol), kind, side, amount, price, extra


def _named(client: Client, symbol: Symbol) -> dict[str, Any]:
    return {"category": CATEGORY, "symbol": client.market_id(str(symbol))}


def _one(client_id: str) -> dict[str, str]:
    """What names one order: its owner's id, or the venue's for one that was placed without."""
    number = number_in(client_id)
    return {"orderLinkId": client_id} if number is None else {"orderId": number}


def _symbol(client: Client, row: Payload) -> Symbol:
    return Symbol.parse(client.safe_market(row["symbol"], None, None, "contract")["symbol"])


def _rows(answer: Any) -> list[Any]:
    try:
        rows = answer["result"]["list"]
    except (KeyError, TypeError):
        raise VenueUnclear("expected a list, found something else") from None
    if not isinstance(rows, list):
        raise VenueUnclear("expected a list, found something else")
    return rows


def order_of(symbol: Symbol, row: Payload) -> Order:
    """An order as lists and streams show it."""
    filled = convert.decimal(row.get("cumExecQty"))
    status = convert.one_of(_STATUS, row.get("orderStatus"), "order status")
    trigger = convert.decimal(row.get("triggerPrice"))
    at_market = row.get("orderType") == "Market"
    return Order(
        symbol=symbol,
        venue_id=convert.named(row, "orderId"),
        client_id=str(row.get("orderLinkId") or numbered(convert.named(row, "orderId"))),
        side=Side(convert.named(row, "side").lower()),
        type=_type(row, trigger, at_market),
        quantity=convert.decimal(row.get("qty")),
        status=status,
        filled=filled,
        price=None if at_market else convert.decimal(row.get("price")) or None,
        stop_price=trigger or None,
        average_price=convert.decimal(row.get("avgPrice")) or None if filled else None,
        reduce_only=bool(row.get("reduceOnly")),
        ts=int(row.get("updatedTime") or 0),
    )


def _type(row: Payload, trigger: Decimal, at_market: bool) -> OrderType:
    if not trigger:
        return OrderType.MARKET if at_market else OrderType.LIMIT
    rising = str(row.get("triggerDirection")) == _RISES
    if rising == (row.get("side") == "Buy"):
        return OrderType.STOP_MARKET if at_market else OrderType.STOP
    return OrderType.TAKE_PROFIT_MARKET if at_market else OrderType.TAKE_PROFIT


def _executions(client: Client, symbol: Symbol, first_ms: int, last_ms: int) -> Iterator[Fill]:
    for start in range(first_ms, last_ms + 1, _SPAN_MS):
        span = {"startTime": start, "endTime": start + _SPAN_MS - 1, "limit": 100}
        for row in paged(client.privateGetV5ExecutionList, _named(client, symbol) | span):
            if row.get("execType") not in NOT_TRADES:
                yield fill_of(symbol, row)


def fill_of(symbol: Symbol, row: Payload) -> Fill:
    """An execution as lists and streams show it."""
    return Fill(
        symbol=symbol,
        fill_id=convert.named(row, "execId"),
        order_id=convert.named(row, "orderId"),
        side=Side(convert.named(row, "side").lower()),
        price=convert.decimal(row["execPrice"]),
        quantity=convert.decimal(row["execQty"]),
        fee=convert.decimal(row.get("execFee")),
        fee_asset=str(row.get("feeCurrency") or symbol.settle),
        ts=int(row["execTime"]),
        maker=row.get("isMaker") is True,
    )


def _balance(coin: Payload) -> Balance:
    total = convert.decimal(coin["walletBalance"])
    used = convert.decimal(coin.get("totalOrderIM")) + convert.decimal(coin.get("totalPositionIM"))
    return Balance(str(coin["coin"]), total - used, used)
