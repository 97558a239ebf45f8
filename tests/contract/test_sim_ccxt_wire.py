"""What no well-behaved client sends: bad keys, bad signatures, bad times, nonsense."""

import json
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.sim_ccxt import raw, signed

from xq.clock import ManualClock, SystemClock
from xq.sim.ledger import FILE_NAME, Ledger
from xq.sim.wire.auth import sign
from xq.sim.wire.dispatch import _ROUTES
from xq.sim.wire.embed import ensure
from xq.sim.wire.route import Security

ORDER = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.01",
    "price": "41000",
}
FACES = ("/api/v3", "/fapi/v1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("venue")


@pytest.fixture(scope="module")
def url(folder):
    with ensure(folder, clock=ManualClock(SystemClock().now_ms()), seed=7) as handle:
        yield handle.url


@pytest.fixture
def books(folder):
    """Everything the ledger says, read from the file."""

    def read() -> object:
        with Ledger(folder / FILE_NAME) as ledger:
            return ledger.load()

    return read


def code(response) -> tuple[int, int]:
    return response.status_code, response.json()["code"]


def order(**changes: str | None) -> str:
    return urlencode({k: v for k, v in (ORDER | changes).items() if v is not None})


@pytest.mark.parametrize("face", FACES)
class TestSecurity:
    def test_a_key_is_needed(self, url, face):
        assert code(raw("POST", f"{url}{face}/order?{order()}")) == (401, -2014)
        assert code(raw("GET", f"{url}{face}/openOrders", key="nobody")) == (401, -2015)
        assert code(raw("GET", f"{url}{face}/historicalTrades?symbol=BTCUSDT")) == (401, -2014)
        history = raw("GET", f"{url}{face}/historicalTrades?symbol=BTCUSDT&limit=3", key="sim")
        assert 1 <= len(history.json()) <= 3

    def test_a_signature_is_needed(self, url, face):
        now = SystemClock().now_ms()
        address = f"{url}{face}/openOrders?timestamp={now}"
        assert code(raw("GET", address, key="sim")) == (400, -1102)
        assert code(raw("GET", f"{address}&signature=00", key="sim")) == (400, -1022)
        tampered = f"{address}&symbol=BTCUSDT&signature={sign(f'timestamp={now}', 'sim')}"
        assert code(raw("GET", tampered, key="sim")) == (400, -1022)

    def test_time_is_checked_against_the_wall(self, url, face):
        def at(moment: int, more: str = "") -> tuple[int, int]:
            query = f"timestamp={moment}{more}"
            address = f"{url}{face}/openOrders?{query}&signature={sign(query, 'sim')}"
            response = raw("GET", address, key="sim")
            return (200, 0) if response.status_code == 200 else code(response)

        now = SystemClock().now_ms()
        assert at(now) == (200, 0)
        assert at(now - 6_000) == (400, -1021)
        assert at(now - 6_000, "&recvWindow=20000") == (200, 0)
        assert at(now + 30_000) == (400, -1021)
        assert at(now, "&recvWindow=60001") == (400, -1131)
        assert at(1_704_067_200_000) == (400, -1021)
        query = "recvWindow=5000"
        missing = f"{url}{face}/openOrders?{query}&signature={sign(query, 'sim')}"
        assert code(raw("GET", missing, key="sim")) == (400, -1102)

    def test_query_body_and_both_are_read_and_signed(self, url, face):
        for query, body in ((order(), ""), ("", order()), ("symbol=BTCUSDT", order())):
            assert signed(url, "POST", f"{face}/order/test", query, body).status_code == 200
        wins = signed(url, "POST", f"{face}/order/test", "symbol=BTCUSDT", order(symbol="NOPE"))
        assert wins.status_code == 200


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"symbol": None}, -1102),
        ({"symbol": "NOPE"}, -1121),
        ({"side": "HOLD"}, -1117),
        ({"side": None}, -1102),
        ({"type": "MAGIC"}, -1116),
        ({"timeInForce": None}, -1102),
        ({"timeInForce": "SOON"}, -1115),
        ({"quantity": None}, -1102),
        ({"quantity": "abc"}, -1100),
        ({"quantity": "-1"}, -1100),
        ({"quantity": "1e3"}, -1100),
        ({"quantity": "NaN"}, -1100),
        ({"quantity": "9" * 21}, -1100),
        ({"price": ""}, -1102),
        ({"price": "٣"}, -1100),
        ({"newClientOrderId": ""}, -1105),
        ({"newClientOrderId": "x" * 37}, -1100),
        ({"newOrderRespType": "LOUD"}, -1130),
        ({"type": "MARKET"}, -1106),
    ],
)
def test_malformed_orders(url, books, face, changes, wanted):
    before = books()
    assert code(signed(url, "POST", f"{face}/order", order(**changes))) == (400, wanted)
    assert books() == before


