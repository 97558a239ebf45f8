"""The WebSocket API: requests by name, signed over sorted parameters."""

import json

import pytest
from support.sim_streams import listening, play

from xq.clock import ManualClock, SystemClock
from xq.sim.wire.auth import sign
from xq.sim.wire.embed import ensure
from xq.sim.wire.limits import Limits
from xq.sim.wire.opening import open_venue
from xq.sim.wire.server import VenueServer

DOORS = {"/ws-fapi/v1": "futures", "/ws-api/v3": "spot"}
LIMIT = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "price": "41000",
    "quantity": "0.01",
    "newClientOrderId": "l",
}


@pytest.fixture
def url(tmp_path):
    with ensure(tmp_path, clock=ManualClock(SystemClock().now_ms()), seed=7) as handle:
        yield handle.url


@pytest.fixture(params=DOORS)
def path(request):
    return request.param


def stamped(secret="sim", **params):
    """Parameters as a client signs them."""
    whole = params | {"apiKey": "sim", "timestamp": SystemClock().now_ms()}

    def word(value):
        return json.dumps(value) if isinstance(value, bool) else str(value)

    text = "&".join(f"{name}={word(value)}" for name, value in sorted(whole.items()))
    return whole | {"signature": sign(text, secret)}


def test_an_order_is_placed_asked_for_and_canceled(url, path):
    async def story():
        async with listening(url, path) as client:
            placed = await client.ask("order.place", stamped(**LIMIT))
            assert (placed["status"], placed["result"]["clientOrderId"]) == (200, "l")
            which = {"symbol": "BTCUSDT", "origClientOrderId": "l"}
            asked = await client.ask("order.status", stamped(**which, returnRateLimits=False))
            assert asked["result"]["status"] == "NEW"
            assert "rateLimits" not in asked
            open_ones = await client.ask("openOrders.status", stamped(symbol="BTCUSDT"))
            assert len(open_ones["result"]) == 1
            canceled = await client.ask("order.cancel", stamped(**which))
            assert canceled["result"]["status"] == "CANCELED"
            again = await client.ask("order.cancel", stamped(**which))
            assert (again["status"], again["error"]["code"]) == (400, -2011)

    play(story())


def test_what_needs_no_signature(url, path):
    async def story():
        async with listening(url, path) as client:
            assert (await client.ask("ping"))["result"] == {}
            assert (await client.ask("time"))["result"]["serverTime"] > 0
            book = await client.ask("depth", {"symbol": "BTCUSDT", "limit": 5})
            assert len(book["result"]["bids"]) == 5
            status = (await client.ask("session.status"))["result"]
            assert (status["apiKey"], status["userDataStream"]) == (None, False)
            logon = await client.ask("session.logon", stamped())
            assert (logon["status"], logon["error"]["code"]) == (400, -4056)

    play(story())


@pytest.mark.parametrize(
    ("method", "params", "status", "code"),
    [
        ("order.place", LIMIT, 401, -2014),
        ("order.place", lambda: stamped(secret="wrong", **LIMIT), 400, -1022),
        ("order.place", lambda: stamped(**LIMIT) | {"price": "42000"}, 400, -1022),
        ("order.place", LIMIT | {"apiKey": "nobody", "timestamp": 1, "signature": "x"}, 401, -2015),
        ("order.place", LIMIT | {"apiKey": "sim", "timestamp": 1, "signature": "x"}, 400, -1021),
        ("order.swallow", {}, 404, -5000),
        (None, {}, 404, -5000),
        ("depth", {"symbol": "NOPE"}, 400, -1121),
        ("depth", {"symbol": {"a": [1]}}, 400, -1121),
    ],
)
def test_mistakes_have_a_status_and_a_code(url, path, method, params, status, code):
    async def story():
        async with listening(url, path) as client:
            found = await client.ask(method, params() if callable(params) else params)
            assert (found["status"], found["error"]["code"]) == (status, code)

    play(story())


@pytest.mark.parametrize("said", ["{", "[]", "5", '{"id":1,"method":"ping","params":[]}'])
def test_what_is_no_request(url, path, said):
    async def story():
        async with listening(url, path) as client:
            await client.socket.send_str(said)
            found = await client.receive()
            assert (found["id"], found["status"], found["error"]["code"]) == (None, 400, -1135)

    play(story())


def test_balances_and_positions(url):
    async def story():
        async with listening(url, "/ws-fapi/v1") as client:
            for version in ("", "v2/"):
                rows = await client.ask(f"{version}account.balance", stamped())
                assert rows["result"][0]["asset"] == "USDT"
                account = await client.ask(f"{version}account.status", stamped())
                assert "totalWalletBalance" in account["result"]
                positions = await client.ask(f"{version}account.position", stamped())
                assert isinstance(positions["result"], list)

    play(story())


def test_spots_user_stream_is_a_subscription(url):
    async def story():
        async with listening(url, "/ws-api/v3") as client:
            wrong = await client.ask("userDataStream.subscribe.signature", stamped("wrong"))
            assert (wrong["status"], wrong["error"]["code"]) == (400, -1022)
            begun = await client.ask("userDataStream.subscribe.signature", stamped())
            assert begun["result"] == {"subscriptionId": 0}
            await client.ask("order.place", stamped(**LIMIT))
            new = await client.until(lambda row: "event" in row)
            assert (new["subscriptionId"], new["event"]["e"]) == (0, "executionReport")
            listed = await client.ask("session.subscriptions")
            assert listed["result"] == [{"subscriptionId": 0}]
            client.kept.clear()
            assert (await client.ask("userDataStream.unsubscribe"))["result"] == {}
            await client.ask("openOrders.cancelAll", stamped(symbol="BTCUSDT"))
            assert not client.kept

    play(story())


def test_listen_keys_by_name(url):
    async def story():
        async with listening(url, "/ws-fapi/v1") as client:
            mine = (await client.ask("userDataStream.start", {"apiKey": "sim"}))["result"]
            kept = (await client.ask("userDataStream.ping", {"apiKey": "sim"}))["result"]
            assert kept == mine
            await client.ask("userDataStream.stop", {"apiKey": "sim"})
            gone = await client.ask("userDataStream.ping", {"apiKey": "sim"})
            assert gone["error"]["code"] == -1125

    play(story())


def test_allowances_are_counted_and_told(tmp_path):
    venue = open_venue(tmp_path, ManualClock(SystemClock().now_ms()), 7)
    server = VenueServer(venue, limits=Limits())
    server.start()

    async def story():
        async with listening(server.url, "/ws-fapi/v1") as client:
            placed = await client.ask("order.place", stamped(**LIMIT))
            rules = {(row["rateLimitType"], row["interval"]): row for row in placed["rateLimits"]}
            assert rules["REQUEST_WEIGHT", "MINUTE"]["limit"] == 2400
            assert rules["ORDERS", "SECOND"]["count"] == 1
            found = placed
            while found["status"] == 200:
                found = await client.ask("depth", {"symbol": "BTCUSDT", "limit": 1000})
            assert (found["status"], found["error"]["code"]) == (429, -1003)

    try:
        play(story())
    finally:
        server.close()
        venue.ledger.close()
