"""What a service hears of its account, and what it makes of it."""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal

import pytest
from support.toy_venue import PERPETUAL, SPOT

from xq.errors import VenueUnreachable, XqError
from xq.live import listening
from xq.live.listening import Ear, is_news
from xq.types import Fill, Order, OrderStatus, OrderType, Side, Symbol
from xq.venue_types import (
    AccountUpdate,
    FillUpdate,
    OrderUpdate,
    StreamLost,
    StreamOpened,
    UserEvent,
)

PATIENT = 120.0
D = Decimal


def fill(symbol: Symbol = PERPETUAL) -> Fill:
    return Fill(symbol, "1", "7", Side.BUY, D(40_000), D(1), D(0), "USDT", 1_000)


def changed(status: OrderStatus) -> OrderUpdate:
    order = Order(PERPETUAL, "7", "xq-1", Side.BUY, OrderType.LIMIT, D(1), status)
    return OrderUpdate(order, 1_000)


@pytest.mark.parametrize(
    ("event", "news"),
    [
        (FillUpdate(fill(), "xq-1", 1_000), True),
        (AccountUpdate("ACCOUNT_UPDATE", 1_000), True),
        (StreamOpened(1, 1_000), True),
        (StreamLost("gone", 1_000), False),
        *((changed(status), status is not OrderStatus.NEW) for status in OrderStatus),
    ],
)
def test_what_does_not_wait(event: UserEvent, news: bool) -> None:
    assert is_news(event) is news


class Scripted:
    """A stream whose events are put into it by the test."""

    def __init__(self) -> None:
        self.events: queue.SimpleQueue[UserEvent | None] = queue.SimpleQueue()
        self.witnessed: list[Fill] = []
        self.closed = threading.Event()

    def __iter__(self) -> Iterator[UserEvent]:
        return iter(())

    def get(self, seconds: float) -> UserEvent | None:
        try:
            return self.events.get(timeout=seconds)
        except queue.Empty:
            return None

    def witness(self, fills: Sequence[Fill]) -> None:
        self.witnessed += fills

    def close(self) -> None:
        self.closed.set()
        self.events.put(None)


class Desk:
    """An ear, the streams it is given, and what came of it."""

    def __init__(self, *answers: Scripted | XqError) -> None:
        self.answers = list(answers)
        self.rings: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.told: list[XqError] = []
        self.on_ring: Callable[[], None] = lambda: None
        self.ear = Ear(self.opened, self.ring, self.told.append, contracts=True)

    @contextmanager
    def opened(self) -> Iterator[Scripted]:
        answer = self.answers.pop(0)
        if isinstance(answer, XqError):
            raise answer
        yield answer

    def ring(self) -> None:
        self.on_ring()
        self.rings.put("rung")

    def heard(self) -> None:
        self.rings.get(timeout=PATIENT)


def test_what_came_during_a_look_rings_once_more() -> None:
    stream = Scripted()
    desk = Desk(stream)
    looking, looked = threading.Event(), threading.Event()

    def wait() -> None:
        looking.set()
        assert looked.wait(PATIENT)

    desk.on_ring = wait
    stream.events.put(FillUpdate(fill(), "xq-1", 1_000))
    desk.ear.start()
    desk.ear.start()
    assert looking.wait(PATIENT)
    for _ in range(5):
        stream.events.put(AccountUpdate("ACCOUNT_UPDATE", 1_000))
    looked.set()
    desk.heard()
    desk.heard()
    stream.events.put(changed(OrderStatus.NEW))
    desk.ear.close()
    assert stream.closed.is_set()
    assert desk.rings.empty()


def test_a_stream_that_cannot_be_had_is_tried_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "_FIRST_WAIT", 0.0)
    stream = Scripted()
    desk = Desk(VenueUnreachable("no"), VenueUnreachable("no"), stream)
    stream.events.put(StreamOpened(1, 1_000))
    desk.ear.start()
    desk.heard()
    desk.ear.close()
    assert desk.told == []


def test_a_lost_stream_is_told_once_until_it_is_back() -> None:
    stream = Scripted()
    desk = Desk(stream)
    for event in (
        StreamLost("never there", 0), StreamOpened(1, 1), StreamLost("cut", 2),
        StreamLost("no answer", 3), StreamOpened(2, 4),
    ):  # fmt: skip
        stream.events.put(event)
    desk.ear.start()
    desk.heard()
    desk.ear.close()
    assert [error.message for error in desk.told] == [
        "the account's stream was lost (cut); until it is back only looks from time to time see "
        "what happens"
    ]


def test_fills_that_rest_tells_are_held_against_the_stream() -> None:
    stream = Scripted()
    desk = Desk(stream)
    desk.ear.witness("fills", 0.1, False, (fill(),))  # nothing is heard yet
    stream.events.put(StreamOpened(1, 0))
    desk.ear.start()
    desk.heard()
    desk.ear.witness("fills", 0.1, False, (fill(), fill(SPOT)))
    desk.ear.witness("fills", 0.1, True, None)
    desk.ear.witness("account", 0.1, False, ())
    desk.ear.close()
    assert stream.witnessed == [fill()]
