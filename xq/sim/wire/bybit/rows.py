"""Orders, executions, positions and wallets in Bybit's fields."""

from decimal import Decimal
from typing import Any

from xq.sim.brackets import tier_at
from xq.sim.events import Cause
from xq.sim.exact import ZERO, divided, rounded
from xq.sim.margin import MarginAccount, PositionMargin
from xq.sim.records import PositionSide, SelfTrade, SimFill, SimOrder
from xq.sim.wire.bybit.answers import plain
from xq.sim.wire.bybit.ids import Sort, written
from xq.sim.wire.bybit.memory import Earned
from xq.sim.wire.bybit.prices import sequence
from xq.types import OrderStatus, OrderType, TimeInForce

IDX = {PositionSide.BOTH: 0, PositionSide.LONG: 1, PositionSide.SHORT: 2}
STATUSES = {
    OrderStatus.NEW: "New",
    OrderStatus.PARTIALLY_FILLED: "PartiallyFilled",
    OrderStatus.FILLED: "Filled",
    OrderStatus.CANCELED: "Cancelled",
    OrderStatus.REJECTED: "Rejected",
    OrderStatus.EXPIRED: "Cancelled",
}
SMP = {
    SelfTrade.NONE: "None",
    SelfTrade.EXPIRE_TAKER: "CancelTaker",
    SelfTrade.EXPIRE_MAKER: "CancelMaker",
    SelfTrade.EXPIRE_BOTH: "CancelBoth",
}
_FORCES = {TimeInForce.GTX: "PostOnly", TimeInForce.GTD: "GTC"}
_AT_MARKET = (
    OrderType.MARKET,
    OrderType.STOP_MARKET,
    OrderType.TAKE_PROFIT_MARKET,
    OrderType.TRAILING_STOP_MARKET,
)
_NO_ERROR = "EC_NoError"
_FORCED = "autoclose-"  # client ids of orders by which the venue closes a position


def order_id(order: SimOrder) -> str:
    """The id that clients know an order by: that of the conditional order it came from, if any."""
    if order.algo_id:
        return written(Sort.CONDITIONAL, order.algo_id)
    return written(Sort.ORDER, order.id)


def link_id(order: SimOrder) -> str:
    """The client's own id; empty if the venue had to choose one."""
    chosen = f"sim-algo-{order.algo_id}" if order.algo_id else f"sim-{order.id}"
    return "" if order.client_id == chosen else order.client_id


def order_row(order: SimOrder, fee: Decimal) -> dict[str, Any]:
    """An order; ``fee`` is what its executions have cost."""
    at_market = is_at_market(order.type)
    left = order.remaining if order.is_open else ZERO
    price = order.price if order.price else order.average_price
    return {
        "orderId": order_id(order),
        "orderLinkId": link_id(order),
        "blockTradeId": "",
        "symbol": order.symbol,
        "price": plain(order.price),
        "qty": plain(order.quantity),
        "side": order.side.name.capitalize(),
        "isLeverage": "",
        "positionIdx": IDX[order.position_side],
        "orderStatus": STATUSES[order.status],
        "createType": "CreateByLiq" if is_forced(order) else "CreateByUser",
        "cancelType": _cancel_type(order),
        "rejectReason": _reason(order),
        "avgPrice": plain(order.average_price) if order.filled else "",
        "leavesQty": plain(left),
        "leavesValue": plain(left * price),
        "cumExecQty": plain(order.filled),
        "cumExecValue": plain(order.filled_quote),
        "cumExecFee": plain(fee),
        "cumFeeDetail": {"USDT": plain(fee)} if order.filled else {},
        "timeInForce": time_in_force(order.time_in_force, at_market=at_market),
        "orderType": "Market" if at_market else "Limit",
        "createdTime": str(order.created_ms),
        "updatedTime": str(order.updated_ms),
        "reduceOnly": order.reduce_only,
        "smpType": SMP[order.self_trade],
        **UNTOUCHED,
    }


# Fields of an order that no plain order of this venue uses.
UNTOUCHED: dict[str, Any] = {
    "stopOrderType": "",
    "orderIv": "",
    "marketUnit": "",
    "slippageToleranceType": "UNKNOWN",
    "slippageTolerance": "",
    "triggerPrice": "",
    "takeProfit": "",
    "stopLoss": "",
    "tpslMode": "",
    "ocoTriggerBy": "",
    "tpLimitPrice": "",
    "slLimitPrice": "",
    "tpTriggerBy": "",
    "slTriggerBy": "",
    "triggerDirection": 0,
    "triggerBy": "",
    "lastPriceOnCreated": "",
    "closeOnTrigger": False,
    "placeType": "",
    "smpGroup": 0,
    "smpOrderId": "",
    "extraFees": "",
}


def is_at_market(kind: OrderType) -> bool:
    """Whether the order has no worst price."""
    return kind in _AT_MARKET


def is_forced(order: SimOrder) -> bool:
    """Whether the venue itself closed a position by it."""
    return order.client_id.startswith(_FORCED)


def time_in_force(force: TimeInForce, *, at_market: bool) -> str:
    """Bybit's word."""
    return "IOC" if at_market else _FORCES.get(force, force.name)


def _cancel_type(order: SimOrder) -> str:
    if order.status is OrderStatus.CANCELED:
        return "CancelByUser"
    idle = order.status is OrderStatus.EXPIRED and order.reduce_only
    return "CancelByReduceOnly" if idle else "UNKNOWN"


