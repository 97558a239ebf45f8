"""What may be said on a stream's connection, how it is answered, and how connections end."""

import asyncio
import json
from contextlib import suppress

import aiohttp
import pytest
from support.sim_streams import fetch, listening, play

from xq.clock import ManualClock, SystemClock
from xq.sim.wire.embed import ensure
from xq.sim.wire.opening import open_venue
from xq.sim.wire.server import VenueServer
from xq.sim.wire.streams.conversation import Manners


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    folder = tmp_path_factory.mktemp("venue")
    with ensure(folder, clock=ManualClock(SystemClock().now_ms()), seed=7) as handle:
        yield handle.url


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        ("{", 3, "Invalid JSON"),
        ("[]", 2, "expected an object"),
        ('{"method":"SUBSCRIBE","params":["btcusdt@trade"]}', 2, "request ID"),
        ('{"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":-1}', 2, "request ID"),
        ('{"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":1.5}', 2, "request ID"),
        ('{"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":true}', 2, "request ID"),
        ('{"id":1}', 2, "missing field `method`"),
        ('{"method":"SHOUT","id":1}', 2, "unknown variant `SHOUT`"),
        ('{"method":"SUBSCRIBE","params":"btcusdt@trade","id":1}', 2, "list"),
        ('{"method":"SUBSCRIBE","params":[5],"id":1}', 2, "invalid stream"),
        ('{"method":"SUBSCRIBE","params":["btcusdt@gossip"],"id":1}', 2, "invalid stream"),
        ('{"method":"SUBSCRIBE","params":["btcusdt@kline_7m"],"id":1}', 2, "invalid stream"),
        ('{"method":"SUBSCRIBE","params":["BTCUSDT@trade"],"id":1}', 2, "invalid stream"),
        ('{"method":"SUBSCRIBE","params":["btcusdt@depth@1ms"],"id":1}', 2, "invalid stream"),
        ('{"method":"SET_PROPERTY","params":["loud",true],"id":1}', 0, "Unknown property"),
        ('{"method":"SET_PROPERTY","params":["combined",1],"id":1}', 1, "expected Boolean"),
        ('{"method":"SET_PROPERTY","params":[1,true],"id":1}', 2, "must be a string"),
        ('{"method":"SET_PROPERTY","params":["combined",true,1],"id":1}', 2, "too many"),
        ('{"method":"GET_PROPERTY","params":[],"id":1}', 2, "must be a string"),
    ],
)
def test_mistakes_are_answered(url, said, code, words):
    async def story():
        async with listening(url, "/ws") as client:
            await client.socket.send_str(said)
            found = await client.receive()
            assert found["error"]["code"] == code
            assert words in found["error"]["msg"]
            assert (await client.ask("LIST_SUBSCRIPTIONS"))["result"] == []

    play(story())


def test_subscriptions_are_kept_and_listed(url):
    async def story():
        async with listening(url, "/ws/btcusdt@trade") as client:
            assert await client.ask("SUBSCRIBE", ["ethusdt@trade", "!ticker@arr"]) == {
                "result": None,
                "id": 1,
            }
            listed = (await client.ask("LIST_SUBSCRIPTIONS"))["result"]
            assert listed == ["btcusdt@trade", "ethusdt@trade", "!ticker@arr"]
            await client.ask("UNSUBSCRIBE", ["btcusdt@trade", "never@trade"])
            assert (await client.ask("LIST_SUBSCRIPTIONS"))["result"] == listed[1:]

    play(story())


def test_ids_may_be_numbers_texts_or_null(url):
    async def story():
        async with listening(url, "/ws") as client:
            for number in (0, 2**62, "x-1", None):
                await client.socket.send_str(
                    json.dumps({"method": "LIST_SUBSCRIPTIONS", "id": number})
                )
                assert await client.receive() == {"result": [], "id": number}

    play(story())


def test_the_combined_property(url):
    async def story():
        async with listening(url, "/ws") as raw, listening(url, "/stream") as combined:
            assert (await raw.ask("GET_PROPERTY", ["combined"]))["result"] is False
            assert (await combined.ask("GET_PROPERTY", ["combined"]))["result"] is True
            await raw.ask("SET_PROPERTY", ["combined", True])
            assert (await raw.ask("GET_PROPERTY", ["combined"]))["result"] is True

    play(story())


