"""A copy of the journal in the lake, so that one SQL question spans data, orders and equity.

The journal is the truth; a copy that fails is made up for by the next run.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from xq.execution.journal import Journal
from xq.execution.ledger_records import Event, JournalFlow, PositionPoint, RiskEvent
from xq.execution.records import DecisionKey, EquityPoint, JournalFill, JournalOrder, Signal
from xq.timeframe import Timeframe
from xq.types import Symbol


@dataclass(frozen=True, slots=True)
class Origin:
    """Where rows come from.

    Attributes
    ----------
    run_id
        The run that holds everything the account ever traded on spot; contracts have one beside.
    """

    mode: str
    exchange: str
    run_id: str


def mirror(journal: Journal, root: Path, origin: Origin) -> int:
    """Bring what the journal has and the lake has not into the lake; how many rows.

    Raises
    ------
    DataError
        If the lake refuses; the rows stay due.
    """
    revision = journal.books.revision
    done = journal.books.mirrored
    count = 0
    for contracts, run_id in ((False, origin.run_id), (True, f"{origin.run_id}-contracts")):
        for kind, rows in _rows(journal, done, origin, contracts).items():
            if rows:
                _upsert(root, kind, rows, run_id)
                count += len(rows)
    if count:
        journal.books.set_mirrored(revision)
    return count


def _rows(
    journal: Journal, after: int, origin: Origin, contracts: bool
) -> dict[str, list[dict[str, Any]]]:
    books = journal.books
    return {
        "signals": [
            _signal(key, signal, origin)
            for key, signal in journal.decisions.signals(after=after)
            if signal.symbol.is_contract is contracts
        ],
        "orders": [
            _order(order, journal, origin)
            for order in journal.orders(after=after)
            if order.symbol.is_contract is contracts
        ],
        "fills": [
            _fill(fill, origin)
            for fill in books.fills(after=after)
            if fill.symbol.is_contract is contracts
        ],
        "equity": [
            _equity(point, origin)
            for point in books.equity(after=after)
            if (point.wallet == "contracts") is contracts
        ],
        "positions": [
            _position(point, origin)
            for point in journal.positions.all(after=after)
            if point.symbol.is_contract is contracts
        ],
        "cash_flows": [
            _flow(flow, origin)
            for flow in journal.cash.all(after=after)
            if _is_contract(flow.symbol) is contracts
        ],
        "risk_events": [
            _risk_event(event, origin)
            for event in journal.switches.events(after=after)
            if _is_contract(event.symbol) is contracts
        ],
        "events": [
            _event(event, origin) for event in journal.events.all(after=after) if not contracts
        ],
    }


def _is_contract(symbol: Symbol | None) -> bool:
    """What is about no symbol stands in the run of spot."""
    return symbol is not None and symbol.is_contract


def _upsert(root: Path, kind: str, rows: Sequence[dict[str, Any]], run_id: str) -> None:
    import pyarrow as pa

    from xq.lake.layout import Dataset
    from xq.lake.writer import LakeWriter

    dataset = Dataset(kind, run_id=run_id)
    columns = {
        field.name: pa.array([row.get(field.name) for row in rows]).cast(field.type)
        for field in dataset.spec.schema
        if any(field.name in row for row in rows)
    }
    LakeWriter(root).upsert(dataset, pa.table(columns))


def _signal(key: DecisionKey, signal: Signal, origin: Origin) -> dict[str, Any]:
    return {
        "ts": key.bar_ms,
        "strategy": key.strategy,
        "symbol": str(signal.symbol),
        "timeframe": key.timeframe,
        "target_weight": signal.weight,
        "known_at": Timeframe.parse(key.timeframe).end(key.bar_ms),
        "mode": origin.mode,
        "exchange": origin.exchange,
        "close": float(signal.close),
    }


def _order(order: JournalOrder, journal: Journal, origin: Origin) -> dict[str, Any]:
    fills = journal.books.fills(client_id=order.client_id)
    assets = {fill.fee_asset for fill in fills}
    return {
        "ts": order.venue_ms,
        "client_id": order.client_id,
        "symbol": str(order.symbol),
        "side": order.side.value,
        "type": order.type.value,
        "quantity": float(order.quantity),
        "status": order.state.value,
        "mode": origin.mode,
        "exchange": origin.exchange,
        "strategy": order.strategy or None,
        "venue_id": order.venue_id,
        "price": _number(order.price),
        "stop_price": _number(order.stop_price),
        "reduce_only": order.reduce_only,
        "filled": float(order.filled),
        "average_price": _number(order.average_price),
        "fee": float(sum((fill.fee for fill in fills), Decimal(0))) if len(assets) == 1 else None,
        "fee_asset": assets.pop() if len(assets) == 1 else None,
        "updated": max((fill.ts for fill in fills), default=order.venue_ms),
        "reason": order.reason or None,
    }


def _fill(fill: JournalFill, origin: Origin) -> dict[str, Any]:
    return {
        "ts": fill.ts,
        "fill_id": fill.fill_id,
        "symbol": str(fill.symbol),
        "side": fill.side.value,
        "price": float(fill.price),
        "quantity": float(fill.quantity),
        "mode": origin.mode,
        "exchange": origin.exchange,
        "client_id": fill.client_id,
        "order_id": fill.venue_order_id,
        "fee": float(fill.fee),
        "fee_asset": fill.fee_asset,
        "maker": fill.maker,
    }


def _equity(point: EquityPoint, origin: Origin) -> dict[str, Any]:
    return {
        "ts": point.ts,
        "equity": float(point.equity),
        "mode": origin.mode,
        "exchange": origin.exchange,
        "strategy": point.strategy,
        "cash": float(point.cash),
    }


def _position(point: PositionPoint, origin: Origin) -> dict[str, Any]:
    return {
        "ts": point.ts_ms,
        "symbol": str(point.symbol),
        "quantity": float(point.quantity),
        "mode": origin.mode,
        "exchange": origin.exchange,
        "entry_price": float(point.entry_price),
        "mark_price": float(point.mark_price),
        "unrealized_pnl": float(point.unrealized_pnl),
        "leverage": float(point.leverage),
        "liquidation_price": _number(point.liquidation_price),
    }


def _flow(flow: JournalFlow, origin: Origin) -> dict[str, Any]:
    return {
        "ts": flow.ts_ms,
        "kind": flow.kind,
        "venue_id": flow.venue_id,
        "asset": flow.asset,
        "amount": float(flow.amount),
        "external": flow.external,
        "mode": origin.mode,
        "exchange": origin.exchange,
        "symbol": _text(flow.symbol),
    }


def _risk_event(event: RiskEvent, origin: Origin) -> dict[str, Any]:
    return {
        "ts": event.ts_ms,
        "sequence": event.number,
        "name": event.kind,
        "mode": origin.mode,
        "exchange": origin.exchange,
        "symbol": _text(event.symbol),
        "message": event.text,
        "switch": event.switch,
        "action": event.action,
        "reading": _number(event.reading),
        "threshold": _number(event.threshold),
        "client_id": event.client_id,
        "who": event.who,
    }


def _event(event: Event, origin: Origin) -> dict[str, Any]:
    details = {"severity": event.severity, "facts": json.loads(event.facts)}
    return {
        "ts": event.ts_ms,
        "sequence": event.number,
        "name": event.kind,
        "mode": origin.mode,
        "exchange": origin.exchange,
        "message": event.text,
        "details": json.dumps(details),
    }


def _text(symbol: Symbol | None) -> str | None:
    return None if symbol is None else str(symbol)


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
