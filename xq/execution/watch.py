"""Kill switches as they are latched, and what the risk rules did."""

from collections.abc import Iterable

from xq.execution.ledger_records import RiskEvent, SwitchRow
from xq.execution.ledger_schema import risk_events, switches
from xq.execution.log import Log
from xq.execution.rows import Keeper


class Switches:
    """Latched states by name, and the history of risk."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._states = keeper.rows(switches, SwitchRow, ("name",))
        self._log = Log(keeper, risk_events, RiskEvent)

    def states(self) -> tuple[SwitchRow, ...]:
        """Every switch that was ever kept, by name."""
        return self._states.all()

    def keep(self, changed: Iterable[SwitchRow], events: Iterable[RiskEvent] = ()) -> None:
        """Keep changed states and what changed them, together."""
        with self._keeper.write():
            for state in changed:
                self._states.put(state)
            for event in events:
                self._log.append(event)

    def record(self, event: RiskEvent) -> RiskEvent:
        """Write down what the rules did without a switch changing: a refusal, say."""
        return self._log.append(event)

    def events(self, *, after: int = 0, since_ms: int | None = None) -> tuple[RiskEvent, ...]:
        """Risk events written after a revision, at or after a time, in the order they came."""
        return self._log.all(after=after, since_ms=since_ms)
