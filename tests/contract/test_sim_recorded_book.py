"""Recorded order books rebuilt through the venue: REST snapshot, WebSocket changes, best quotes."""

import asyncio
import gzip
import json
from contextlib import contextmanager
from decimal import Decimal
from types import SimpleNamespace

import pytest
from support.sim_streams import fetch, listening, play

from xq.api.workspace import open_workspace
from xq.clock import ManualClock, SystemClock
from xq.lake.reader import Lake
from xq.lake.rebuild import Diff, OrderBook, Snapshot
from xq.sim.accounts import MAIN
from xq.sim.instruments import Face
from xq.sim.market_recorded import booked
from xq.sim.pace import Pace
from xq.sim.records import NewOrder
from xq.sim.wire.opening import open_venue
from xq.sim.wire.server import VenueServer
from xq.sim.wire.streams.names import parse
from xq.sim.wire.streams.recorded import RecordedChanges
from xq.types import OrderType, Side

SIZE = Decimal("0.01")

RECORDINGS = {
    "contract": ("binance_um_BTCUSDT_20240808T2354.raw.gz", Face.FUTURES, (6_547, 5_018, 4_578)),
    "spot": ("binance_spot_BTCUSDT_20240808T2354.raw.gz", Face.SPOT, (3_449, 1_209, 2_196)),
}
QUOTES = {"contract": (66_089, 629), "spot": (28_040, 564)}


@pytest.fixture(scope="module", params=list(RECORDINGS))
def recorded(request, market_data, tmp_path_factory):
    from xq.api.data_import import Wanted, import_paths

    folder = tmp_path_factory.mktemp("recorded")
    name, face, numbers = RECORDINGS[request.param]
    path = market_data / "book" / name
    ws = open_workspace(cwd=folder, environ={})
    assert [outcome.failure for outcome in import_paths(ws, [path], Wanted("binance"))] == [
        None
    ] * 2
    return SimpleNamespace(
        lake=ws.lake, path=path, face=face, numbers=numbers, quotes=QUOTES[request.param]
    )


@contextmanager
def served(recorded, folder, speed="max", start_ms=None):
    source = booked(Lake(recorded.lake), None)
    venue = open_venue(folder, SystemClock(), 7, start_ms, source=source, pace=Pace.parse(speed))
    server = VenueServer(venue)
    server.start()
    try:
        yield server
    finally:
        server.close()
        venue.ledger.close()


def paths(face):
    return ("/public/ws", "/fapi") if face is Face.FUTURES else ("/stream-spot/ws", "/api")


def decimals(levels):
    return tuple((Decimal(price), Decimal(size)) for price, size in levels)


def change(message):
    return Diff(
        message["U"], message["u"], decimals(message["b"]), decimals(message["a"]),
        message.get("pu"), message["E"],
    )  # fmt: skip


def best_quotes(path):
    """Best bid and ask of every recorded quote, by update id."""
    found = {}
    with gzip.open(path, "rt") as lines:
        for line in lines:
            message = json.loads(line.split(" ", 1)[1])
            if "bookTicker" in message.get("stream", ""):
                data = message["data"]
                found[data["u"]] = tuple(Decimal(data[name]) for name in "bBaA")
    return found


def test_the_book_rebuilt_through_the_venue_has_the_stated_numbers(recorded, tmp_path):
    applied, bids, asks = recorded.numbers
    path, rest = paths(recorded.face)
    version = "/v1" if recorded.face is Face.FUTURES else "/v3"
    quotes = best_quotes(recorded.path)

    async def story(url):
        async with listening(url, path) as client:
            levels = 5_000 if recorded.face is Face.SPOT else 1_000
            snapshot = await fetch(url, f"{rest}{version}/depth", symbol="BTCUSDT", limit=levels)
            await client.ask("SUBSCRIBE", ["btcusdt@depth@100ms"])
            book = OrderBook(
                Snapshot(
                    snapshot["lastUpdateId"],
                    decimals(snapshot["bids"]),
                    decimals(snapshot["asks"]),
                )
            )
            count = compared = 0
            while count < applied:
                if book.apply(change(await client.receive())):
                    count += 1
                    quote = quotes.get(book.last_id)
                    if quote is not None:
                        assert (*book.best_bid, *book.best_ask) == quote
                        compared += 1
            return book, compared

    with served(recorded, tmp_path) as server:
        book, compared = asyncio.run(asyncio.wait_for(story(server.url), 300))
    assert (len(book.bids), len(book.asks)) == (bids, asks)
    assert (len(quotes), compared) == recorded.quotes


