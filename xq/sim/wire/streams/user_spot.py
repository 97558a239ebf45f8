"""An account's events as the spot face writes them."""

from typing import Any

from xq.sim.events import BalanceEvent, Cause, OrderEvent
from xq.sim.exact import ZERO, text
from xq.sim.wire.spot_payloads import described_order

_EXECUTIONS = {
    Cause.NEW: "NEW",
    Cause.TRADE: "TRADE",
    Cause.CANCELED: "CANCELED",
    Cause.EXPIRED: "EXPIRED",
    Cause.AMENDED: "REPLACED",
}
_NO_TRADE = -1


def execution_report(event: OrderEvent) -> dict[str, Any]:
    """``executionReport``."""
    order, fill = event.order, event.fill
    canceled = event.cause is Cause.CANCELED
    row = described_order(order)
    return {
        "e": "executionReport",
        "E": event.ts,
        "s": order.symbol,
        "c": order.client_id,
        "S": row["side"],
        "o": row["type"],
        "f": row["timeInForce"],
        "q": text(order.quantity),
        "p": text(order.price),
        "P": text(order.stop_price),
        "F": text(ZERO),
        "g": -1,
        "C": order.client_id if canceled else "",
        "x": _EXECUTIONS[event.cause],
        "X": row["status"],
        "r": "NONE",
        "i": order.id,
        "l": text(ZERO if fill is None else fill.quantity),
        "z": text(order.filled),
        "L": text(ZERO if fill is None else fill.price),
        "n": "0" if fill is None else text(fill.fee),
        "N": None if fill is None else fill.fee_asset,
        "T": event.ts,
        "t": _NO_TRADE if fill is None else fill.id,
        "I": order.id,
        "w": order.is_open and not order.waiting,
        "m": fill is not None and fill.maker,
        "M": False,
        "O": order.created_ms,
        "Z": text(order.filled_quote),
        "Y": text(ZERO if fill is None else fill.quote_quantity),
        "Q": text(order.quote_quantity),
        "W": order.created_ms,
        "V": order.self_trade.name,
    }


def account_position(event: BalanceEvent) -> dict[str, Any]:
    """``outboundAccountPosition``."""
    return {
        "e": "outboundAccountPosition",
        "E": event.ts,
        "u": event.ts,
        "B": [
            {"a": item.asset, "f": text(item.free), "l": text(item.held)} for item in event.balances
        ],
    }
