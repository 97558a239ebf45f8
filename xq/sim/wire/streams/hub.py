"""Who listens to what, and handing every message to them in the order of venue time."""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from operator import itemgetter

import orjson

from xq.sim.instruments import Face
from xq.sim.venue import SimVenue
from xq.sim.wire.streams.books import Books
from xq.sim.wire.streams.listen_keys import ListenKeys
from xq.sim.wire.streams.names import Kind, Stream, is_served, parse
from xq.sim.wire.streams.session import Session
from xq.sim.wire.streams.topics import Producer, Topic, producer_of
from xq.sim.wire.streams.users import Recipient, Users
from xq.timeframe import DAY_MS, HOUR_MS

PATIENCE_SECONDS = 10.0  # how long replayed time waits for one subscriber

_LOOKS = frozenset({Kind.DEPTH, Kind.PARTIAL_DEPTH, Kind.BOOK_TICKER, Kind.TICKER})
_SPARSE = frozenset({Kind.BAR, Kind.FORCE_ORDER})
_IN_FLIGHT = 5000  # messages between two waits for everybody, where nobody is to be cut off


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
        self._topics: dict[tuple[Face, str], Topic] = {}
        self.sessions: dict[Session, None] = {}
        self._recipients: dict[tuple[Session, str], Recipient] = {}
        self._aside: dict[Topic, asyncio.Task[None]] = {}

    @property
    def looks(self) -> bool:
        """Whether somebody watches what is looked at again and again rather than recorded."""
        return any(topic.stream.kind in _LOOKS for topic in self._topics.values())

    @property
    def longest_ms(self) -> int:
        """How much time may be told at once: a day of bars, an hour of anything else."""
        bars = all(topic.stream.kind in _SPARSE for topic in self._topics.values())
        return DAY_MS if bars else HOUR_MS

    @property
    def since_ms(self) -> int:
        """From here on somebody has not been told everything."""
        behind = (topic.since_ms for topic in self._topics.values() if not topic.is_wide)
        return min(behind, default=self.venue.now_ms)

    def join(self, session: Session) -> None:
        """A connection is there."""
        self.sessions[session] = None

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
            self._topics[key] = Topic(stream, make(), self.venue.now_ms)
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
                aside = self._aside.pop(topic, None)
                if aside is not None:
                    aside.cancel()
                del self._topics[session.face, name]
        self.note()

    async def publish(self, until_ms: int, *, patient: bool = False) -> int:
        """Tell everybody what happened up to a time; how many messages that were.

        A patient one returns once everybody has taken everything; who does not is cut off.
        """
        told: list[tuple[int, Topic, bytes]] = []
        for topic in list(self._topics.values()):
            if topic.is_wide and not patient:
                self._tell_aside(topic, until_ms)
            else:
                told += await topic.events(until_ms)
        told.sort(key=itemgetter(0))
        for number, (_, topic, frame) in enumerate(told, start=1):
            topic.tell(frame)
            if patient and number % _IN_FLIGHT == 0:
                await self._drained()
        if patient:
            await self._drained()
        return len(told)

    def _tell_aside(self, topic: Topic, until_ms: int) -> None:
        """Let a stream of all markets take its time, while the others go on."""
        before = self._aside.get(topic)
        if before is not None:
            if not before.done():
                return
            before.result()  # a bug there is a bug here

        async def tell() -> None:
            for _, _, frame in await topic.events(until_ms):
                topic.tell(frame)

        self._aside[topic] = asyncio.get_running_loop().create_task(tell())

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
        for task in list(self._aside.values()):
            task.cancel()

    def note(self) -> None:
        """Whether anybody listens has changed, perhaps."""
        if self._topics or self.users:
            self.busy.set()
        else:
            self.busy.clear()

    async def _drained(self) -> None:
        """Return once everybody has taken everything; who does not in time is cut off."""
        for session in list(self.sessions):
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await session.outbox.drained()
            except TimeoutError:
                session.outbox.abandon()

    def _topic(self, stream: Stream) -> Topic | None:
        key = stream.face, stream.name
        if key not in self._topics:
            producer = producer_of(stream, self.venue, self.books)
            if producer is None:
                return None
            self._topics[key] = Topic(stream, producer, self.venue.now_ms)
            self.fresh = True
        return self._topics[key]

    def _hear_account(self, session: Session, name: str) -> bool:
        """Listen to an account, if the name is its listen key, perhaps with one kind of event."""
        text, _, wanted = name.partition("@")
        key = self.keys.find(text, session.face)
        if key is None:
            return False
        recipient = Recipient(
            key.owner,
            key.face,
            partial(session.tell, text),
            frozenset({wanted} if wanted else ()),
        )
        old = self._recipients.pop((session, name), None)
        if old is not None:
            self.users.remove(old)
        self._recipients[session, name] = recipient
        self.users.add(recipient)
        session.outbox.owners.add(key.owner)
        return True

    def _announce(self, symbol: str, frame: bytes) -> None:
        """Tell of a liquidation."""
        for name in (f"{symbol.lower()}@forceOrder", "!forceOrder@arr"):
            topic = self._topics.get((Face.FUTURES, name))
            if topic is not None:
                for session in topic.sessions:
                    session.tell(name, frame)