def test_what_a_client_rests_is_told_with_a_recorded_change_that_follows(recorded, tmp_path):
    path, rest = paths(recorded.face)
    version = "/v1" if recorded.face is Face.FUTURES else "/v3"

    async def story(server):
        url, venue = server.url, server.venue
        async with listening(url, path) as client:
            await client.ask("SUBSCRIBE", ["btcusdt@depth@100ms"])
            first = await client.receive()
            snapshot = await fetch(url, f"{rest}{version}/depth", symbol="BTCUSDT", limit=1_000)
            book = OrderBook(
                Snapshot(
                    snapshot["lastUpdateId"],
                    decimals(snapshot["bids"]),
                    decimals(snapshot["asks"]),
                )
            )
            assert first["u"] <= snapshot["lastUpdateId"]
            price = (book.best_bid[0] * Decimal("0.98")).quantize(Decimal(1))
            while price in book.bids:
                price -= 1
            request = NewOrder("BTCUSDT", Side.BUY, OrderType.LIMIT, quantity=SIZE, price=price)
            server._loop.call_soon_threadsafe(venue.place, MAIN, recorded.face, request)
            while price not in book.bids:
                book.apply(change(await client.receive()))
            assert book.bids[price] == SIZE
            server._loop.call_soon_threadsafe(venue.cancel_all, MAIN, recorded.face, "BTCUSDT")
            while price in book.bids:
                book.apply(change(await client.receive()))

    with served(recorded, tmp_path, speed="1") as server:
        play(story(server))


def test_what_a_client_does_is_told_after_every_snapshot_that_lacks_it(recorded, tmp_path):
    """Whoever took a snapshot just before drops changes that it holds: none of them may tell it."""
    source = booked(Lake(recorded.lake), None)
    venue = open_venue(tmp_path, ManualClock(0), 7, source=source, pace=Pace.parse("max"))
    begun = venue.now_ms
    feed = venue.feeds[recorded.face]
    stream = RecordedChanges(parse(recorded.face, "btcusdt@depth@100ms"), venue, feed)
    venue.seek(begun + 5_000)
    snapshot_id = feed.update_id("BTCUSDT", venue.now_ms)
    best = feed.book("BTCUSDT", venue.now_ms, 1)[0][0][0]
    price = (best * Decimal("0.98")).quantize(Decimal(1)) + Decimal("0.7")
    request = NewOrder("BTCUSDT", Side.BUY, OrderType.LIMIT, quantity=SIZE, price=price)
    venue.place(MAIN, recorded.face, request)
    told = [json.loads(frame) for _, frame in stream.events(begun, venue.now_ms)]
    assert told[-1]["u"] == snapshot_id
    assert all(Decimal(level[0]) != price for message in told for level in message["b"])
    venue.seek(begun + 6_000)
    later = [json.loads(frame) for _, frame in stream.events(begun + 5_000, venue.now_ms)]
    sizes = [dict(decimals(message["b"])).get(price) for message in later]
    recorded_size = feed.levels("BTCUSDT", venue.now_ms)[0].get(price, 0)
    assert sizes[-1] == recorded_size + SIZE
    venue.ledger.close()


def test_the_mark_range_holds_the_middle_of_the_book_at_every_second(recorded):
    feed = booked(Lake(recorded.lake), None)(None).feeds[recorded.face]
    start = feed.instrument("BTCUSDT").listed_ms
    low, high = feed.mark_range("BTCUSDT", start, start + 60_000)
    told = [
        feed.mark_price("BTCUSDT", ts)
        for ts in range(start // 1000 * 1000 + 1000, start + 60_001, 1000)
    ]
    assert (low, high) == (min(told), max(told))
    assert low < high


def test_the_book_is_the_same_whatever_was_asked_before(recorded):
    feed = booked(Lake(recorded.lake), None)(None).feeds[recorded.face]
    other = booked(Lake(recorded.lake), None)(None).feeds[recorded.face]
    start = feed.instrument("BTCUSDT").listed_ms
    moments = [start + step * 7_919 for step in range(0, 40, 8)]
    forth = {now: feed.book("BTCUSDT", now, 20) for now in moments}
    back = {now: other.book("BTCUSDT", now, 20) for now in reversed(moments)}
    assert forth == back
    assert feed.last_price("BTCUSDT", moments[-1]) == other.last_price("BTCUSDT", moments[-1])
