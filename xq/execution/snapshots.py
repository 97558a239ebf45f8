"""Positions as the venue told them, over time."""

from collections.abc import Iterable

from xq.execution.ledger_records import PositionPoint
from xq.execution.ledger_schema import positions
from xq.execution.rows import Keeper
from xq.types import Position


class Positions:
    """One point a symbol and venue time."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._rows = keeper.rows(positions, PositionPoint, ("ts_ms", "symbol"))

    def record(self, ts_ms: int, held: Iterable[Position]) -> None:
        """Record what is held at a venue time; a second record of that time replaces the first."""
        with self._keeper.write():
            for position in held:
                self._rows.put(
                    PositionPoint(
                        ts_ms,
                        position.symbol,
                        position.quantity,
                        position.entry_price,
                        position.mark_price,
                        position.unrealized_pnl,
                        position.leverage,
                        position.liquidation_price,
                    )
                )

    def all(self, *, after: int = 0, since_ms: int | None = None) -> tuple[PositionPoint, ...]:
        """Points written after a revision, at or after a venue time, oldest first."""
        return self._rows.all(after=after, since_ms=since_ms)
