"""Long answers: the same as in one piece, and everybody else is served between their slices."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from xq.clock import ManualClock
from xq.sim import tapes
from xq.sim.fair import Price
from xq.sim.instruments import Face
from xq.sim.market import SimMarket
from xq.sim.paper import PaperFeed
from xq.sim.venue import SimVenue
from xq.sim.wire.auth import Message
from xq.sim.wire.bybit.face import BybitFace
from xq.sim.wire.dispatch import answering, dispatch
from xq.sim.wire.faults.bench import Bench
from xq.sim.wire.opening import open_venue
from xq.sim.wire.server import HOST, VenueServer
from xq.sim.wire.slices import bars, in_turns, price_bars, whole
from xq.timeframe import DAY_MS, HOUR_MS, Timeframe

NOW_MS = 1_704_067_200_000 + 5 * HOUR_MS + 123_456


class Ticking(ManualClock):
    """A millisecond later at each look."""

    def now_ms(self) -> int:
        self.advance_to(super().now_ms() + 1)
        return super().now_ms()


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[SimVenue]:
    found = open_venue(tmp_path, Ticking(1_800_000_000_000), 7)
    yield found
    found.ledger.close()


def asked(path: str, query: str = "") -> Message:
    return Message("GET", path, query, "", None)


SPANS = {
    "newest": (None, None),
    "newest until": (None, NOW_MS - 20 * DAY_MS),
    "from": (NOW_MS - 45 * DAY_MS, None),
    "from until": (NOW_MS - 45 * DAY_MS, NOW_MS - 20 * DAY_MS),
    "before the first": (None, 0),
}


@pytest.mark.parametrize("span", SPANS.values(), ids=SPANS)
@pytest.mark.parametrize("name", ["30m", "8h", "1d", "1w", "1M"])
def test_bars_in_slices_are_those_of_one_piece(
    name: str, span: tuple[int | None, int | None]
) -> None:
    market, timeframe = SimMarket(Face.FUTURES, 7), Timeframe.parse(name)
    most = 33 if timeframe.ms >= DAY_MS else 500
    for limit in (1, most):
        place = "BABIXUSDT", timeframe
        once = market.bars(*place, *span, limit, NOW_MS)
        assert whole(bars(market, *place, span, limit, NOW_MS)).tolist() == once.tolist()
        once = market.price_bars(Price.MARK, *place, span, limit, NOW_MS)
        sliced = whole(price_bars(market, Price.MARK, *place, span, limit, NOW_MS))
        assert sliced.tolist() == once.tolist()


def test_no_slice_of_bars_makes_more_than_a_few_days(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    real = tapes.day_tape

    def counted(spine, seed, item, basis, path):
        made[-1] += 1
        return real(spine, seed, item, basis, path)

    monkeypatch.setattr(tapes, "day_tape", counted)
    market = SimMarket(Face.FUTURES, 7)
    made.append(0)
    for _ in bars(market, "BABIXUSDT", Timeframe.parse("1d"), (None, None), 60, NOW_MS):
        made.append(0)
    assert sum(made) == 60
    assert max(made) <= 3


class Far(PaperFeed):
    """Prices of somebody else, who counts how often he is asked."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def bars(self, _symbol, _timeframe, _start_ms, _end_ms, limit, _now_ms):
        self.asked.append(limit)
        return np.zeros((limit, 11))

    def funding(self, _symbol, _start_ms, _end_ms, limit):
        self.asked.append(limit)
        return []


