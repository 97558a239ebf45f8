"""Records in the order they came, numbered by the journal."""

from dataclasses import replace
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from xq.execution.ledger_records import Event, RiskEvent
from xq.execution.ledger_schema import events
from xq.execution.rows import Keeper

T = TypeVar("T", bound=Event | RiskEvent)


class Log(Generic[T]):
    """One numbered kind of record; nothing in it ever changes."""

    def __init__(self, keeper: Keeper, table: sa.Table, kind: type[T]) -> None:
        self._keeper = keeper
        self._rows = keeper.rows(table, kind, ("number",))

    def append(self, record: T) -> T:
        """Keep a record under the next number, and give it back with that."""
        with self._keeper.write():
            newest: Any = self._rows.newest("number")
            numbered = replace(record, number=(newest or 0) + 1)
            self._rows.put(numbered)
        return numbered

    def all(self, *, after: int = 0, since_ms: int | None = None) -> tuple[T, ...]:
        """Records written after a revision, at or after a time, in the order they came."""
        return self._rows.all(after=after, since_ms=since_ms)


class Events(Log[Event]):
    """What a person should know."""

    def __init__(self, keeper: Keeper) -> None:
        super().__init__(keeper, events, Event)