@pytest.mark.parametrize(
    ("face", "changes", "wanted"),
    [
        ("/api/v3", {"quantity": "0"}, -1100),
        ("/fapi/v1", {"quantity": "0"}, -4003),
        ("/fapi/v1", {"price": "0"}, -4001),
        ("/fapi/v1", {"price": "41000.01"}, -1111),
        ("/fapi/v1", {"quantity": "0.0001"}, -1111),
        ("/api/v3", {"quantity": "0.0000000001"}, -1111),
        ("/api/v3", {"quantity": "0.000015"}, -1013),
        ("/api/v3", {"price": "41000.001"}, -1013),
        ("/fapi/v1", {"price": "20000", "side": "SELL"}, -4024),
        ("/fapi/v1", {"quantity": "1001"}, -4005),
        ("/fapi/v1", {"positionSide": "LONG"}, -4061),
        ("/api/v3", {"reduceOnly": "true"}, -1104),
    ],
)
def test_filters_have_the_numbers_of_their_face(url, books, face, changes, wanted):
    before = books()
    assert code(signed(url, "POST", f"{face}/order", order(**changes))) == (400, wanted)
    assert books() == before


@pytest.mark.parametrize(
    ("address", "status", "wanted"),
    [
        ("/api/v3/klines?symbol=BTCUSDT", 400, -1102),
        ("/api/v3/klines?symbol=BTCUSDT&interval=1h&limit=0", 400, -1130),
        ("/api/v3/klines?symbol=BTCUSDT&interval=1h&limit=x", 400, -1100),
        ("/api/v3/klines?symbol=BTCUSDT&interval=1h&startTime=2&endTime=1", 400, -1023),
        ("/api/v3/klines?symbol=BTCUSDT&interval=1h&startTime=9999999999999999", 400, -1100),
        ("/fapi/v1/klines?symbol=BTCUSDT&interval=1h&limit=1501", 400, -1130),
        ("/fapi/v1/depth?symbol=BTCUSDT&limit=7", 400, -4021),
        ("/api/v3/ticker/price?symbols=BTCUSDT", 400, -1100),
        ("/api/v3/depth?symbol=%FF%FE", 400, -1100),
        ("/nothing/here", 404, -5000),
        ("/api/v3/order", 401, -2014),
    ],
)
def test_malformed_questions(url, address, status, wanted):
    assert code(raw("GET", url + address)) == (status, wanted)


def test_the_wrong_method_is_said_to_be_wrong(url):
    assert raw("PUT", f"{url}/api/v3/time").status_code == 405


def test_limits_are_capped_where_binance_caps_them(url):
    rows = raw("GET", f"{url}/api/v3/klines?symbol=BTCUSDT&interval=1h&limit=5000").json()
    assert len(rows) == 1000


def test_an_enormous_body_is_refused(url):
    assert raw("POST", f"{url}/api/v3/order", "x" * 200_000, key="sim").status_code == 413


def test_bars_have_binances_twelve_columns(url):
    [row] = raw("GET", f"{url}/api/v3/klines?symbol=BTCUSDT&interval=1h&limit=1").json()
    assert [type(value) for value in row] == [int, *[str] * 5, int, str, int, *[str] * 3]


NASTY = st.one_of(
    st.sampled_from(["", "0", "-1", "1", "null", "[]", "BTCUSDT", "true", "9" * 15, "9" * 40]),
    st.text(max_size=12),
    st.integers().map(str),
    st.floats().map(str),
)
NAMES = st.sampled_from(
    [
        "symbol", "symbols", "interval", "limit", "startTime", "endTime", "fromId", "orderId",
        "origClientOrderId", "newClientOrderId", "side", "type", "timeInForce", "quantity",
        "quoteOrderQty", "price", "reduceOnly", "leverage", "marginType", "dualSidePosition",
        "incomeType", "recvWindow", "newOrderRespType", "positionSide", "omitZeroBalances",
    ]
)  # fmt: skip


@settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    route=st.sampled_from(sorted(_ROUTES)),
    params=st.dictionaries(NAMES, NASTY, max_size=7),
    plain=st.booleans(),
)
def test_nonsense_is_never_the_servers_fault(url, route, params, plain):
    method, path = route
    sent = ({"symbol": "BTCUSDT", "interval": "1h", "limit": "3"} | params) if plain else params
    query = urlencode(sent)
    if _ROUTES[route].security is Security.SIGNED:
        response = signed(url, method, path, query)
    else:
        response = raw(method, f"{url}{path}?{query}", key="sim")
    assert response.status_code in (200, 400), (method, path, params, response.text)
    json.loads(response.text)
