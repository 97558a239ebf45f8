"""Orders and fills as the spot face writes them."""

from typing import Any

from xq.sim.exact import text
from xq.sim.orders import Placed
from xq.sim.records import SimFill, SimOrder
from xq.types import OrderType, Side, TimeInForce

_TYPES = {
    OrderType.MARKET: "MARKET",
    OrderType.LIMIT: "LIMIT",
    OrderType.STOP: "STOP_LOSS_LIMIT",
    OrderType.STOP_MARKET: "STOP_LOSS",
    OrderType.TAKE_PROFIT: "TAKE_PROFIT_LIMIT",
    OrderType.TAKE_PROFIT_MARKET: "TAKE_PROFIT",
}


def placed_order(placed: Placed, shape: str) -> dict[str, Any]:
    """The answer to a new order, as long as ``newOrderRespType`` asks."""
    order = placed.order
    answer: dict[str, Any] = {
        "symbol": order.symbol,
        "orderId": order.id,
        "orderListId": -1,
        "clientOrderId": order.client_id,
        "transactTime": order.updated_ms,
    }
    if shape == "ACK":
        return answer
    answer |= _progress(order) | {"workingTime": order.created_ms}
    if shape == "FULL":
        answer["fills"] = [_execution(fill) for fill in placed.fills]
    return answer


def _progress(order: SimOrder) -> dict[str, Any]:
    post_only = order.time_in_force is TimeInForce.GTX
    name = "LIMIT_MAKER" if post_only else _TYPES[order.type]
    stop = {"stopPrice": text(order.stop_price)} if order.stop_price else {}
    return {
        "price": text(order.price),
        "origQty": text(order.quantity),
        "executedQty": text(order.filled),
        "origQuoteOrderQty": text(order.quote_quantity),
        "cummulativeQuoteQty": text(order.filled_quote),
        "status": order.status.name,
        "timeInForce": "GTC" if post_only else order.time_in_force.name,
        "type": name,
        "side": order.side.name,
        "selfTradePreventionMode": order.self_trade.name,
        **stop,
    }


def _execution(fill: SimFill) -> dict[str, Any]:
    return {
        "price": text(fill.price),
        "qty": text(fill.quantity),
        "commission": text(fill.fee),
        "commissionAsset": fill.fee_asset,
        "tradeId": fill.id,
    }


def described_order(order: SimOrder) -> dict[str, Any]:
    """An order as queries show it."""
    return {
        "symbol": order.symbol,
        "orderId": order.id,
        "orderListId": -1,
        "clientOrderId": order.client_id,
        **_progress(order),
        "stopPrice": text(order.stop_price),
        "icebergQty": "0.00000000",
        "time": order.created_ms,
        "updateTime": order.updated_ms,
        "isWorking": not order.waiting,
        "workingTime": -1 if order.waiting else order.created_ms,
    }


def canceled_order(order: SimOrder) -> dict[str, Any]:
    """The answer to a cancel."""
    return {
        "symbol": order.symbol,
        "origClientOrderId": order.client_id,
        "orderId": order.id,
        "orderListId": -1,
        "clientOrderId": order.client_id,
        "transactTime": order.updated_ms,
        **_progress(order),
    }


def own_trade(fill: SimFill) -> dict[str, Any]:
    """A row of ``myTrades``."""
    return {
        "symbol": fill.symbol,
        "id": fill.id,
        "orderId": fill.order_id,
        "orderListId": -1,
        "price": text(fill.price),
        "qty": text(fill.quantity),
        "quoteQty": text(fill.quote_quantity),
        "commission": text(fill.fee),
        "commissionAsset": fill.fee_asset,
        "time": fill.ts,
        "isBuyer": fill.side is Side.BUY,
        "isMaker": fill.maker,
        "isBestMatch": True,
    }