def _reason(order: SimOrder) -> str:
    if order.status is OrderStatus.CANCELED:
        return "EC_PerCancelRequest"
    if order.status is not OrderStatus.EXPIRED:
        return _NO_ERROR
    resting = order.time_in_force in (TimeInForce.GTC, TimeInForce.GTX, TimeInForce.GTD)
    waits = resting and not is_at_market(order.type)
    return "EC_Others" if waits else "EC_NoImmediateQtyToFill"


def execution_row(fill: SimFill, order: SimOrder, cause: Cause = Cause.TRADE) -> dict[str, Any]:
    """One execution of an order."""
    kind = {Cause.ADL: "AdlTrade"}.get(cause, "BustTrade" if is_forced(order) else "Trade")
    value = fill.quote_quantity
    return {
        "symbol": fill.symbol,
        "orderId": order_id(order),
        "orderLinkId": link_id(order),
        "side": fill.side.name.capitalize(),
        "orderPrice": plain(order.price),
        "orderQty": plain(order.quantity),
        "leavesQty": plain(order.remaining),
        "createType": "CreateByLiq" if is_forced(order) else "CreateByUser",
        "orderType": "Market" if is_at_market(order.type) else "Limit",
        "stopOrderType": "UNKNOWN",
        "execFee": plain(fill.fee),
        "execFeeV2": "",
        "feeCurrency": fill.fee_asset,
        "feeRate": plain(divided(fill.fee, value)),
        "execId": written(Sort.FILL, fill.id),
        "execPrice": plain(fill.price),
        "execQty": plain(fill.quantity),
        "execType": kind,
        "execValue": plain(value),
        "execPnl": plain(fill.realized),
        "execTime": str(fill.ts),
        "isMaker": fill.maker,
        "closedSize": plain(fill.quantity if fill.realized else ZERO),
        "seq": sequence(fill.ts),
        "tradeIv": "",
        "markIv": "",
        "markPrice": "",
        "indexPrice": "",
        "underlyingPrice": "",
        "blockTradeId": "",
        "isLeverage": "",
        "extraFees": "",
    }


def position_row(item: PositionMargin, earned: Earned) -> dict[str, Any]:
    """A position, flat or not."""
    position, isolated = item.position, item.position.isolated
    size = abs(position.quantity)
    tier = tier_at(position.symbol, item.notional)
    side = "" if not size else ("Buy" if position.quantity > 0 else "Sell")
    stamp = str(position.updated_ms)
    return {
        "positionIdx": IDX[position.side],
        "riskId": tier.number,
        "riskLimitValue": plain(tier.cap),
        "symbol": position.symbol,
        "side": side,
        "size": plain(size),
        "avgPrice": plain(position.entry_price),
        "positionValue": plain(rounded(abs(position.cost))),
        "tradeMode": int(isolated),
        "positionStatus": "Normal",
        "autoAddMargin": 0,
        "adlRankIndicator": 0,
        "leverage": str(item.leverage),
        "positionBalance": plain(position.margin if isolated else item.initial),
        "markPrice": plain(item.mark),
        "liqPrice": plain(item.liquidation_price) if item.liquidation_price else "",
        "bustPrice": "",
        "positionMM": plain(item.maintenance),
        "positionIM": plain(item.initial),
        "tpslMode": "Full",
        "takeProfit": "",
        "stopLoss": "",
        "trailingStop": "0",
        "unrealisedPnl": plain(item.unrealized),
        "curRealisedPnl": plain(earned.current),
        "cumRealisedPnl": plain(earned.ever),
        "sessionAvgPrice": "",
        "isReduceOnly": False,
        "mmrSysUpdatedTime": "",
        "leverageSysUpdatedTime": "",
        "createdTime": stamp,
        "updatedTime": stamp,
        "seq": sequence(position.updated_ms) if position.updated_ms else -1,
    }


def wallet_row(account: MarginAccount, deposited: Decimal) -> dict[str, Any]:
    """The unified account: the wallet of the contracts."""
    equity = account.equity
    initial, maintenance = account.used, account.maintenance
    coin = {
        "coin": "USDT",
        "equity": plain(equity),
        "usdValue": plain(equity),
        "walletBalance": plain(account.wallet),
        "free": "",
        "locked": "0",
        "borrowAmount": "0",
        "accruedInterest": "0",
        "availableToWithdraw": "",
        "availableToBorrow": "",
        "totalOrderIM": plain(account.order_initial),
        "totalPositionIM": plain(account.initial),
        "totalPositionMM": plain(maintenance),
        "unrealisedPnl": plain(account.unrealized),
        "cumRealisedPnl": plain(account.wallet - deposited),
        "bonus": "0",
        "spotHedgingQty": "0",
        "spotBorrow": "0",
        "collateralSwitch": True,
        "marginCollateral": True,
    }
    return {
        "accountType": "UNIFIED",
        "accountLTV": "",
        "accountIMRate": plain(divided(initial, equity)) if equity > 0 else "0",
        "accountMMRate": plain(divided(maintenance, equity)) if equity > 0 else "0",
        "totalEquity": plain(equity),
        "totalWalletBalance": plain(account.wallet),
        "totalMarginBalance": plain(equity),
        "totalAvailableBalance": plain(account.available),
        "totalPerpUPL": plain(account.unrealized),
        "totalInitialMargin": plain(initial),
        "totalMaintenanceMargin": plain(maintenance),
        "coin": [coin],
    }
