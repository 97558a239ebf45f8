"""What is said on an account's stream: how to be let in, how to stay, what the messages mean."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from xq.errors import VenueUnclear
from xq.ports import Clock
from xq.types import Symbol
from xq.venue_types import UserEvent
from xq.venues.dialect import Client

SymbolOf = Callable[[str], Symbol]


@dataclass(frozen=True, slots=True)
class Entrance:
    """Where to connect and what to say there.

    Attributes
    ----------
    hello
        Messages, each sent once the one before was answered well.
    """

    url: str
    hello: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Heard:
    """What one message means.

    Attributes
    ----------
    greeted
        Whether it answers a message of ours well; None if it answers none.
    over
        Why the venue will tell no more on this connection.
    """

    events: Sequence[UserEvent] = ()
    greeted: bool | None = None
    over: str = ""


class Speech(Protocol):
    """One venue's account stream.

    Attributes
    ----------
    ping
        Said every so often where the venue wants it; empty if WebSocket's own pings do.
    renew_seconds
        How often `renew` must be called; 0 never.
    """

    ping: str
    renew_seconds: float

    def enter(self, client: Client, clock: Clock) -> Entrance:
        """Ask for the way in; may ask by REST."""

    def renew(self, client: Client) -> None:
        """Keep it open."""

    def read(self, message: Any, symbol_of: SymbolOf) -> Heard:
        """What a message means; one of no known kind means nothing."""


def parsed(text: str | bytes) -> Any:
    """A message as JSON. Raises `VenueUnclear`."""
    try:
        return json.loads(text)
    except ValueError:
        raise VenueUnclear("the account's stream said something that is not JSON") from None
