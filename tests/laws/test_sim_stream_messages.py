"""Whatever a client says to the venue's sockets, it is answered, and nothing breaks."""

import asyncio

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.scripted_feed import Bench

from xq.clock import ManualClock
from xq.sim.instruments import Face
from xq.sim.wire.dispatch import answering
from xq.sim.wire.slices import whole
from xq.sim.wire.streams.control import answer
from xq.sim.wire.streams.door import door
from xq.sim.wire.streams.hub import Hub
from xq.sim.wire.streams.listen_keys import ListenKeys, key_routes
from xq.sim.wire.streams.methods import METHODS
from xq.sim.wire.streams.names import Access, Kind, is_served, parse
from xq.sim.wire.streams.outbox import Outbox
from xq.sim.wire.streams.requests import Requests
from xq.sim.wire.streams.session import Session

SETTINGS = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
STREAMS = st.sampled_from(
    [
        "btcusdt@trade",
        "btcusdt@depth",
        "btcusdt@kline_1m",
        "nope@trade",
        "!ticker@arr",
        "x",
        "",
        "@",
    ]
)
CONTROL = st.fixed_dictionaries(
    {},
    optional={
        "method": st.sampled_from(
            ["SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY"]
        )
        | JSON,
        "params": st.lists(STREAMS | st.just("combined") | st.booleans(), max_size=3) | JSON,
        "id": st.integers(0, 9) | JSON,
    },
)
REQUEST = st.fixed_dictionaries(
    {},
    optional={
        "method": st.sampled_from(sorted({*METHODS[Face.SPOT], *METHODS[Face.FUTURES]})) | JSON,
        "params": st.dictionaries(
            st.sampled_from(
                ["symbol", "side", "type", "quantity", "price", "limit", "apiKey", "signature",
                 "timestamp", "returnRateLimits", "subscriptionId", "symbols", "listenKey"]
            )
            | st.text(max_size=5),
            st.sampled_from(["BTCUSDT", "BUY", "LIMIT", "sim", "1"]) | JSON,
            max_size=6,
        )
        | JSON,
        "id": JSON,
    },
)  # fmt: skip
RAW = st.binary(max_size=40) | st.text(max_size=40).map(str.encode)


@pytest.fixture
def venue(tmp_path):
    bench = Bench(tmp_path)
    yield bench.venue
    bench.venue.ledger.close()


async def silent(_frame):
    """Send to nobody."""


def told(venue, talk):
    """Run something that needs an event loop."""

    async def run():
        wall = ManualClock(1_800_000_000_000)
        keys = ListenKeys(wall)
        hub = Hub(venue, keys)
        try:
            return talk(hub, Outbox(silent, lambda: None), keys, wall)
        finally:
            hub.close()

    return asyncio.run(run())


@SETTINGS
@given(said=st.lists(CONTROL.map(orjson.dumps) | JSON.map(orjson.dumps) | RAW, max_size=5))
def test_control_messages(venue, said):
    def talk(hub, outbox, _keys, _wall):
        session = Session(Face.FUTURES, Access.ANY, False, outbox)
        hub.join(session)
        for text in said:
            found = orjson.loads(answer(hub, session, text))
            assert ("error" in found) != ("result" in found)
        hub.leave(session)
        assert not hub.busy.is_set()
        assert not hub.sessions

    told(venue, talk)


@SETTINGS
@given(
    said=st.lists(REQUEST.map(orjson.dumps) | JSON.map(orjson.dumps) | RAW, max_size=4),
    face=st.sampled_from(list(Face)),
)
def test_requests(venue, said, face):
    before = venue.ledger.load()

    def talk(hub, outbox, keys, wall):
        more = key_routes(keys)
        requests = Requests(face, hub, outbox, lambda m: answering(venue, m, wall, more), wall)
        for text in said:
            found = orjson.loads(whole(requests.reply(text)))
            assert found["status"] in (200, 400, 401, 404), found
            assert ("error" in found) == (found["status"] != 200)
        requests.close()

    told(venue, talk)
    assert venue.ledger.load() == before


@SETTINGS
@given(
    name=STREAMS | st.text(max_size=30) | st.from_regex(r"[a-z]{3,8}@[a-z]{3,10}(@[0-9a-z]{1,5})?"),
    face=st.sampled_from(list(Face)),
)
def test_a_name_is_one_stream_behind_one_public_door(name, face):
    stream = parse(face, name)
    if stream is None:
        return
    assert (stream.name, stream.face) == (name, face)
    assert stream.symbol == stream.symbol.upper()
    assert is_served(stream, Access.PUBLIC) != is_served(stream, Access.MARKET)
    assert is_served(stream, Access.ANY)
    assert (stream.timeframe is not None) == (stream.kind is Kind.BAR)


@SETTINGS
@given(path=st.text(max_size=30), query=st.text(max_size=30), host=st.text(max_size=30))
def test_any_address_is_a_door_or_none(path, query, host):
    for found in (door(path, query, host), door(f"/ws/{path}", query, host)):
        if found is not None:
            assert all(found.names)
            assert len(set(found.names)) == len(found.names)
