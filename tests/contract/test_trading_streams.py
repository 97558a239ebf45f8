"""An account heard over the wire: typed events, and every way a stream of the venue goes wrong."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.faulty_venue import FaultyVenue, faulty_venue
from support.trading_faces import FACES, PATIENT, SIZE, Face, Orders, trading

from xq.types import OrderStatus, OutcomeKind, Side
from xq.venue_types import (
    AccountUpdate,
    FillUpdate,
    OrderUpdate,
    StreamLost,
    StreamOpened,
    UserEvent,
)
from xq.venues.ccxt_trading import CcxtTrading
from xq.venues.user_stream import Manners, UserStream

QUICK = Manners(heartbeat=PATIENT, first_wait=0.01, longest_wait=0.05, greeting=PATIENT, grace=0.0)
_FILL_EVENT = {"futures": "ORDER_TRADE_UPDATE", "spot": "executionReport", "bybit": "execution"}


@pytest.fixture(params=FACES)
def face(request: pytest.FixtureRequest) -> Face:
    return Face(request.param)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[FaultyVenue]:
    with faulty_venue(tmp_path) as made:
        yield made


@pytest.fixture
def venue(served: FaultyVenue, face: Face) -> Iterator[CcxtTrading]:
    with trading(served.url, face) as made:
        yield made


@pytest.fixture
def stream(venue: CcxtTrading, face: Face) -> Iterator[UserStream]:
    made = venue.user_events([face.symbol], QUICK)
    assert until(made, StreamOpened).number == 1
    yield made
    made.close()


@pytest.fixture
def orders(venue: CcxtTrading, face: Face) -> Orders:
    return Orders(face.symbol, venue.marks(face.symbol).mark)


def until(
    stream: UserStream, kind: type, fits: Callable[[UserEvent], bool] = lambda _: True
) -> UserEvent:
    """The next event of a kind."""
    while True:
        event = stream.get(PATIENT)
        assert event is not None, f"no {kind.__name__} came"
        if isinstance(event, kind) and fits(event):
            return event


def buy(venue: CcxtTrading, orders: Orders, name: str) -> None:
    outcome = venue.place(orders.market(name))
    assert outcome.kind is OutcomeKind.ACCEPTED, outcome


def test_orders_and_fills_are_those_of_rest(
    venue: CcxtTrading, stream: UserStream, orders: Orders, face: Face
) -> None:
    buy(venue, orders, "xq-1")
    fill = until(stream, FillUpdate)
    assert fill.client_id == "xq-1"
    assert [fill.fill] == list(venue.fills(face.symbol, 0))[:1]
    venue.place(orders.limit("xq-2"))
    heard = until(stream, OrderUpdate, lambda event: event.order.client_id == "xq-2").order
    listed = venue.order_by_client_id(face.symbol, "xq-2")
    assert (heard.venue_id, heard.type, heard.price, heard.quantity, heard.status) == (
        listed.venue_id,
        listed.type,
        listed.price,
        listed.quantity,
        OrderStatus.NEW,
    )
    venue.cancel(face.symbol, "xq-2")
    until(stream, OrderUpdate, lambda event: event.order.status is OrderStatus.CANCELED)
    buy(venue, orders, "xq-3")
    until(stream, AccountUpdate)


def test_conditional_orders_are_heard(
    venue: CcxtTrading, stream: UserStream, orders: Orders, face: Face
) -> None:
    buy(venue, orders, "xq-1")
    stop = orders.stop("xq-stop", reduce_only=face.symbol.is_contract)
    if face.name == "spot":
        stop = orders.profit("xq-stop") if not venue.place(orders.market("xq-more")) else stop
    venue.place(stop)
    heard = until(stream, OrderUpdate, lambda event: event.order.client_id == "xq-stop").order
    assert (heard.type, heard.side, heard.stop_price) == (stop.type, Side.SELL, stop.stop_price)


@pytest.mark.parametrize("fault", ["cut", "close", "drop", "duplicate", "swap"])
def test_no_fill_is_lost_or_told_twice(
    served: FaultyVenue,
    venue: CcxtTrading,
    stream: UserStream,
    orders: Orders,
    face: Face,
    fault: str,
) -> None:
    served.strike(do=fault, event=_FILL_EVENT[face.name], times=0 if fault == "drop" else 1)
    names = [f"xq-{number}" for number in range(3)]
    for name in names:
        served.clock.sleep(1)
        buy(venue, orders, name)
    truth = {fill.fill_id for fill in venue.fills(face.symbol, 0)}
    if fault == "drop":  # nothing of it was told: only REST shows that the stream is silent
        served.bench.roster.clear()
        stream.witness(venue.fills(face.symbol, 0))
        stream.witness([])  # another symbol's: what is missing of the first is not forgotten
    told: list[str] = []
    while set(told) != truth:
        told.append(until(stream, FillUpdate).fill.fill_id)
    assert len(told) == len(truth)
    if fault in ("cut", "close"):
        served.clock.sleep(1)
        buy(venue, orders, "xq-after")
        until(stream, FillUpdate)


def test_a_silent_connection_is_given_up(
    served: FaultyVenue, venue: CcxtTrading, orders: Orders, face: Face
) -> None:
    """Not even a pong comes: the heartbeat finds it, and REST tells what was missed."""
    stream = venue.user_events([face.symbol], replace(QUICK, heartbeat=2.0))
    until(stream, StreamOpened)
    served.strike(do="silence", event=_FILL_EVENT[face.name])
    buy(venue, orders, "xq-1")
    until(stream, StreamLost)
    assert until(stream, StreamOpened).number > 1
    assert until(stream, FillUpdate).fill.quantity <= SIZE
    stream.close()


def test_rest_shows_that_a_stream_is_silent(
    served: FaultyVenue, venue: CcxtTrading, stream: UserStream, orders: Orders, face: Face
) -> None:
    """The connection is well and tells nothing: changes that REST knows of give it away."""
    served.strike(do="drop", event="*", times=0)
    served.clock.sleep(5)
    buy(venue, orders, "xq-1")
    served.bench.roster.clear()
    for _ in range(2):
        stream.witness(venue.fills(face.symbol, 0))
    assert "REST" in until(stream, StreamLost).reason
    until(stream, FillUpdate)
    for _ in range(3):
        stream.witness(venue.fills(face.symbol, 0))
    buy(venue, orders, "xq-2")
    until(stream, OrderUpdate, lambda event: event.order.client_id == "xq-2")


def test_a_stream_ends_when_closed(venue: CcxtTrading, face: Face) -> None:
    made = venue.user_events([face.symbol], QUICK)
    until(made, StreamOpened)
    made.close()
    assert list(made) == []


def test_a_venue_that_is_away_is_tried_again(
    served: FaultyVenue, venue: CcxtTrading, face: Face
) -> None:
    path = {"futures": "/fapi/v1/listenKey", "spot": "/ws-api/v3", "bybit": "/v5/private"}
    venue.marks(face.symbol)
    served.strike(do="bad_gateway", path=path[face.name], times=3)
    made = venue.user_events([face.symbol], QUICK)
    lost = until(made, StreamLost)
    assert lost.reason
    assert until(made, StreamOpened).number == 1
    made.close()


@pytest.mark.parametrize("face", ["futures"], indirect=True)
def test_an_expired_listen_key_is_replaced(
    served: FaultyVenue, venue: CcxtTrading, stream: UserStream, orders: Orders
) -> None:
    served.bench.expire("main")
    assert "expired" in until(stream, StreamLost).reason
    assert until(stream, StreamOpened).number == 2
    buy(venue, orders, "xq-1")
    until(stream, OrderUpdate, lambda event: event.order.client_id == "xq-1")


@pytest.mark.parametrize("face", ["futures"], indirect=True)
def test_the_listen_key_is_kept_alive(
    served: FaultyVenue, venue: CcxtTrading, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Renewed in time; if that fails, the stream is opened anew with another key."""
    monkeypatch.setattr("xq.venues.binance_stream.FuturesSpeech.renew_seconds", 0.2)
    served.strike(do="internal_error", method="PUT", path="/fapi/v1/listenKey", at=3, times=9)
    [entry] = served.bench.roster.entries
    made = venue.user_events([Face("futures").symbol], QUICK)
    assert until(made, StreamOpened).number == 1
    assert until(made, StreamLost).reason
    assert entry.seen >= 3
    served.bench.roster.clear()
    assert until(made, StreamOpened).number == 2
    made.close()


@pytest.mark.parametrize("face", ["bybit"], indirect=True)
def test_the_venues_own_pings_are_answered(venue: CcxtTrading, orders: Orders) -> None:
    made = venue.user_events([orders.symbol], replace(QUICK, ping=0.25))
    until(made, StreamOpened)
    assert made.get(1.0) is None  # some pings later it is well, and nothing was told
    buy(venue, orders, "xq-1")
    until(made, FillUpdate)
    made.close()
