"""The service's ear: what an account's stream tells wakes it, what REST tells judges the stream."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

from xq.errors import VenueUnreachable, XqError
from xq.ports import UserEvents
from xq.types import Fill, OrderStatus
from xq.venue_types import OrderUpdate, StreamLost, StreamOpened, UserEvent

_FIRST_WAIT, _LONGEST_WAIT = 1.0, 30.0  # seconds before opening it again
_BREATH = 60.0  # seconds; the end of a stream ends the wait for its next event
_JOIN_SECONDS = 1.0

Opened = Callable[[], AbstractContextManager[UserEvents]]


def is_news(event: UserEvent) -> bool:
    """Whether a look should not wait: all but orders that only begin to rest, and a lost stream.

    A stream that opens is news, too: what happened before is not told by it.
    """
    if isinstance(event, OrderUpdate):
        return event.order.status is not OrderStatus.NEW
    return not isinstance(event, StreamLost)


class Ear:
    """Hears one account on a thread of its own; a stream that cannot be had is tried for again.

    Parameters
    ----------
    opened
        Gives a stream, which is closed after use. May raise `XqError`.
    ring
        Called after news, once for all that came in the meantime; it may block.
    tell
        Given what a person should hear: that a stream which was there is lost.
    contracts
        Which of the account's faces is heard.
    """

    def __init__(
        self,
        opened: Opened,
        ring: Callable[[], None],
        tell: Callable[[XqError], None],
        *,
        contracts: bool,
    ) -> None:
        self._opened, self._ring, self._tell = opened, ring, tell
        self._contracts = contracts
        self._over = threading.Event()
        self._stream: UserEvents | None = None
        self._is_open = False
        self._thread = threading.Thread(target=self._live, name="xq-ear", daemon=True)

    def start(self) -> None:
        """Begin to hear; again is fine."""
        if self._thread.ident is None:
            self._thread.start()

    def witness(self, call: str, _seconds: float, failed: bool, answer: object) -> None:
        """Hear of a call to the venue: fills that it told must have been heard here, too."""
        stream = self._stream
        if stream is None or failed or call != "fills" or not isinstance(answer, tuple):
            return
        stream.witness([fill for fill in answer if self._is_ours(fill)])

    def close(self) -> None:
        """Hear no more."""
        self._over.set()
        if self._stream is not None:
            self._stream.close()
        if self._thread.ident is not None:
            self._thread.join(_JOIN_SECONDS)

    def _is_ours(self, fill: Fill) -> bool:
        return fill.symbol.is_contract is self._contracts

    def _live(self) -> None:
        wait = _FIRST_WAIT
        while not self._over.is_set():
            try:
                with self._opened() as stream:
                    wait = _FIRST_WAIT
                    self._hear(stream)
            except XqError:  # the looks ask the same venue, and tell
                wait = min(2 * wait, _LONGEST_WAIT)
            self._over.wait(wait)

    def _hear(self, stream: UserEvents) -> None:
        self._stream = stream
        while not self._over.is_set():
            event, news = stream.get(_BREATH), False
            while event is not None:
                self._note(event)
                news |= is_news(event)
                event = stream.get(0)
            if news and not self._over.is_set():
                self._ring()

    def _note(self, event: UserEvent) -> None:
        if isinstance(event, StreamLost) and self._is_open:
            text = f"the account's stream was lost ({event.reason}); until it is back"
            self._tell(VenueUnreachable(f"{text} only looks from time to time see what happens"))
        if isinstance(event, StreamOpened | StreamLost):
            self._is_open = isinstance(event, StreamOpened)
