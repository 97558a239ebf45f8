"""What happened, as a value, and the one place where it is told to everybody who listens."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

KINDS = (
    "decision", "order", "fill", "filled", "rejected", "unknown", "switch_tripped",
    "switch_rearmed", "foreign", "protected", "unprotected", "parent", "emergency_stop", "watchdog",
    "started", "ended", "crashed", "error",
)  # fmt: skip
"""What xq tells of; rooms that write events of their own into the journal add to these."""


class Level(StrEnum):
    """How much an event asks of a person; words of the journal's severities."""

    INFO = "info"
    WARNING = "warning"
    ALARM = "alarm"

    def reaches(self, least: "Level") -> bool:
        """Whether this is at least as grave.

        Examples
        --------
        >>> Level.WARNING.reaches(Level.INFO), Level.INFO.reaches(Level.ALARM)
        (True, False)
        """
        order = list(Level)
        return order.index(self) >= order.index(least)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened.

    Attributes
    ----------
    kind
        One word for it, see `KINDS`.
    at_ms
        When, by the clock of whoever says so: the venue's for what happened there.
    facts
        The values behind the text, ids among them.
    """

    kind: str
    level: Level
    text: str
    at_ms: int
    facts: Mapping[str, Any] = field(default_factory=dict)


class Sink(Protocol):
    """Someone who is told; must return at once."""

    def take(self, event: Event) -> None:
        """Hear of an event."""


class Bus:
    """Tells every sink; one that fails is counted and stops neither the others nor the run.

    Attributes
    ----------
    failures
        How often a sink failed.
    """

    def __init__(self, sinks: Iterable[Sink] = ()) -> None:
        self._sinks = tuple(sinks)
        self.failures = 0

    def __bool__(self) -> bool:
        return bool(self._sinks)

    def emit(self, event: Event) -> None:
        """Tell everybody."""
        for sink in self._sinks:
            try:
                sink.take(event)
            except Exception:  # noqa: BLE001 - who is told of a trade must never stop the trade
                self.failures += 1
