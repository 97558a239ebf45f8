"""Who listens to what, and handing every message to them in the order of venue time."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Protocol

import orjson

from xq.errors import XqError
from xq.sim.instruments import Face
from xq.sim.refusal import Refusal
from xq.sim.venue import SimVenue
from xq.sim.wire.streams.bars import BarTape
from xq.sim.wire.streams.books import Books, Differences, Parts, Quotes
from xq.sim.wire.streams.figures import Figures, Marks
from xq.sim.wire.streams.listen_keys import ListenKeys
from xq.sim.wire.streams.names import Kind, Stream, is_served, parse
from xq.sim.wire.streams.outbox import breathe
from xq.sim.wire.streams.prints import Prints
from xq.sim.wire.streams.session import Session, Tamper
from xq.sim.wire.streams.users import Recipient, Users

PATIENCE_SECONDS = 10.0  # how long replayed time waits for one subscriber

_LOOKS = frozenset({Kind.DEPTH, Kind.PARTIAL_DEPTH, Kind.BOOK_TICKER, Kind.TICKER})
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


@dataclass(slots=True)
class _Topic:
    stream: Stream
    producer: Producer
    since_ms: int
    sessions: dict[Session, None] = field(default_factory=dict)


class Hub:
    """The market streams of one venue.

    Attributes
    ----------
    busy
        Set while anybody listens.
    fresh
        Set when a stream began that was not there before.
    sessions
        Who is connected.
    """

    def __init__(self, venue: SimVenue, keys: ListenKeys) -> None:
        self.venue = venue
        self.books = Books(venue)
        self.users = Users(venue, self._announce)
        self.keys = keys
        self.busy = asyncio.Event()
        self.fresh = True
        self._topics: dict[tuple[Face, str], _Topic] = {}
        self.sessions: dict[Session, None] = {}
        self._recipients: dict[tuple[Session, str], Recipient] = {}
        self._tamper: Tamper | None = None

    @property
    def tamper(self) -> Tamper | None:
        """What is done to messages on purpose.

        Called with a topic and a message, it gives the messages to send instead. Topics are stream
        names, and ``user:NAME`` for an account's events.
        """
        return self._tamper

    @tamper.setter
    def tamper(self, tamper: Tamper | None) -> None:
        self._tamper = tamper
        for session in list(self.sessions):
            session.tamper = tamper

    @property
    def looks(self) -> bool:
        """Whether somebody watches what is looked at again and again rather than recorded."""
        return any(topic.stream.kind in _LOOKS for topic in self._topics.values())

    @property
    def since_ms(self) -> int:
        """From here on somebody has not been told everything."""
        return min((topic.since_ms for topic in self._topics.values()), default=self.venue.now_ms)

    def join(self, session: Session) -> None:
        """A connection is there."""
        self.sessions[session] = None
        session.tamper = self._tamper

    def leave(self, session: Session) -> None:
        """A connection ended."""
        self.unsubscribe(session, list(session.names))
        self.sessions.pop(session, None)

    def subscribe(self, session: Session, names: Iterable[str]) -> None:
        """Listen to streams; those that nobody knows, or hears here, stay silent."""
        for name in names:
            session.names[name] = None
            if self._hear_account(session, name):
                continue
            stream = parse(session.face, name)
            if stream is None or not is_served(stream, session.access):
                continue
            topic = self._topic(stream)
            if topic is not None:
                topic.sessions[session] = None
        self.note()

    def follow(self, session: Session, stream: Stream, make: Callable[[], Producer]) -> Producer:
        """Listen to a stream that another face's producer makes, and be told by which."""
        key = stream.face, stream.name
        if key not in self._topics:
            self._topics[key] = _Topic(stream, make(), self.venue.now_ms)
            self.fresh = True
        self._topics[key].sessions[session] = None
        session.names[stream.name] = None
        self.note()
        return self._topics[key].producer

    def unsubscribe(self, session: Session, names: Iterable[str]) -> None:
        """Listen to streams no longer."""
        for name in names:
            session.names.pop(name, None)
            recipient = self._recipients.pop((session, name), None)
            if recipient is not None:
                self.users.remove(recipient)
            topic = self._topics.get((session.face, name))
            if topic is None:
                continue
            topic.sessions.pop(session, None)
            if not topic.sessions:
                topic.producer.close()
                del self._topics[session.face, name]
        self.note()

    async def publish(self, until_ms: int) -> int:
        """Tell everybody what happened up to a time; how many messages that were."""
        told: list[tuple[int, _Topic, bytes]] = []
        for topic in list(self._topics.values()):
            since, topic.since_ms = topic.since_ms, max(until_ms, topic.since_ms)
            try:
                for event in topic.producer.events(since, until_ms):
                    if event is None:
                        await breathe()
                        continue
                    told.append((event[0], topic, event[1]))
                    if len(told) % _AT_ONCE == 0:
                        await breathe()
            except (XqError, Refusal):  # no prices at this time: the stream says nothing of it
                continue
        told.sort(key=itemgetter(0))
        for _, topic, frame in told:
            for session in topic.sessions:
                session.tell(topic.stream.name, frame)
        return len(told)

    def expire(self) -> None:
        """End listen keys whose hour is over; whoever listens by them is told so."""
        for old in self.keys.expire():
            for session, name in list(self._recipients):
                if name.partition("@")[0] == old.key:
                    told = {"e": "listenKeyExpired", "E": self.venue.now_ms, "listenKey": old.key}
                    session.tell(name, orjson.dumps(told))
                    self.users.remove(self._recipients.pop((session, name)))
        self.note()

    def close(self) -> None:
        """Stop listening to the venue."""
        self.users.close()

    def note(self) -> None:
        """Whether anybody listens has changed, perhaps."""
        if self._topics or self.users:
            self.busy.set()
        else:
            self.busy.clear()

    async def drained(self) -> None:
        """Return once everybody has taken everything; who does not in time is cut off."""
        for session in list(self.sessions):
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await session.outbox.drained()
            except TimeoutError:
                session.outbox.abandon()

    def _topic(self, stream: Stream) -> _Topic | None:
        key = stream.face, stream.name
        if key not in self._topics:
            producer = self._producer(stream)
            if producer is None:
                return None
            self._topics[key] = _Topic(stream, producer, self.venue.now_ms)
            self.fresh = True
        return self._topics[key]

    def _producer(self, stream: Stream) -> Producer | None:
        """The maker of a stream's messages; None for a market that does not exist."""
        if stream.kind is Kind.FORCE_ORDER:
            return Silence()
        try:
            if stream.symbol:
                self.venue.market(stream.face, stream.symbol)
            if stream.timeframe is not None:
                return BarTape(stream, self.venue, stream.timeframe)
            return _MAKERS[stream.kind](stream, self)
        except (XqError, Refusal):
            return None

    def _hear_account(self, session: Session, name: str) -> bool:
        """Listen to an account, if the name is its listen key, perhaps with one kind of event."""
        text, _, wanted = name.partition("@")
        key = self.keys.find(text, session.face)
        if key is None:
            return False
        recipient = Recipient(
            key.owner,
            key.face,
            lambda frame: session.tell(text, frame, f"user:{key.owner}"),
            frozenset({wanted} if wanted else ()),
        )
        old = self._recipients.pop((session, name), None)
        if old is not None:
            self.users.remove(old)
        self._recipients[session, name] = recipient
        self.users.add(recipient)
        return True

    def _announce(self, symbol: str, frame: bytes) -> None:
        """Tell of a liquidation."""
        for name in (f"{symbol.lower()}@forceOrder", "!forceOrder@arr"):
            topic = self._topics.get((Face.FUTURES, name))
            if topic is not None:
                for session in topic.sessions:
                    session.tell(name, frame)


_MAKERS: dict[Kind, Callable[[Stream, Hub], Producer]] = {
    Kind.TRADE: lambda stream, hub: Prints(stream, hub.venue),
    Kind.AGG_TRADE: lambda stream, hub: Prints(stream, hub.venue),
    Kind.DEPTH: lambda stream, hub: Differences(stream, hub.books),
    Kind.PARTIAL_DEPTH: lambda stream, hub: Parts(stream, hub.books),
    Kind.BOOK_TICKER: lambda stream, hub: Quotes(stream, hub.books),
    Kind.MARK_PRICE: lambda stream, hub: Marks(stream, hub.venue),
    Kind.TICKER: lambda stream, hub: Figures(stream, hub.venue),
    Kind.MINI_TICKER: lambda stream, hub: Figures(stream, hub.venue),
}
