"""Reads and orders have lanes of their own: what waits in one holds up nothing in the other."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.faulty_venue import FaultyVenue, faulty_venue
from support.trading_faces import FACES, Face, Orders, trading

from xq.errors import VenueError
from xq.types import OutcomeKind
from xq.venues.ccxt_trading import CcxtTrading

_LISTS = {"futures": "/fapi/v1/openOrders", "spot": "/api/v3/openOrders",
          "bybit": "/v5/order/realtime"}  # fmt: skip
_HOUR = 3_600.0


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


def test_a_cancel_waits_for_no_read_and_no_allowance(
    served: FaultyVenue, venue: CcxtTrading, face: Face
) -> None:
    orders = Orders(face.symbol, venue.marks(face.symbol).mark)
    assert venue.place(orders.limit("xq-1")).kind is OutcomeKind.ACCEPTED
    served.strike(do="hang", path=_LISTS[face.name])
    [entry] = served.bench.roster.entries
    ended = threading.Event()

    def read() -> None:
        try:
            venue.open_orders(face.symbol)
        except VenueError:
            pass
        finally:
            ended.set()

    reader = threading.Thread(target=read)
    reader.start()
    while not entry.struck:
        assert not ended.wait(0.01)
    pace = venue._faces[face.symbol.is_contract].pace
    assert pace is not None
    pace.pause(_HOUR)  # as after "too many requests": no read starts for an hour
    assert venue.cancel(face.symbol, "xq-1").kind is OutcomeKind.ACCEPTED
    assert not ended.is_set()
    served.bench.close()  # which lets the hung request go
    reader.join()


def test_a_ban_stops_orders_too(served: FaultyVenue, venue: CcxtTrading, face: Face) -> None:
    """Every request before its end makes a ban longer; the venue is not asked at all."""
    orders = Orders(face.symbol, venue.marks(face.symbol).mark)
    served.strike(do="ban", seconds=_HOUR, method="POST")
    [entry] = served.bench.roster.entries
    assert venue.place(orders.limit("xq-1")).kind in (OutcomeKind.REJECTED, OutcomeKind.UNKNOWN)
    assert entry.seen == 1
    for outcome in (venue.place(orders.limit("xq-2")), venue.cancel(face.symbol, "xq-1")):
        assert outcome.kind is OutcomeKind.NOT_SENT
        assert "banned" in outcome.reason
    assert entry.seen == 1


def test_ccxt_itself_repeats_nothing(venue: CcxtTrading, face: Face) -> None:
    venue.marks(face.symbol)
    contract = face.symbol.is_contract
    for clients in (venue._faces[contract], venue._door.clients(face.symbol)):
        client, _ = clients.pair()
        assert client.options["maxRetriesOnFailure"] == 0
        assert client.enableRateLimit is False
    reads, orders = venue._faces[contract].pair(), venue._door.clients(face.symbol).pair()
    assert reads[0] is not orders[0]
    assert reads[1] is not orders[1]