def test_too_many_streams_are_refused_whole(url):
    async def story():
        async with listening(url, "/ws") as client:
            names = [f"coin{number}usdt@trade" for number in range(1025)]
            found = await client.ask("SUBSCRIBE", names)
            assert found["error"]["code"] == 2
            assert (await client.ask("SUBSCRIBE", names[:1024]))["result"] is None
            assert "error" in await client.ask("SUBSCRIBE", names[1024:])
            assert len((await client.ask("LIST_SUBSCRIPTIONS"))["result"]) == 1024

    play(story())


@pytest.mark.parametrize(("path", "most"), [("/ws", 10), ("/stream-spot/ws", 5)])
def test_who_talks_too_much_is_cut_off(url, path, most):
    async def story():
        async with listening(url, path) as client:
            with suppress(ConnectionError):
                for number in range(100 * most):
                    said = {"method": "LIST_SUBSCRIPTIONS", "id": number}
                    await client.socket.send_str(json.dumps(said))
            assert await client.end() == aiohttp.WSCloseCode.POLICY_VIOLATION

    play(story())


def test_pings_are_answered(url):
    async def story():
        async with listening(url, "/ws", autoping=False) as client:
            await client.socket.ping(b"are you there")
            message = await client.socket.receive()
            assert (message.type, bytes(message.data)) == (aiohttp.WSMsgType.PONG, b"are you there")

    play(story())


@pytest.fixture
def served(tmp_path):
    """Serve with manners of the test's own; a function from manners to an address."""
    servers = []

    def serve(manners, clock=None):
        chosen = ManualClock(SystemClock().now_ms()) if clock is None else clock
        server = VenueServer(open_venue(tmp_path, chosen, 7), manners=manners)
        server.start()
        servers.append(server)
        return server.url

    yield serve
    for server in servers:
        server.close()
        server.venue.ledger.close()


def test_who_does_not_answer_pings_is_cut_off(served):
    url = served(Manners(ping_seconds=0.05, pong_seconds=0.2))

    async def story():
        async with listening(url, "/ws", autoping=False) as silent:
            assert (await silent.socket.receive()).type is aiohttp.WSMsgType.PING
            assert await silent.end() in (None, 1006)

    play(story())


def test_who_answers_pings_is_not(served):
    url = served(Manners(ping_seconds=0.05))

    async def story():
        async with listening(url, "/ws", autoping=False) as client:
            for _ in range(3):
                message = await client.socket.receive()
                assert message.type is aiohttp.WSMsgType.PING
                await client.socket.pong(message.data)

    play(story())


def test_no_connection_lives_forever(served):
    url = served(Manners(ping_seconds=0.05, life_seconds=0.1))

    async def story():
        async with listening(url, "/ws") as client:
            assert await client.end() in (None, 1006)

    play(story())


def test_a_slow_subscriber_is_cut_off_and_others_are_not(served):
    clock = ManualClock(SystemClock().now_ms())
    url = served(Manners(most_bytes=20_000), clock)

    async def story():
        async with (
            listening(url, "/stream-spot/ws") as slow,
            listening(url, "/market/ws") as other,
        ):
            await other.ask("SUBSCRIBE", ["btcusdt@markPrice"])
            await slow.ask("SUBSCRIBE", ["btcusdt@depth@100ms"])
            clock.sleep(30)
            assert await slow.end() in (None, 1006)
            assert (await other.receive())["e"] == "markPriceUpdate"
            clock.sleep(3)
            assert (await fetch(url, "/fapi/v1/ping")) == {}

    play(story())


def test_closing_the_venue_says_goodbye(tmp_path):
    async def story():
        clock = ManualClock(SystemClock().now_ms())
        handle = ensure(tmp_path, clock=clock, seed=7)
        async with listening(handle.url, "/ws/btcusdt@trade") as client:
            closing = asyncio.get_running_loop().run_in_executor(None, handle.close)
            assert await client.end() == aiohttp.WSCloseCode.GOING_AWAY
            await closing

    play(story())


def test_a_bug_is_not_mistaken_for_a_quiet_market(tmp_path, caplog):
    async def story():
        clock = ManualClock(SystemClock().now_ms())
        with ensure(tmp_path, clock=clock, seed=7) as handle:

            async def broken(_until_ms, **_how):
                raise ArithmeticError("a bug of the test's own")

            async with listening(handle.url, "/ws") as client:
                handle.server.streams.hub.publish = broken
                await client.socket.send_json(
                    {"method": "SUBSCRIBE", "params": ["btcusdt@trade"], "id": 1}
                )
                assert await client.end() in (None, 1006)
            with pytest.raises(aiohttp.WSServerHandshakeError):
                async with listening(handle.url, "/ws"):
                    pass
            assert await fetch(handle.url, "/fapi/v1/ping") == {}

    play(story())
    assert "the streams stopped" in caplog.text
