"""The faults in force, each with its own count."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from xq.errors import XqError, unknown
from xq.sim.accounts import by_key
from xq.sim.venue import SimVenue
from xq.sim.wire.faults.effects import EFFECTS
from xq.sim.wire.faults.fault import Call, Fault, Frame, Match, Place


@dataclass(slots=True)
class Entry:
    """A fault in force.

    Attributes
    ----------
    seen, struck
        Calls or messages that matched, and those that it hit.
    """

    fault: Fault
    seen: int = 0
    struck: int = 0

    @property
    def spent(self) -> bool:
        """Whether it will never strike again."""
        return bool(self.fault.times) and self.struck >= self.fault.times

    def described(self) -> dict[str, Any]:
        """For people and scripts."""
        counts = {"seen": self.seen, "struck": self.struck, "spent": self.spent}
        return self.fault.described() | counts


class Roster:
    """Counts calls and messages and says what strikes; every fault counts for itself.

    Examples
    --------
    >>> from xq.sim.wire.faults.script import fault_of
    >>> roster = Roster([fault_of({"do": "reset", "path": "/fapi/*", "at": 2})])
    >>> calls = [Call("GET", "/fapi/v1/time"), Call("GET", "/api/v3/time")] * 3
    >>> [[fault.name for fault in roster.on_call(call)] for call in calls]
    [[], [], ['reset-1'], [], [], []]
    """

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._entries = {fault.name: Entry(fault) for fault in faults}
        self._note()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Every fault, oldest first; also those that are spent."""
        return tuple(self._entries.values())

    @property
    def names(self) -> tuple[str, ...]:
        """Names that are taken."""
        return tuple(self._entries)

    def add(self, fault: Fault) -> None:
        """Put a fault in force; its name must be free."""
        self._entries[fault.name] = Entry(fault)
        self._note()

    def remove(self, name: str) -> None:
        """End a fault. Raises `UnknownName` if there is none."""
        if name not in self._entries:
            raise unknown("fault", name, self._entries)
        del self._entries[name]
        self._note()

    def clear(self) -> None:
        """End every fault."""
        self._entries.clear()
        self._note()

    def on_call(self, call: Call) -> list[Fault]:
        """What strikes this request."""
        if not self._calls:
            return []
        return _strike(
            self._calls,
            lambda fault: (
                fault.match.call(call) and (call.over_http or not EFFECTS[fault.do].over_http)
            ),
        )

    def on_frame(self, frame: Frame) -> list[Fault]:
        """What strikes this message."""
        return _strike(self._frames, lambda fault: fault.match.frame(frame))

    @property
    def watches_frames(self) -> bool:
        """Whether messages have to be looked at."""
        return bool(self._frames)

    def _note(self) -> None:
        entries = self._entries.values()
        self._calls = [entry for entry in entries if entry.fault.place is Place.CALL]
        self._frames = [entry for entry in entries if entry.fault.place is Place.MESSAGE]


def _strike(entries: list[Entry], matches: Callable[[Fault], bool]) -> list[Fault]:
    struck = []
    for entry in entries:
        if matches(entry.fault):
            entry.seen += 1
            if entry.fault.hits(entry.seen):
                entry.struck += 1
                struck.append(entry.fault)
    return struck


def check_names(fault: Fault, venue: SimVenue) -> None:
    """Refuse a fault for an account or a market that the venue does not have.

    Raises
    ------
    UnknownName
        Suggesting the nearest one.
    """
    match: Match = fault.match
    accounts = [login.name for login in by_key(venue.state.owners).values()]
    if match.owner and match.owner not in accounts:
        raise unknown("account", match.owner, accounts)
    known = {item.id for face in venue.feeds for item in venue.markets(face)}
    for symbol in (match.symbol, fault.options.get("market", "")):
        if symbol and symbol not in known:
            raise unknown("market", symbol, known, hint="markets are written as BTCUSDT")


def check_all(faults: Iterable[Fault], venue: SimVenue) -> None:
    """`check_names` of each, naming the fault."""
    for fault in faults:
        try:
            check_names(fault, venue)
        except XqError as error:
            error.where = f"fault {fault.name}"
            raise
