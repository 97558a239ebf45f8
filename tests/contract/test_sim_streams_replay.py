"""Time replayed as fast as subscribers follow, and what the pump must not do."""

import pytest
from support.sim_streams import fetch, listening, play

from xq.clock import ManualClock, SystemClock
from xq.sim.instruments import TRADES_START_MS
from xq.sim.pace import Pace
from xq.sim.wire.opening import open_venue
from xq.sim.wire.server import VenueServer
from xq.sim.wire.streams.conversation import Manners
from xq.timeframe import DAY_MS, MINUTE_MS

DAYS = 3
FASTEST = Pace.parse("max")


@pytest.fixture
def served(tmp_path):
    """Serve a venue at a pace, or on a clock; a function from that and manners to an address."""
    servers = []

    def serve(clock=None, manners=None):
        pace = FASTEST if clock is None else None
        venue = open_venue(tmp_path, clock or SystemClock(), 7, pace=pace)
        server = VenueServer(venue, manners=manners)
        server.start()
        servers.append(server)
        return server.url

    yield serve
    for server in servers:
        server.close()
        server.venue.ledger.close()


@pytest.mark.parametrize("path", ["/market/ws", "/stream-spot/ws"])
def test_every_bar_of_the_replay_arrives(served, path):
    url = served()

    async def story():
        async with listening(url, path) as client:
            await client.ask("SUBSCRIBE", ["btcusdt@kline_1m", "ethusdt@kline_1m"])
            opens = {"BTCUSDT": [], "ETHUSDT": []}
            while any(len(found) < DAYS * 1440 for found in opens.values()):
                bar = (await client.receive())["k"]
                if bar["x"]:
                    opens[bar["s"]].append(bar["t"])
            start, end = TRADES_START_MS, TRADES_START_MS + DAYS * DAY_MS
            for found in opens.values():
                assert found == list(range(start, end, MINUTE_MS))

    play(story())


def test_every_trade_arrives_and_nobody_is_cut_off_for_reading_slowly(served):
    url = served(manners=Manners(most_bytes=4_000_000))

    async def story():
        async with listening(url, "/market/ws") as client:
            await client.ask("SUBSCRIBE", ["ethusdt@aggTrade"])
            numbers = [(await client.receive())["a"] for _ in range(14_000)]
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))

    play(story())


def test_rest_is_answered_while_time_runs(served):
    url = served()

    async def story():
        async with listening(url, "/market/ws") as client:
            await client.ask("SUBSCRIBE", ["ethusdt@kline_1m"])
            times = []
            for _ in range(5):
                await client.receive()
                times.append((await fetch(url, "/fapi/v1/time"))["serverTime"])
            assert times == sorted(times)
            assert times[0] > TRADES_START_MS

    play(story())


def test_nothing_is_settled_while_nobody_listens(served):
    clock = ManualClock(SystemClock().now_ms())
    asked = []

    class Watched:
        """A clock that knows whether it was asked."""

        monotonic, sleep = clock.monotonic, clock.sleep

        def now_ms(self):
            asked.append(1)
            return clock.now_ms()

    url = served(Watched())

    async def story():
        async with listening(url, "/ws") as client:
            before = len(asked)
            for _ in range(9):
                await client.ask("LIST_SUBSCRIPTIONS")
            assert len(asked) == before
            await client.ask("SUBSCRIBE", ["btcusdt@markPrice@1s"])
            clock.sleep(2)
            await client.receive()
            assert len(asked) > before

    play(story())


def test_a_long_jump_is_told_whole(served):
    clock = ManualClock(SystemClock().now_ms())
    url = served(clock, Manners(most_bytes=2_000_000))

    async def story():
        async with listening(url, "/market/ws") as client:
            await client.ask("SUBSCRIBE", ["ethusdt@aggTrade"])
            clock.sleep(2 * 86_400)
            numbers = [(await client.receive())["a"] for _ in range(28_000)]
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))

    play(story())
