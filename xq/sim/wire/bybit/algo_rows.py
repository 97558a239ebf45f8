"""Conditional orders in Bybit's fields: one order from its entry to the last execution."""

from decimal import Decimal
from typing import Any

from xq.sim.algos import AlgoOrder, AlgoStatus, Working
from xq.sim.exact import ZERO
from xq.sim.records import SimOrder
from xq.sim.triggers import rises
from xq.sim.venue import SimVenue
from xq.sim.wire.bybit.answers import plain
from xq.sim.wire.bybit.archive import fee_of
from xq.sim.wire.bybit.ids import Sort, written
from xq.sim.wire.bybit.rows import (
    IDX,
    SMP,
    UNTOUCHED,
    is_at_market,
    order_row,
    time_in_force,
)
from xq.types import OrderType

_RISES, _FALLS = 1, 2
_STATUSES = {
    AlgoStatus.NEW: "Untriggered",
    AlgoStatus.TRIGGERING: "Triggered",
    AlgoStatus.TRIGGERED: "Triggered",
    AlgoStatus.FINISHED: "Triggered",
    AlgoStatus.CANCELED: "Deactivated",
    AlgoStatus.EXPIRED: "Deactivated",
    AlgoStatus.REJECTED: "Rejected",
}
_CLOSING = {
    OrderType.TAKE_PROFIT_MARKET: "TakeProfit",
    OrderType.STOP_MARKET: "StopLoss",
}


def algo_id(algo: AlgoOrder) -> str:
    """The id that clients know it by."""
    return written(Sort.CONDITIONAL, algo.id)


def algo_link(algo: AlgoOrder) -> str:
    """The client's own id; empty if the venue had to choose one."""
    return "" if algo.client_id == f"sim-algo-{algo.id}" else algo.client_id


def row_of(venue: SimVenue, order: SimOrder) -> dict[str, Any]:
    """An order, with what it waited for if it came from a conditional one."""
    fee = fee_of(venue.ledger, order.id) if order.filled else ZERO
    row = order_row(order, fee)
    if not order.algo_id:
        return row
    algo = venue.state.algos.get(order.algo_id)
    if algo is None:
        algo = venue.ledger.algo(order.owner, algo_id=order.algo_id)
    return row if algo is None else row | _trigger(algo)


def algo_row(algo: AlgoOrder) -> dict[str, Any]:
    """A conditional order that has sent nothing."""
    at_market = is_at_market(algo.type)
    left = algo.quantity if algo.is_open else ZERO
    return {
        "orderId": algo_id(algo),
        "orderLinkId": algo_link(algo),
        "blockTradeId": "",
        "symbol": algo.symbol,
        "price": plain(algo.price),
        "qty": plain(algo.quantity),
        "side": algo.side.name.capitalize(),
        "isLeverage": "",
        "positionIdx": IDX[algo.position_side],
        "orderStatus": _STATUSES[algo.status],
        "createType": "CreateByUser",
        "cancelType": "CancelByUser" if algo.status is AlgoStatus.CANCELED else "UNKNOWN",
        "rejectReason": _reason(algo),
        "avgPrice": "",
        "leavesQty": plain(left),
        "leavesValue": plain(left * algo.price),
        "cumExecQty": "0",
        "cumExecValue": "0",
        "cumExecFee": "0",
        "cumFeeDetail": {},
        "timeInForce": time_in_force(algo.time_in_force, at_market=at_market),
        "orderType": "Market" if at_market else "Limit",
        "updatedTime": str(algo.updated_ms),
        "reduceOnly": algo.reduce_only or algo.close_position,
        "smpType": SMP[algo.self_trade],
        **UNTOUCHED,
        **_trigger(algo),
    }


def _reason(algo: AlgoOrder) -> str:
    if algo.status is AlgoStatus.CANCELED:
        return "EC_PerCancelRequest"
    return "EC_Others" if algo.status in (AlgoStatus.REJECTED, AlgoStatus.EXPIRED) else "EC_NoError"


def _trigger(algo: AlgoOrder) -> dict[str, Any]:
    price: Decimal = algo.trigger_price if algo.trigger_price else algo.activate_price
    return {
        "createdTime": str(algo.created_ms),
        "stopOrderType": _kind(algo),
        "triggerPrice": plain(price),
        "triggerDirection": _RISES if rises(algo.type, algo.side) else _FALLS,
        "triggerBy": "MarkPrice" if algo.working is Working.MARK_PRICE else "LastPrice",
        "closeOnTrigger": algo.close_position,
        "tpslMode": "Full" if algo.close_position else "",
    }


def _kind(algo: AlgoOrder) -> str:
    if algo.type is OrderType.TRAILING_STOP_MARKET:
        return "TrailingStop"
    return _CLOSING[algo.type] if algo.close_position else "Stop"
