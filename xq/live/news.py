"""What changed in a journal, as events for people and programs.

The journal is asked, not the code that writes to it: what a killed run did, a person by hand or
another process is told like everything else, once, by whoever looks next.
"""

import json
from collections.abc import Iterator
from typing import Any

from xq.execution.journal import Journal
from xq.execution.ledger_records import Event as Written
from xq.execution.ledger_records import RiskEvent
from xq.execution.orders import OrderState
from xq.execution.records import DecisionKey, JournalFill, JournalOrder, Signal
from xq.observe.event import Event, Level

TOLD = "told"
_LATCHED = "switch"  # the loop's own word for a trip, which the latch tells too
_OLDEST_MS = 24 * 3_600_000

_ORDERS = {
    OrderState.FILLED: ("filled", Level.INFO),
    OrderState.REJECTED: ("rejected", Level.WARNING),
    OrderState.NOT_SENT: ("rejected", Level.WARNING),
    OrderState.LOST: ("unknown", Level.WARNING),
    OrderState.UNKNOWN: ("unknown", Level.ALARM),
    OrderState.INTENT: ("unknown", Level.ALARM),
}
_RISK = {"trip": ("switch_tripped", Level.ALARM), "rearm": ("switch_rearmed", Level.WARNING)}


def begin(journal: Journal) -> None:
    """From now on what changes is news; before the first look nothing was."""
    if journal.books.note(TOLD) is None:
        journal.books.set_note(TOLD, str(journal.books.revision))


def take(journal: Journal, now_ms: int) -> tuple[Event, ...]:
    """The news since the last look, each told once; what is older than a day is none."""
    if next(_since(journal), None) is None:
        return ()
    with journal.together():  # nobody else tells the same, nor writes more meanwhile
        found = tuple(_since(journal))
        journal.books.set_note(TOLD, str(journal.books.revision))
    return tuple(event for event in found if event.at_ms > now_ms - _OLDEST_MS)


def _since(journal: Journal) -> Iterator[Event]:
    after = int(journal.books.note(TOLD) or 0)
    for key, signal in journal.decisions.signals(after=after):
        yield _decision(key, signal)
    for order in journal.orders(after=after):
        yield _order(order)
    for fill in journal.books.fills(after=after):
        yield _fill(fill)
    for risk in journal.switches.events(after=after):
        yield _risk(risk)
    for event in journal.events.all(after=after):
        if event.kind != _LATCHED:
            yield _written(event)


def _decision(key: DecisionKey, signal: Signal) -> Event:
    facts = {
        "strategy": key.strategy, "timeframe": key.timeframe, "bar_ms": key.bar_ms,
        "symbol": str(signal.symbol), "target_weight": signal.weight, "close": signal.close,
        "position": signal.position, "target": signal.target, "reached": signal.reached,
    }  # fmt: skip
    text = f"{key.strategy} wants {signal.target:f} of {signal.symbol}, {signal.position:f} is held"
    return Event("decision", Level.INFO, text, key.bar_ms, facts)


def _order(order: JournalOrder) -> Event:
    kind, level = _ORDERS.get(order.state, ("order", Level.INFO))
    facts = {
        "client_id": order.client_id, "venue_id": order.venue_id, "decision_id": order.decision_id,
        "parent_id": order.parent_id, "strategy": order.strategy, "symbol": str(order.symbol),
        "leg": order.leg, "side": order.side.value, "order_type": order.type.value,
        "quantity": order.quantity, "reduce_only": order.reduce_only, "state": order.state.value,
        "filled": order.filled, "average_price": order.average_price, "code": order.code,
        "reason": order.reason,
    }  # fmt: skip
    text = f"{order.side.value} {order.quantity:f} {order.symbol}: {order.state.value}"
    text = text.replace("_", " ")
    if order.filled and order.average_price is not None:
        text += f", {order.filled:f} at {order.average_price:f}"
    if level is not Level.INFO and order.reason:
        text += f" ({order.reason})"
    return Event(kind, level, text, order.venue_ms, facts)


def _fill(fill: JournalFill) -> Event:
    facts = {
        "client_id": fill.client_id, "fill_id": fill.fill_id, "symbol": str(fill.symbol),
        "side": fill.side.value, "price": fill.price, "quantity": fill.quantity, "fee": fill.fee,
        "fee_asset": fill.fee_asset, "maker": fill.maker,
    }  # fmt: skip
    text = f"{fill.side.value} {fill.quantity:f} {fill.symbol} at {fill.price:f}"
    return Event("fill", Level.INFO, text, fill.ts, facts)


def _risk(event: RiskEvent) -> Event:
    kind, level = _RISK.get(event.kind, (event.kind, Level.WARNING))
    facts = {
        "switch": event.switch, "action": event.action, "reading": event.reading,
        "threshold": event.threshold, "symbol": _text(event.symbol),
        "client_id": event.client_id, "who": event.who, "number": event.number,
    }  # fmt: skip
    done = {"trip": "tripped", "rearm": "armed again"}.get(event.kind)
    text = f"kill switch {event.switch} {done}: {event.text}" if done else event.text
    return Event(kind, level, text, event.ts_ms, facts)


def _written(event: Written) -> Event:
    facts = json.loads(event.facts) | {"number": event.number}
    return Event(event.kind, Level(event.severity.value), event.text, event.ts_ms, facts)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
