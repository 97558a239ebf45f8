"""An account heard as it changes: a thread with a connection of its own that gives typed events.

A stream may lose, double and reorder what it tells, and may fall silent without a word. So it is
for speed only: what is true is asked for by REST. Two things are promised: every time the stream
was away an event says so, and no fill is told twice.
"""

import asyncio
import queue
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xq.errors import VenueError, VenueUnclear
from xq.ports import Clock
from xq.redact import clean
from xq.types import Fill
from xq.venue_types import FillUpdate, StreamLost, StreamOpened, UserEvent
from xq.venues.aside import Aside
from xq.venues.clients import Clients
from xq.venues.speech import Entrance, Speech, parsed
from xq.venues.told import Told, name_of

if TYPE_CHECKING:
    from aiohttp import ClientSession, ClientWebSocketResponse


@dataclass(frozen=True, slots=True)
class Manners:
    """How long to wait for what, in seconds.

    Attributes
    ----------
    heartbeat
        Between WebSocket pings; a missing answer ends the connection.
    ping
        Between the venue's own pings, where it has some.
    greeting
        Until the venue has answered what is said on entering.
    first_wait, longest_wait
        Before connecting again; doubled each time.
    grace
        How long after REST told of a change the stream may still tell of it.
    """

    heartbeat: float = 15.0
    ping: float = 20.0
    greeting: float = 10.0
    first_wait: float = 0.2
    longest_wait: float = 30.0
    grace: float = 5.0


