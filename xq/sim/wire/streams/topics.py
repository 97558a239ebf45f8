"""Streams that somebody listens to, and what makes their messages."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from xq.errors import XqError
from xq.sim.feed import RecordedBook
from xq.sim.refusal import Refusal
from xq.sim.venue import SimVenue
from xq.sim.wire.streams.bars import BarTape
from xq.sim.wire.streams.books import Books, Differences, Parts, Quotes
from xq.sim.wire.streams.figures import Figures, Marks
from xq.sim.wire.streams.names import Kind, Stream
from xq.sim.wire.streams.outbox import breathe
from xq.sim.wire.streams.prints import Prints
from xq.sim.wire.streams.recorded import RecordedChanges
from xq.sim.wire.streams.session import Session

_AT_ONCE = 500  # messages made between two chances for others to run


class Producer(Protocol):
    """Makes the messages of one stream."""

    def events(self, since_ms: int, until_ms: int) -> Iterator[tuple[int, bytes] | None]:
        """Messages of (since, until] with their times; None where others may run."""

    def close(self) -> None:
        """Nobody listens any more."""


class Silence:
    """A stream that others fill, or that has nothing to say."""

    def events(self, _since_ms: int, _until_ms: int) -> Iterator[tuple[int, bytes] | None]:
        """Nothing."""
        return iter(())

    def close(self) -> None:
        """Nothing to leave."""


@dataclass(slots=True, eq=False)
class Topic:
    """A stream, what makes it, and who listens.

    Attributes
    ----------
    since_ms
        Up to here everything was told.
    """

    stream: Stream
    producer: Producer
    since_ms: int
    sessions: dict[Session, None] = field(default_factory=dict)

    @property
    def is_wide(self) -> bool:
        """Whether all markets must be looked at, which takes its time."""
        return not self.stream.symbol and self.stream.kind is not Kind.FORCE_ORDER

    async def events(self, until_ms: int) -> list[tuple[int, "Topic", bytes]]:
        """Messages up to a time, with their times."""
        told: list[tuple[int, Topic, bytes]] = []
        since, self.since_ms = self.since_ms, max(until_ms, self.since_ms)
        try:
            for event in self.producer.events(since, until_ms):
                if event is not None:
                    told.append((event[0], self, event[1]))
                if event is None or len(told) % _AT_ONCE == 0:
                    await breathe()
        except (XqError, Refusal):  # no prices at this time: the stream says nothing of it
            return told
        return told

    def tell(self, frame: bytes) -> None:
        """Send a message to everybody who listens."""
        for session in self.sessions:
            session.tell(self.stream.name, frame)


def producer_of(stream: Stream, venue: SimVenue, books: Books) -> Producer | None:
    """The maker of a stream's messages; None for a market that does not exist."""
    if stream.kind is Kind.FORCE_ORDER:
        return Silence()
    try:
        if stream.symbol:
            venue.market(stream.face, stream.symbol)
        if stream.timeframe is not None:
            return BarTape(stream, venue, stream.timeframe)
        return _MAKERS[stream.kind](stream, venue, books)
    except (XqError, Refusal):
        return None


def _depth(stream: Stream, venue: SimVenue, books: Books) -> Producer:
    feed = venue.feeds[stream.face]
    if isinstance(feed, RecordedBook):
        return RecordedChanges(stream, venue, feed)
    return Differences(stream, books)


_MAKERS: dict[Kind, Callable[[Stream, SimVenue, Books], Producer]] = {
    Kind.TRADE: lambda stream, venue, _: Prints(stream, venue),
    Kind.AGG_TRADE: lambda stream, venue, _: Prints(stream, venue),
    Kind.DEPTH: lambda stream, venue, books: _depth(stream, venue, books),
    Kind.PARTIAL_DEPTH: lambda stream, _, books: Parts(stream, books),
    Kind.BOOK_TICKER: lambda stream, _, books: Quotes(stream, books),
    Kind.MARK_PRICE: lambda stream, venue, _: Marks(stream, venue),
    Kind.TICKER: lambda stream, venue, _: Figures(stream, venue),
    Kind.MINI_TICKER: lambda stream, venue, _: Figures(stream, venue),
}
