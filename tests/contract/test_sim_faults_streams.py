"""Faults of streams: messages lost, doubled, swapped; connections that end or say nothing more."""

import asyncio
import json
from itertools import pairwise

import aiohttp
import pytest
from support.faulty_venue import faulty_venue
from support.sim_ccxt import raw, signed
from support.sim_streams import PATIENCE, listening, play

from xq.clock import SystemClock
from xq.sim.wire.auth import sign

WORDS = (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.PING, aiohttp.WSMsgType.PONG)


@pytest.fixture
def venue(tmp_path):
    with faulty_venue(tmp_path) as found:
        yield found


def listen_key(venue, account="main"):
    key = "sim" if account == "main" else account
    return raw("POST", f"{venue.url}/fapi/v1/listenKey", key=key).json()["listenKey"]


def buy(venue, number):
    body = f"symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.01&newClientOrderId=buy-{number}"
    response = signed(venue.url, "POST", "/fapi/v1/order", "", body)
    assert response.status_code == 200, response.text


def order_events(messages):
    return [
        (message["o"]["c"], message["o"]["x"])
        for message in messages
        if message.get("e") == "ORDER_TRADE_UPDATE"
    ]


async def heard(venue, count):
    """Order events of two market orders, and of a third that nothing strikes, up to its end."""
    found = []
    async with listening(venue.url, f"/private/ws?listenKey={listen_key(venue)}") as listener:
        for number in range(count):
            buy(venue, number)
        last = (f"buy-{count - 1}", "TRADE")
        while last not in order_events(found):
            found.append(await listener.receive())
    return order_events(found)


NEW_0, FILL_0, NEW_1, FILL_1 = [
    (f"buy-{number}", kind) for number in (0, 1) for kind in ("NEW", "TRADE")
]
EVENT = {"event": "ORDER_TRADE_UPDATE", "owner": "main", "symbol": "BTCUSDT"}


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        ({"do": "drop", "at": 2}, [NEW_0, NEW_1, FILL_1]),
        ({"do": "drop", "at": 2, "times": 2}, [NEW_0, FILL_1]),
        ({"do": "duplicate", "at": 2}, [NEW_0, FILL_0, FILL_0, NEW_1, FILL_1]),
        ({"do": "swap", "at": 2}, [NEW_0, FILL_0, NEW_1, FILL_1]),
        ({"do": "drop", "owner": "alice"}, [NEW_0, FILL_0, NEW_1, FILL_1]),
        ({"do": "drop", "symbol": "ETHUSDT"}, [NEW_0, FILL_0, NEW_1, FILL_1]),
    ],
    ids=lambda value: str(value)[:40],
)
def test_user_events(venue, fault, wanted):
    venue.strike(**(EVENT | fault))

    async def story():
        assert await heard(venue, 2) == wanted
        assert venue.orders() == 2

    play(story())


def test_swapped_messages_arrive_after_the_next(venue):
    venue.strike(do="swap", event="ORDER_TRADE_UPDATE", at=1)

    async def story():
        found = []
        async with listening(venue.url, f"/private/ws?listenKey={listen_key(venue)}") as listener:
            buy(venue, 0)
            while ("buy-0", "TRADE") not in order_events(found):
                found.append(await listener.receive())
        kinds = [message["e"] for message in found]
        swapped = next(i for i, m in enumerate(found) if m["e"] == "ORDER_TRADE_UPDATE")
        assert found[swapped]["o"]["x"] == "NEW"
        assert kinds[swapped - 1] == "TRADE_LITE"  # came after it, arrived before it

    play(story())


@pytest.mark.parametrize(("do", "code"), [("close", 1008), ("cut", 1006)])
def test_connections_end_after_so_many_messages(venue, do, code):
    options = {"code": 1008} if do == "close" else {}
    venue.strike(do=do, event="ORDER_TRADE_UPDATE", at=2, **options)

    async def story():
        async with listening(venue.url, f"/private/ws?listenKey={listen_key(venue)}") as listener:
            buy(venue, 0)
            assert await listener.end() == code
        assert await heard(venue, 1) == [NEW_0, FILL_0]  # who comes again is served

    play(story())


