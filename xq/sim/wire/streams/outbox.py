"""What waits to be sent on one connection: in order, bounded, written by one task."""

import asyncio
import types
from collections import deque
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass

MOST_BYTES = 8 * 1024 * 1024  # waiting for one subscriber; more than that and it is let go

_AT_ONCE = 32  # frames between two chances for others to run


@dataclass(frozen=True, slots=True)
class Line:
    """How one connection is written to and ended.

    Attributes
    ----------
    path
        Where the client came in.
    send
        Writes one frame; waits while the operating system takes no more.
    abort
        Breaks the connection.
    close
        Ends it with a close frame of a code.
    """

    path: str
    send: Callable[[bytes], Awaitable[None]]
    abort: Callable[[], None]
    close: Callable[[int], Awaitable[object]]


class Outbox:
    """Frames for one connection.

    Whoever reads too slowly is cut off rather than kept in memory: when more than ``most_bytes``
    wait, the connection is aborted, without a close frame, which could not get through either.

    Parameters
    ----------
    line
        The connection.

    Attributes
    ----------
    is_lost
        Cut off, or closed.
    is_mute
        Says nothing more, not even a ping or a pong, without ending.
    owners
        Accounts that this connection hears.
    """

    def __init__(self, line: Line, most_bytes: int = MOST_BYTES) -> None:
        self.line = line
        self._most_bytes = most_bytes
        self._frames: deque[bytes] = deque()
        self._waiting = 0
        self._filled = asyncio.Event()
        self._emptied = asyncio.Event()
        self._emptied.set()
        self.is_lost = self.is_mute = False
        self.owners: set[str] = set()

    def put(self, frame: bytes) -> None:
        """Queue a frame; one too many ends the connection."""
        if self.is_lost:
            return
        self._waiting += len(frame)
        if self._waiting > self._most_bytes:
            self.abandon()
            return
        if not self._frames:
            self._emptied.clear()
            self._filled.set()
        self._frames.append(frame)

    def abandon(self) -> None:
        """Drop everything and break the connection."""
        self.lose()
        self.line.abort()

    def lose(self) -> None:
        """Drop everything: nobody reads any more."""
        self.is_lost = True
        self._frames.clear()
        self._filled.set()
        self._emptied.set()

    async def drained(self) -> None:
        """Return once everything queued so far went to the operating system, or is lost."""
        await self._emptied.wait()

    async def run(self) -> None:
        """Write until the connection ends."""
        try:
            while not self.is_lost:
                await self._filled.wait()
                await self._empty()
        except ConnectionError:
            pass  # the reader of the connection notices too, and ends it
        finally:
            self.lose()

    async def _empty(self) -> None:
        sent = 0
        while self._frames:
            frame = self._frames.popleft()
            self._waiting -= len(frame)
            await self.line.send(frame)
            sent += 1
            if sent % _AT_ONCE == 0:
                await breathe()
        self._filled.clear()
        self._emptied.set()


@types.coroutine
def breathe() -> Generator[None, None, None]:
    """Let everything else that is ready run once."""
    yield