class UserStream:
    """What happens to one account; iterate, or `get` with a limit. Close it when done.

    Parameters
    ----------
    clients
        Of the account's face, for this stream alone: its requests hold up nobody's orders.
    missed
        Asked for fills since a time after every gap; raises `VenueError`.
    allowed
        Whether an address may be connected to.
    """

    def __init__(
        self,
        speech: Speech,
        clients: Clients,
        clock: Clock,
        missed: Callable[[int], Sequence[Fill]],
        allowed: Callable[[str], bool],
        manners: Manners | None = None,
    ) -> None:
        self._speech = speech
        self._clients = clients
        self._clock = clock
        self._missed = missed
        self._allowed = allowed
        self._manners = manners or Manners()
        self._events: queue.SimpleQueue[UserEvent | None] = queue.SimpleQueue()
        self._told = Told()
        self._since_ms = 0
        self._gap_ms: int | None = None
        self._doubted: dict[tuple[str, str], float] = {}
        self._reason = ""
        self._opened = 0
        self._ended = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._life: asyncio.Task[None] | None = None
        self._rest = Aside("xq-stream-rest")
        self._thread = threading.Thread(target=self._run, name="xq-stream", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[UserEvent]:
        while (event := self._events.get()) is not None:
            yield event

    def get(self, seconds: float) -> UserEvent | None:
        """The next event; None if there is none for so long."""
        with suppress(queue.Empty):
            return self._events.get(timeout=seconds)
        return None

    def witness(self, fills: Sequence[Fill]) -> None:
        """What REST tells: a stream that does not tell the same fills is as good as silent.

        Call it with every reconciliation, of one symbol or several. If fills since the stream was
        opened are still missing after the grace, it is given up and opened anew.
        """
        now, missing = self._clock.monotonic(), self._doubted
        self._doubted = {name: until for name, until in missing.items() if name not in self._told}
        if any(now >= until for until in self._doubted.values()):
            self._doubted = {}
            self.restart("REST told of fills that the stream did not")
            return
        for fill in fills:
            if fill.ts >= self._since_ms and name_of(fill) not in self._told:
                self._doubted.setdefault(name_of(fill), now + self._manners.grace)

    def restart(self, reason: str) -> None:
        """End the connection and open another one."""
        self._reason = reason
        self._soon(lambda: self._wake.set())

    def close(self) -> None:
        """End it, whatever it waits for; who iterates comes to the end."""
        self._ended.set()
        self._soon(lambda: self._life and self._life.cancel())
        self._thread.join()
        self._rest.close()
        self._events.put(None)

    def _soon(self, act: Callable[[], object]) -> None:
        """Let the stream's thread do something, if there is still one."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(act)

    def _run(self) -> None:
        with suppress(asyncio.CancelledError):
            asyncio.run(self._live())

    async def _live(self) -> None:
        from aiohttp import ClientSession, TCPConnector

        self._wake, self._life = asyncio.Event(), asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        wait = self._manners.first_wait
        outlives = sys.version_info < (3, 12, 7)  # there TLS goes on closing after this loop
        connector = TCPConnector(enable_cleanup_closed=outlives)
        async with ClientSession(connector=connector) as session:
            while not self._ended.is_set():
                before = self._opened
                reason = await self._until_over(session)
                if self._ended.is_set():
                    break
                self._tell(StreamLost(reason, self._clock.now_ms()))
                wait = self._manners.first_wait if self._opened > before else wait * 2
                await self._passed(min(wait, self._manners.longest_wait))

    async def _passed(self, seconds: float) -> bool:
        """Let time pass; False if it was cut short."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), seconds)
        return not self._wake.is_set()

    async def _until_over(self, session: "ClientSession") -> str:
        """Connect, listen until it ends, and say why it did."""
        from aiohttp import ClientError, ClientWSTimeout

        self._wake.clear()
        if self._ended.is_set():
            return ""
        try:
            entrance = await self._ask("the account's stream", self._enter)
            if not self._allowed(entrance.url):
                raise VenueUnclear("the account's stream leads to a host that is not the venue's")
            proxy, trusted = self._clients.source().session.route(entrance.url)
            async with session.ws_connect(
                entrance.url,
                heartbeat=self._manners.heartbeat,
                timeout=ClientWSTimeout(ws_close=1.0),
                max_msg_size=0,
                proxy=proxy,
                ssl=trusted,
            ) as socket:
                return await self._listen(socket, entrance)
        except VenueError as error:
            return error.message
        except (ClientError, OSError, TimeoutError) as error:
            return clean(str(error)) or type(error).__name__

    def _enter(self, client: Any) -> Entrance:
        return self._speech.enter(client, self._clock)

    async def _ask(self, what: str, ask: Callable[[Any], Any]) -> Any:
        return await self._rest.ask(lambda: self._clients.read(what, ask))

    async def _listen(self, socket: "ClientWebSocketResponse", entrance: Entrance) -> str:
        await asyncio.wait_for(self._greet(socket, entrance.hello), self._manners.greeting)
        await self._welcome()
        works = (self._wake.wait(), self._hear(socket), self._ping(socket), self._renew())
        chores: list[asyncio.Task[Any]] = [asyncio.create_task(work) for work in works]
        try:
            done, _ = await asyncio.wait(chores, return_when=asyncio.FIRST_COMPLETED)
            reasons = [task.result() for task in done]
            return next((word for word in reasons if isinstance(word, str)), self._reason)
        finally:
            for task in chores:
                task.cancel()
            await asyncio.gather(*chores, return_exceptions=True)

    async def _greet(self, socket: "ClientWebSocketResponse", hello: Sequence[str]) -> None:
        for words in hello:
            await socket.send_str(words)
            while True:
                heard = self._speech.read(parsed(await socket.receive_str()), self._symbol_of)
                self._tell(*heard.events)
                if heard.greeted is False:
                    raise VenueUnclear("the account's stream does not let this key in")
                if heard.greeted:
                    break

    async def _welcome(self) -> None:
        """Say that the stream is there, then what was missed while it was not."""
        if self._opened and self._gap_ms is None:
            self._gap_ms = self._since_ms  # what was told since may have had holes
        now = await self._ask("time", lambda client: int(client.fetch_time()))
        self._opened += 1
        self._since_ms = now
        self._tell(StreamOpened(self._opened, now))
        if self._gap_ms is not None:
            since = self._gap_ms
            fills = await self._rest.ask(lambda: self._missed(since))
            self._tell(*(FillUpdate(fill, "", fill.ts) for fill in fills))
            self._gap_ms = None

    async def _hear(self, socket: "ClientWebSocketResponse") -> str:
        from aiohttp import WSMsgType

        while True:
            message = await socket.receive()
            if message.type is not WSMsgType.TEXT:
                return f"the connection ended ({socket.close_code})"
            try:
                heard = self._speech.read(parsed(message.data), self._symbol_of)
            except (KeyError, TypeError, ValueError) as error:
                raise VenueUnclear(f"the account's stream said something odd: {error!r}") from error
            self._tell(*heard.events)
            if heard.over:
                return heard.over

    async def _ping(self, socket: "ClientWebSocketResponse") -> str:
        if not self._speech.ping:
            return await self._forever()
        while await self._passed(self._manners.ping):
            await socket.send_str(self._speech.ping)
        return self._reason

    async def _renew(self) -> str:
        if not self._speech.renew_seconds:
            return await self._forever()
        while await self._passed(self._speech.renew_seconds):
            await self._ask("the stream's key", self._speech.renew)
        return self._reason

    async def _forever(self) -> str:
        await asyncio.Event().wait()
        return ""

    def _symbol_of(self, name: str) -> Any:
        from xq.types import Symbol

        kind = "swap" if self._clients.contract else "spot"
        return Symbol.parse(self._clients.source().safe_market(name, None, None, kind)["symbol"])

    def _tell(self, *events: UserEvent) -> None:
        for event in events:
            if isinstance(event, FillUpdate) and not self._told.is_new(event.fill):
                continue
            self._events.put(event)
