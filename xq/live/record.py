"""A report as one object of plain values, for programs."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from xq.live.report import OrderLine, Report, SymbolLine


def as_record(report: Report) -> dict[str, Any]:
    """One object for programs; quantities in base asset, money in quote asset."""
    return {
        "act": report.act.value,
        "exchange": report.exchange,
        "account": report.account,
        "strategy": report.strategy,
        "timeframe": report.timeframe,
        "bar": datetime.fromtimestamp(report.bar_ms / 1000, UTC),
        "equity": report.equity,
        "cash": report.cash,
        "symbols": [_symbol_record(line) for line in report.symbols],
        "notes": list(report.notes),
        "problems": [error.as_dict() for error in report.problems],
    }


def _symbol_record(line: SymbolLine) -> dict[str, Any]:
    return {
        "symbol": str(line.symbol),
        "synthetic": line.synthetic,
        "target_weight": line.weight,
        "close": line.close,
        "position": line.position,
        "target": line.target,
        "position_after": line.position_after,
        "note": line.note,
        "orders": [_order_record(order) for order in line.orders],
    }


def _order_record(order: OrderLine) -> dict[str, Any]:
    return {
        "client_id": order.client_id,
        "side": order.side.value,
        "type": order.type.value,
        "quantity": order.quantity,
        "reduce_only": order.reduce_only,
        "status": order.state,
        "expected_price": order.expected_price,
        "filled": order.filled,
        "average_price": order.average_price,
        "slippage": slippage_of(order),
        "fees": order.fees,
        "reason": order.reason,
    }


def slippage_of(order: OrderLine) -> Decimal | None:
    """Quote asset paid against the expected price; None before a fill."""
    if order.average_price is None or not order.filled:
        return None
    return (order.average_price - order.expected_price) * order.side.sign * order.filled
