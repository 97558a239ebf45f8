"""Decisions and their signals, one of each per closed bar."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from xq.errors import XqError
from xq.execution import schema
from xq.execution.records import Decision, DecisionKey, DecisionStatus, Signal
from xq.execution.store import Store
from xq.timeframe import Timeframe
from xq.types import Symbol


class Decisions:
    """What was decided, and how far it got."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, key: DecisionKey) -> Decision | None:
        """The decision of that bar, if one was begun."""
        with self._store.read() as connection:
            row = connection.execute(sa.select(schema.decisions).where(*_is(key))).first()
        return None if row is None else _decision(row)

    def begin(self, key: DecisionKey, now_ms: int) -> Decision:
        """Begin the decision of a bar, or begin it anew when nothing of it had left.

        Raises
        ------
        XqError
            If the bar is already decided, which the caller must have looked up.
        """
        earlier = self.find(key)
        if earlier is None:
            values = {
                "account": key.account,
                "strategy": key.strategy,
                "timeframe": key.timeframe,
                "symbols": _joined(key.symbols),
                "bar_ms": key.bar_ms,
                "status": DecisionStatus.DECIDING.value,
                "attempt": 0,
                "created_ms": now_ms,
            }
            with self._store.write() as write:
                write.insert(schema.decisions, values)
        elif earlier.status.is_settled:
            raise XqError(f"bar {key.bar} is already decided", where=self._store.place)
        else:
            self._set(earlier, DecisionStatus.DECIDING, earlier.attempt)
        begun = self.find(key)
        if begun is None:
            raise XqError(f"bar {key.bar} vanished from the journal", where=self._store.place)
        return begun

    def finish(self, decision: Decision, status: DecisionStatus) -> Decision:
        """Record how a decision ended; ``AGAIN`` counts up the attempt."""
        attempt = decision.attempt + (status is DecisionStatus.AGAIN)
        self._set(decision, status, attempt)
        return replace(decision, status=status, attempt=attempt)

    def _set(self, decision: Decision, status: DecisionStatus, attempt: int) -> None:
        values = {"status": status.value, "attempt": attempt}
        with self._store.write() as write:
            write.update(schema.decisions, {"id": decision.id}, values)

    def unfinished(self) -> tuple[Decision, ...]:
        """Decisions whose run died, oldest first."""
        status = schema.decisions.c.status == DecisionStatus.DECIDING.value
        query = sa.select(schema.decisions).where(status).order_by(schema.decisions.c.id)
        with self._store.read() as connection:
            return tuple(_decision(row) for row in connection.execute(query))

    def newest_close(self, *, contracts: bool) -> int:
        """The latest bar close ever decided on for one kind of symbol, venue time; 0 for none."""
        table = schema.decisions.c
        newest = sa.func.max(table.bar_ms).label("bar_ms")
        query = sa.select(table.timeframe, table.symbols, newest)
        with self._store.read() as connection:
            rows = connection.execute(query.group_by(table.timeframe, table.symbols)).all()
        closes = (
            Timeframe.parse(row.timeframe).end(row.bar_ms)
            for row in rows
            if Symbol.parse(row.symbols.split(",")[0]).is_contract is contracts
        )
        return max(closes, default=0)

    def record_signals(self, decision: Decision, signals: Sequence[Signal]) -> None:
        """Replace the signals of a decision."""
        table = schema.signals
        with self._store.write() as write:
            write.delete(sa.delete(table).where(table.c.decision_id == decision.id))
            for signal in signals:
                values = {
                    "decision_id": decision.id,
                    "symbol": signal.symbol,
                    "weight": signal.weight,
                    "close": signal.close,
                    "position": signal.position,
                    "target": signal.target,
                    "reached": signal.reached,
                    "note": signal.note,
                }
                write.insert(table, values)

    def signals(self, *, after: int = 0) -> tuple[tuple[DecisionKey, Signal], ...]:
        """Signals written after a revision with the decision they belong to, oldest first."""
        query = _SIGNALS.where(schema.signals.c.revision > after).order_by(
            schema.decisions.c.bar_ms, schema.decisions.c.id
        )
        with self._store.read() as connection:
            return tuple(_signal(row) for row in connection.execute(query))

    def last_signal(self, symbol: Symbol) -> tuple[DecisionKey, Signal] | None:
        """The newest signal about a symbol; one whose decision is not settled is not reached."""
        query = (
            _SIGNALS.where(schema.signals.c.symbol == symbol)
            .order_by(schema.decisions.c.bar_ms.desc(), schema.decisions.c.id.desc())
            .limit(1)
        )
        with self._store.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else _signal(row)


_SIGNALS = sa.select(
    schema.signals,
    schema.decisions.c.account,
    schema.decisions.c.strategy,
    schema.decisions.c.timeframe,
    schema.decisions.c.symbols,
    schema.decisions.c.bar_ms,
    schema.decisions.c.status,
).join(schema.decisions)


def _joined(symbols: Sequence[Symbol]) -> str:
    return ",".join(str(symbol) for symbol in symbols)


def _is(key: DecisionKey) -> tuple[Any, ...]:
    table = schema.decisions.c
    return (
        table.account == key.account,
        table.strategy == key.strategy,
        table.timeframe == key.timeframe,
        table.symbols == _joined(key.symbols),
        table.bar_ms == key.bar_ms,
    )


def _decision(row: Any) -> Decision:
    return Decision(row.id, _key(row), DecisionStatus(row.status), row.attempt, row.created_ms)


def _key(row: Any) -> DecisionKey:
    symbols = tuple(Symbol.parse(text) for text in row.symbols.split(","))
    return DecisionKey(row.account, row.strategy, row.timeframe, symbols, row.bar_ms)


def _signal(row: Any) -> tuple[DecisionKey, Signal]:
    signal = Signal(
        symbol=row.symbol,
        weight=row.weight,
        close=row.close,
        position=row.position,
        target=row.target,
        reached=row.reached and DecisionStatus(row.status).is_settled,
        note=row.note,
    )
    return _key(row), signal
