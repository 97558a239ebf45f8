"""What clients say to Bybit's streams: subscribe, unsubscribe, ping, auth."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from xq.errors import XqError
from xq.ports import Clock
from xq.sim.refusal import Refusal
from xq.sim.wire.bybit.answers import Fault
from xq.sim.wire.bybit.asks import FACE
from xq.sim.wire.bybit.auth import check_words
from xq.sim.wire.bybit.looks import Book, Ticker
from xq.sim.wire.bybit.tapes import Bars, Liquidations, Prints
from xq.sim.wire.bybit.tellers import TOPICS, Tellers, frame
from xq.sim.wire.bybit.topics import parse
from xq.sim.wire.streams.hub import Hub
from xq.sim.wire.streams.names import Kind, Stream
from xq.sim.wire.streams.session import Session
from xq.sim.wire.streams.topics import Silence

_PRIVATE = {f"{name}{ending}": name for name in TOPICS for ending in ("", ".linear")}
_PRIVATE.pop("wallet.linear")
_OPS = ("subscribe", "unsubscribe", "ping", "auth")

Maker = Bars | Book | Liquidations | Prints | Ticker


@dataclass(frozen=True, slots=True)
class Heard:
    """One message from a client."""

    op: str
    args: list[Any]
    req_id: str

    @classmethod
    def read(cls, text: str | bytes) -> "Heard":
        """Read a message; a `Fault` if it is none."""
        try:
            found = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise Fault(10001, "error:the message is not JSON") from None
        if not isinstance(found, dict):
            raise Fault(10001, "error:the message is not a JSON object")
        args, number = found.get("args", []), found.get("req_id", "")
        if not isinstance(args, list):
            raise Fault(10001, "error:args must be a list")
        return cls(str(found.get("op", "")), args, str(number))


class Talk:
    """One connection to ``/v5/public/…`` or ``/v5/private``.

    Parameters
    ----------
    tellers
        None on a public connection.
    linear
        Whether its category has markets here.
    """

    def __init__(
        self,
        hub: Hub,
        session: Session,
        name: str,
        wall: Clock,
        *,
        tellers: Tellers | None = None,
        linear: bool = True,
    ) -> None:
        self._hub = hub
        self._session = session
        self._name = name
        self._wall = wall
        self._tellers = tellers
        self._linear = linear
        self._owner = ""
        hub.join(session)

    def close(self) -> None:
        """The connection ended."""
        if self._tellers is not None:
            self._tellers.remove(self)
        self._hub.leave(self._session)

    def answer(self, text: str | bytes) -> bytes:
        """Do what a message asks and say so, or say what was wrong with it."""
        heard = Heard("", [], "")
        try:
            heard = Heard.read(text)
            return self._obey(heard)
        except Fault as problem:
            return self._said(heard, problem.text)

    def _said(self, heard: Heard, problem: str = "") -> bytes:
        said = {"success": not problem, "ret_msg": problem, "conn_id": self._name}
        known = {"req_id": heard.req_id} if heard.req_id else {}
        return orjson.dumps(said | known | {"op": heard.op})

    def _obey(self, heard: Heard) -> bytes:
        if heard.op not in _OPS:
            raise Fault(10404, f"error:unknown op {heard.op}")
        if heard.op == "ping":
            return self._pong(heard)
        if heard.op == "auth":
            self._auth(heard)
            return self._said(heard)
        if not heard.args or not all(isinstance(topic, str) for topic in heard.args):
            raise Fault(10001, "error:args must name topics")
        if heard.op == "unsubscribe":
            self._hub.unsubscribe(self._session, list(heard.args))
            return self._said(heard)
        return self._subscribe(heard)

    def _pong(self, heard: Heard) -> bytes:
        known = {"req_id": heard.req_id} if heard.req_id else {}
        about = {"conn_id": self._name}
        if self._tellers is None:
            return orjson.dumps(
                {"success": True, "ret_msg": "pong", **about, **known, "op": "ping"}
            )
        return orjson.dumps({**known, "op": "pong", "args": [str(self._wall.now_ms())], **about})

    def _auth(self, heard: Heard) -> None:
        if self._tellers is None:
            raise Fault(10001, "error:this connection needs no auth")
        login = check_words(heard.args, self._hub.venue.logins, self._wall.now_ms())
        self._owner = login.name
        self._session.outbox.owners.add(login.name)
        self._tellers.add(self, login.name, self._tell)

    def _tell(self, topic: str, told: dict[str, Any]) -> None:
        """An event of the account, under every name it was subscribed by."""
        for name in list(self._session.names):
            if _PRIVATE.get(name) == topic:
                shown = told | {"topic": name}
                self._session.tell(name, frame(shown))

    def _subscribe(self, heard: Heard) -> bytes:
        """The answer goes out first, then what every new topic begins with."""
        firsts: list[tuple[str, bytes]] = []
        for stream, make in [self._maker(topic) for topic in heard.args]:
            if stream.name not in self._session.names:
                producer = self._hub.follow(self._session, stream, make)
                if isinstance(producer, Maker):
                    firsts.append((stream.name, producer.first()))
        self._session.outbox.put(self._said(heard))
        for name, first in firsts:
            if first:
                self._session.tell(name, first)
        return b""

    def _maker(self, topic: str) -> tuple[Stream, Callable[[], Any]]:
        if self._tellers is not None:
            if not self._owner:
                raise Fault(10004, "Request not authorized")
            if topic in _PRIVATE:
                return Stream(topic, FACE, Kind.FORCE_ORDER), Silence
            raise Fault(10001, f"error:handler not found,topic:{topic}")
        stream = parse(self._hub.venue, topic) if self._linear else None
        if stream is None:
            raise Fault(10001, f"error:handler not found,topic:{topic}")
        return stream, lambda: self._made(stream)

    def _made(self, stream: Stream) -> Maker:
        venue = self._hub.venue
        if stream.timeframe is not None:
            return Bars(stream, venue, stream.timeframe)
        makers: dict[Kind, Callable[..., Maker]] = {
            Kind.DEPTH: Book,
            Kind.TRADE: Prints,
            Kind.TICKER: Ticker,
            Kind.FORCE_ORDER: Liquidations,
        }
        try:
            return makers[stream.kind](stream, venue)
        except (Refusal, XqError) as failure:
            raise Fault(10016, f"error:{failure}") from failure
