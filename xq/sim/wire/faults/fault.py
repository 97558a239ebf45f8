"""One fault: what it does, to which calls or messages, from the how-manieth on, how often."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any


class Place(StrEnum):
    """What a fault is counted by."""

    CALL = "call"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Call:
    """A request as faults see it; also the opening of a WebSocket.

    Attributes
    ----------
    owner
        The account whose key it shows, right or wrong signed; empty if none.
    symbols
        Every market that it names.
    over_http
        False for requests over the WebSocket API.
    """

    method: str
    path: str
    owner: str = ""
    symbols: frozenset[str] = frozenset()
    params: Mapping[str, str] = field(default_factory=dict)
    over_http: bool = True


@dataclass(frozen=True, slots=True)
class Frame:
    """A message of the venue to one WebSocket, as faults see it.

    Attributes
    ----------
    event
        ``e`` of the message; ``answer`` if it answers something; Bybit's topic.
    owners
        Accounts that this connection hears.
    """

    path: str
    event: str
    symbol: str = ""
    owners: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Match:
    """Which calls or messages; what is empty does not matter. ``*`` stands for anything.

    Examples
    --------
    >>> match = Match(method="POST", path="/fapi/*/order", where={"side": "BUY"})
    >>> match.call(Call("POST", "/fapi/v1/order", params={"side": "BUY"}))
    True
    >>> match.call(Call("POST", "/fapi/v1/order", params={"side": "SELL"}))
    False
    """

    method: str = ""
    path: str = ""
    symbol: str = ""
    owner: str = ""
    event: str = ""
    where: Mapping[str, str] = field(default_factory=dict)

    def call(self, call: Call) -> bool:
        """Whether a request is meant."""
        return (
            self.method in ("", call.method)
            and (not self.path or fnmatchcase(call.path, self.path))
            and (not self.symbol or self.symbol in call.symbols)
            and self.owner in ("", call.owner)
            and all(call.params.get(name) == value for name, value in self.where.items())
        )

    def frame(self, frame: Frame) -> bool:
        """Whether a message is meant."""
        return (
            (not self.path or fnmatchcase(frame.path, self.path))
            and (not self.event or fnmatchcase(frame.event, self.event))
            and self.symbol in ("", frame.symbol)
            and (not self.owner or self.owner in frame.owners)
        )


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong on purpose.

    Attributes
    ----------
    name
        What it is removed by.
    do
        A name of `xq.sim.wire.faults.effects.EFFECTS`.
    at
        The first matching call or message that it hits, counted from 1.
    times
        How many in a row from there; 0 is all.
    options
        What the effect needs to know, complete.
    """

    name: str
    do: str
    place: Place
    match: Match = field(default_factory=Match)
    at: int = 1
    times: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)

    def hits(self, number: int) -> bool:
        """Whether the call of this number, counted from 1, is hit.

        Examples
        --------
        >>> fault = Fault("f", "drop", Place.MESSAGE, at=2, times=2)
        >>> [number for number in range(6) if fault.hits(number)]
        [2, 3]
        """
        return number >= self.at and (not self.times or number < self.at + self.times)

    def described(self) -> dict[str, Any]:
        """As one writes it, for people and scripts."""
        match = self.match
        told: dict[str, Any] = {"name": self.name, "do": self.do}
        for key in ("method", "path", "symbol", "owner", "event"):
            if getattr(match, key):
                told[key] = getattr(match, key)
        if match.where:
            told["where"] = dict(match.where)
        options = {
            name: f"{value:f}" if isinstance(value, Decimal) else value
            for name, value in self.options.items()
        }
        return told | {"at": self.at, "times": self.times} | options