def test_prices_of_somebody_else_are_asked_for_once(
    venue: SimVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = Far()
    found = whole(bars(far, "BTCUSDT", Timeframe.parse("1d"), (None, None), 1500, NOW_MS))
    assert len(found) == 1500
    monkeypatch.setattr(venue, "feeds", {**venue.feeds, Face.FUTURES: far})
    question = asked("/fapi/v1/fundingRate", "symbol=BTCUSDT&limit=900")
    assert dispatch(venue, question, venue.clock).status == 200
    assert [far.asked[0], len(far.asked)] == [1500, 2]


EVERY_MARKET = [
    "/fapi/v1/premiumIndex",
    "/fapi/v1/ticker/24hr",
    "/fapi/v1/ticker/price",
    "/fapi/v1/ticker/bookTicker",
    "/fapi/v1/fundingRate",
    "/api/v3/ticker/24hr",
]


@pytest.mark.parametrize("path", EVERY_MARKET)
def test_answers_of_all_markets_let_others_run_after_each_of_them(
    venue: SimVenue, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    face = Face.FUTURES if "fapi" in path else Face.SPOT
    few = venue.markets(face)[-20:]
    monkeypatch.setattr(venue, "markets", lambda _face: few)
    slices = answering(venue, asked(path), venue.clock)
    assert sum(1 for _ in slices) >= len(few)


def test_bybits_answer_of_all_markets_does_too(
    venue: SimVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = venue.markets(Face.FUTURES)[-20:]
    monkeypatch.setattr(venue, "markets", lambda _face: few)
    face = BybitFace(venue, limited=False)
    question = asked("/v5/market/tickers", "category=linear")
    assert sum(1 for _ in face.answering(question, venue.clock)) >= len(few)
    rows = face.reply(question, venue.clock).payload["result"]["list"]
    assert [row["symbol"] for row in rows] == [market.id for market in few]


def test_who_asks_little_does_not_wait_for_who_asks_much(venue: SimVenue) -> None:
    answered: list[str] = []

    async def ask(path: str) -> None:
        reply = await in_turns(answering(venue, asked(path), venue.clock))
        assert reply.status == 200
        answered.append(path)

    async def both() -> None:
        await asyncio.gather(ask("/fapi/v1/premiumIndex"), ask("/fapi/v1/time"))

    asyncio.run(both())
    assert answered == ["/fapi/v1/time", "/fapi/v1/premiumIndex"]


def read(connection: socket.socket) -> object:
    found = b""
    while b"\r\n\r\n" not in found:
        found += connection.recv(65_536)
    head, _, body = found.partition(b"\r\n\r\n")
    [size] = [line for line in head.lower().splitlines() if line.startswith(b"content-length")]
    while len(body) < int(size.split(b":")[1]):
        body += connection.recv(65_536)
    return json.loads(body)


@pytest.mark.parametrize("bench", [None, Bench()], ids=["plain", "with faults"])
def test_the_server_answers_others_in_the_middle_of_a_long_answer(
    venue: SimVenue, bench: Bench | None
) -> None:
    server = VenueServer(venue, bench=bench)
    server.start()
    held, go = threading.Event(), threading.Event()

    def hold() -> None:
        held.set()
        go.wait()

    try:
        with (
            socket.create_connection((HOST, server.port), timeout=120) as much,
            socket.create_connection((HOST, server.port), timeout=120) as little,
        ):
            for wire in (much, little):  # both are known to the server
                wire.sendall(b"GET /fapi/v1/ping HTTP/1.1\r\nHost: x\r\n\r\n")
                read(wire)
            server._loop.call_soon_threadsafe(hold)
            held.wait()
            much.sendall(b"GET /fapi/v1/premiumIndex HTTP/1.1\r\nHost: x\r\n\r\n")
            little.sendall(b"GET /fapi/v1/time HTTP/1.1\r\nHost: x\r\n\r\n")
            go.set()
            now = read(little)["serverTime"]
            times = [row["time"] for row in read(much)]
    finally:
        go.set()
        server.close()
    assert now <= times[-1]  # each request lets time pass: this one did before the other's end


def test_what_an_answer_of_all_markets_needed_is_still_there_for_the_next(
    venue: SimVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = asked("/fapi/v1/ticker/24hr")
    venue.seek(venue.now_ms + HOUR_MS)
    dispatch(venue, question, venue.clock)
    made: list[int] = []
    monkeypatch.setattr(tapes, "day_tape", lambda *asked: made.append(asked[-1].day))
    assert len(dispatch(venue, question, venue.clock).payload) == len(venue.markets(Face.FUTURES))
    assert made == []


def test_hourly_bars_are_those_of_the_minutes() -> None:
    market = SimMarket(Face.FUTURES, 7)
    for symbol in ("BTCUSDT", "BABIXUSDT"):
        for hours in (1, 7):
            now_ms = NOW_MS + hours * 17 * 60_000
            minutes = market.bars(
                symbol, Timeframe.parse("1m"), NOW_MS - DAY_MS, None, 3000, now_ms
            )
            hourly = market.bars(symbol, Timeframe.parse("1h"), NOW_MS - DAY_MS, None, 30, now_ms)
            for row in hourly:
                inside = minutes[minutes[:, 0] // HOUR_MS == row[0] // HOUR_MS]
                assert row[1] == inside[0, 1]
                assert row[2] == inside[:, 2].max()
                assert row[3] == inside[:, 3].min()
                assert row[4] == inside[-1, 4]
                assert row[8] == inside[:, 8].sum()
                assert row[5] == pytest.approx(inside[:, 5].sum(), rel=1e-12)


def test_a_message_is_read_once() -> None:
    message = asked("/fapi/v1/depth", "symbol=BTCUSDT")
    assert message.params() is message.params()
    assert message.params().values() == {"symbol": "BTCUSDT"}
