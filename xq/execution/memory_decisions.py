"""Decisions and their signals in memory; see `xq.execution.memory`."""

from collections.abc import Sequence

from xq.errors import XqError
from xq.execution.decisions import Decisions
from xq.execution.records import Decision, DecisionKey, DecisionStatus, Signal
from xq.execution.store import Revisions
from xq.frozen import changed
from xq.timeframe import Timeframe
from xq.types import Symbol

_Row = tuple[int, Signal]  # revision, signal
_Place = tuple[int, int]  # bar, decision


class MemoryDecisions(Decisions):
    """`Decisions` without a file."""

    def __init__(self, revisions: Revisions) -> None:
        self._revisions = revisions
        self._all: dict[int, Decision] = {}
        self._by_key: dict[DecisionKey, int] = {}
        self._under_way: dict[int, Decision] = {}
        self._closes: dict[bool, int] = {}
        self._rows: dict[int, dict[Symbol, _Row]] = {}
        self._latest: dict[Symbol, _Place] = {}

    def tally(self) -> tuple[int, int | None]:
        """How many were begun, and when the newest was."""
        return len(self._all), max((d.created_ms for d in self._all.values()), default=None)

    def find(self, key: DecisionKey) -> Decision | None:
        """The decision of that bar, if one was begun."""
        number = self._by_key.get(key)
        return None if number is None else self._all[number]

    def begin(self, key: DecisionKey, now_ms: int) -> Decision:
        """Begin the decision of a bar, or begin it anew when nothing of it had left."""
        earlier = self.find(key)
        if earlier is None:
            decision = Decision(len(self._all) + 1, key, DecisionStatus.DECIDING, 0, now_ms)
            self._by_key[key] = decision.id
            kind, close = key.symbols[0].is_contract, Timeframe.parse(key.timeframe).end(key.bar_ms)
            self._closes[kind] = max(self._closes.get(kind, 0), close)
        elif earlier.status.is_settled:
            raise XqError(f"bar {key.bar} is already decided", where="(memory)")
        else:
            decision = changed(earlier, status=DecisionStatus.DECIDING)
        return self._keep(decision)

    def finish(self, decision: Decision, status: DecisionStatus) -> Decision:
        """Record how a decision ended; ``AGAIN`` counts up the attempt."""
        attempt = decision.attempt + (status is DecisionStatus.AGAIN)
        return self._keep(changed(decision, status=status, attempt=attempt))

    def _keep(self, decision: Decision) -> Decision:
        self._revisions.next()
        self._all[decision.id] = decision
        if decision.status is DecisionStatus.DECIDING:
            self._under_way[decision.id] = decision
        else:
            self._under_way.pop(decision.id, None)
        return decision

    def unfinished(self) -> tuple[Decision, ...]:
        """Decisions whose run died, oldest first."""
        if not self._under_way:
            return ()
        return tuple(self._under_way[number] for number in sorted(self._under_way))

    def newest_close(self, *, contracts: bool) -> int:
        """The latest bar close ever decided on for one kind of symbol, venue time; 0 for none."""
        return self._closes.get(contracts, 0)

    def record_signals(self, decision: Decision, signals: Sequence[Signal]) -> None:
        """Replace the signals of a decision."""
        revision = self._revisions.next()
        old = self._rows.get(decision.id, {})
        rows = self._rows[decision.id] = {item.symbol: (revision, item) for item in signals}
        place = decision.key.bar_ms, decision.id
        for symbol in rows:
            self._latest[symbol] = max(place, self._latest.get(symbol, place))
        for symbol in old.keys() - rows.keys():
            self._forget(symbol)

    def _forget(self, symbol: Symbol) -> None:
        """Look for what is now the newest signal about a symbol."""
        places = [
            (self._all[number].key.bar_ms, number)
            for number, rows in self._rows.items()
            if symbol in rows
        ]
        self._latest.pop(symbol, None)
        if places:
            self._latest[symbol] = max(places)

    def signals(self, *, after: int = 0) -> tuple[tuple[DecisionKey, Signal], ...]:
        """Signals written after a revision with the decision they belong to, oldest first."""
        places = sorted((self._all[number].key.bar_ms, number) for number in self._rows)
        return tuple(
            self._told(number, signal)
            for _, number in places
            for revision, signal in self._rows[number].values()
            if revision > after
        )

    def last_signal(self, symbol: Symbol) -> tuple[DecisionKey, Signal] | None:
        """The newest signal about a symbol; one whose decision is not settled is not reached."""
        place = self._latest.get(symbol)
        if place is None:
            return None
        return self._told(place[1], self._rows[place[1]][symbol][1])

    def _told(self, number: int, signal: Signal) -> tuple[DecisionKey, Signal]:
        decision = self._all[number]
        if signal.reached and not decision.status.is_settled:
            signal = changed(signal, reached=False)
        return decision.key, signal