def test_silence_keeps_the_connection_and_answers_not_even_pings(venue):
    venue.strike(do="silence", event="ORDER_TRADE_UPDATE", at=1)

    async def story():
        key = listen_key(venue)
        options = {"autoping": False}
        async with (
            listening(venue.url, f"/private/ws?listenKey={key}", **options) as mute,
            listening(venue.url, f"/private/ws?listenKey={key}", **options) as other,
        ):
            buy(venue, 0)
            [hushed] = [box for box in venue.bench.outboxes if box.is_mute]
            loud = other if next(iter(venue.bench.outboxes)) is hushed else mute
            await loud.until(lambda message: message.get("e") == "ACCOUNT_UPDATE")
            quiet = mute if loud is other else other
            for listener in (quiet, loud):
                await listener.socket.ping(b"are you there?")
            assert (await loud.socket.receive(timeout=PATIENCE)).type is aiohttp.WSMsgType.PONG
            buy(venue, 1)
            await loud.until(lambda message: message.get("e") == "ACCOUNT_UPDATE")
            assert not quiet.socket.closed
            closing = asyncio.create_task(asyncio.to_thread(venue.server.close))
            said = []
            while (message := await quiet.socket.receive(timeout=PATIENCE)).type in WORDS:
                said.append(message)
            await loud.end()
            await closing
            assert aiohttp.WSMsgType.PONG not in {message.type for message in said}
            events = [json.loads(message.data) for message in said]
            assert not order_events(events)
            assert len(events) < 3

    play(story())


def test_a_listen_key_expires_when_told(venue):
    venue.strike(do="expire_listen_key", method="POST", path="/fapi/v1/order", at=2)

    async def story():
        key = listen_key(venue)
        async with listening(venue.url, f"/private/ws?listenKey={key}") as listener:
            buy(venue, 0)
            await listener.until(lambda message: message.get("e") == "ACCOUNT_UPDATE")
            buy(venue, 1)
            told = await listener.until(lambda message: message["e"] == "listenKeyExpired")
            assert told["listenKey"] == key
        assert raw("PUT", f"{venue.url}/fapi/v1/listenKey", key="sim").status_code == 400
        assert listen_key(venue) != key

    play(story())


def test_a_gap_in_the_sequence_of_a_book(venue):
    venue.strike(do="gap", symbol="BTCUSDT", path="/public/*", at=2)
    clock = venue.clock

    async def story():
        streams = "/ws/btcusdt@depth@100ms"
        async with (
            listening(venue.url, streams) as whole,
            listening(venue.url, f"/public{streams}") as holed,
        ):
            wanted = []
            for _ in range(4):
                clock.sleep(1)
                wanted.append(await whole.receive())
            found = []
            while not found or found[-1] != wanted[-1]:
                found.append(await holed.receive())
        assert found == [wanted[0], *wanted[2:]]
        joined = [old["u"] == new["pu"] for old, new in pairwise(found)]
        assert joined == [False, True]

    play(story())


def test_answers_of_the_websocket_api_get_lost_after_the_order_is_booked(venue):
    venue.strike(do="drop", event="answer", path="/ws-fapi/v1")

    async def story():
        async with listening(venue.url, "/ws-fapi/v1") as listener:
            await listener.socket.send_str(order_place("lost", 1))
            await listener.socket.send_str(order_place("told", 2))
            assert (await listener.receive())["id"] == 2
        assert venue.orders() == 2

    play(story())


def test_the_websocket_api_answers_in_trouble_too(venue):
    venue.strike(do="timeout", path="/fapi/v1/order", when="after")

    async def story():
        async with listening(venue.url, "/ws-fapi/v1") as listener:
            await listener.socket.send_str(order_place("unsure", 1))
            answer = await listener.receive()
            assert (answer["status"], answer["error"]["code"]) == (408, -1007)
        assert venue.orders() == 1

    play(story())


def order_place(client_id, number):
    params = {
        "apiKey": "sim",
        "newClientOrderId": client_id,
        "quantity": "0.01",
        "side": "BUY",
        "symbol": "BTCUSDT",
        "timestamp": SystemClock().now_ms(),
        "type": "MARKET",
    }
    text = "&".join(f"{name}={value}" for name, value in sorted(params.items()))
    params["signature"] = sign(text, "sim")
    return json.dumps({"id": number, "method": "order.place", "params": params})


def test_maintenance_ends_streams_and_lets_nobody_in(venue):
    async def story():
        async with listening(venue.url, "/market/ws/btcusdt@aggTrade") as listener:
            venue.strike(do="maintenance")
            answer = raw("GET", f"{venue.url}/fapi/v1/time")
            assert (answer.status_code, answer.json()["code"]) == (503, -1016)
            assert await listener.end() == 1012
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with listening(venue.url, "/market/ws/btcusdt@aggTrade"):
                pass
        assert refused.value.status == 503
        venue.bench.roster.clear()
        assert raw("GET", f"{venue.url}/fapi/v1/time").status_code == 200

    play(story())
