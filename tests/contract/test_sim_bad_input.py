"""Bad input, request by request: Binance's own numbers and statuses, and nothing booked."""

import pytest
from support.faulty_venue import faulty_venue
from support.sim_ccxt import raw, signed
from support.venue_fuzz import exchange, watched

from xq.clock import SystemClock
from xq.sim.wire.auth import sign

ORDER = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=41000"
SPOT, FUTURES = "/api/v3", "/fapi/v1"
BOTH = (SPOT, FUTURES)


@pytest.fixture(scope="module")
def venue(tmp_path_factory):
    with faulty_venue(tmp_path_factory.mktemp("venue")) as found:
        yield found


@pytest.fixture(autouse=True)
def _nothing_is_booked(venue):
    with watched(venue.folder) as watch:
        before = watch.version()
        yield
        assert watch.version() == before


def code(response):
    return response.status_code, response.json()["code"]


@pytest.mark.parametrize("face", BOTH)
@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        (f"{ORDER}&symbol=BTCUSDT", -1101),
        (f"{ORDER}&price=41000", -1101),
        (f"{ORDER}&%70rice=1", -1101),
        (ORDER.replace("BTCUSDT", "btcusdt"), -1121),
        (ORDER.replace("BUY", "buy"), -1117),
        (ORDER.replace("0.01", "0,01"), -1100),
        (ORDER.replace("0.01", "0x1"), -1100),
        (ORDER.replace("0.01", "0.01%00"), -1100),
        (ORDER.replace("0.01", "%EF%BC%91"), -1100),
        (ORDER.replace("0.01", "%C0%AF"), -1100),
        (ORDER.replace("0.01", "+1"), -1100),
        (ORDER.replace("0.01", "0" * 5000), -1100),
        (ORDER.replace("quantity", "Quantity"), (-1102, -1104)),
        ("&".join(f"p{n}=1" for n in range(70)), -1100),
        ("x" * 5000, (-1102, -1104)),
    ],
    ids=lambda value: str(value)[-24:],
)
def test_orders_that_are_no_orders(venue, face, query, wanted):
    found = code(signed(venue.url, "POST", f"{face}/order", query))
    allowed = wanted if isinstance(wanted, tuple) else (wanted,)
    assert found in [(400, number) for number in allowed]


@pytest.mark.parametrize(
    ("method", "path", "query", "sent"),
    [
        ("GET", "/api/v3/time", "moon=full", (0, 1)),
        ("GET", "/api/v3/klines", "symbol=BTCUSDT&interval=1h&since=0", (2, 3)),
        ("GET", "/api/v3/ticker/price", "pair=BTCUSDT", (0, 1)),
    ],
)
def test_spot_refuses_parameters_that_it_does_not_know(venue, method, path, query, sent):
    answer = raw(method, f"{venue.url}{path}?{query}")
    assert code(answer) == (400, -1104)
    read, count = sent
    said = f"read '{read}' parameter(s) but was sent '{count}'."
    assert answer.json()["msg"] == f"Not all sent parameters were read; {said}"


def test_spot_orders_with_parameters_of_contracts(venue):
    for more in ("reduceOnly=true", "positionSide=LONG", "moon=full"):
        answer = signed(venue.url, "POST", "/api/v3/order/test", f"{ORDER}&{more}")
        assert code(answer) == (400, -1104)
        assert "read '8' parameter(s) but was sent '9'" in answer.json()["msg"]


@pytest.mark.parametrize("rows", ["[" * 50_000, '[{"a":' * 8000], ids=["lists", "objects"])
def test_orders_buried_in_brackets(venue, rows):
    answer = signed(venue.url, "POST", f"{FUTURES}/batchOrders", body=f"batchOrders={rows}")
    assert code(answer) == (400, -1100)


@pytest.mark.parametrize(
    ("face", "more", "wanted"),
    [
        (SPOT, "icebergQty=0.001", -1106),
        (SPOT, "trailingDelta=100", -1106),
        (FUTURES, "priceMatch=QUEUE", -1130),
    ],
)
def test_what_would_make_it_another_order_is_not_ignored(venue, face, more, wanted):
    assert code(signed(venue.url, "POST", f"{face}/order", f"{ORDER}&{more}")) == (400, wanted)


def test_contracts_ignore_parameters_that_they_do_not_know(venue):
    assert raw("GET", f"{venue.url}/fapi/v1/time?moon=full").status_code == 200
    answer = signed(venue.url, "POST", "/fapi/v1/order/test", f"{ORDER}&moon=full")
    assert answer.status_code == 200


@pytest.mark.parametrize("face", BOTH)
@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (lambda query, key: (query, None), (401, -2014)),
        (lambda query, key: (query, ""), (401, -2014)),
        (lambda query, key: (query, "x" * 64), (401, -2015)),
        (lambda query, key: (query, "alice"), (400, -1022)),
        (lambda query, key: (query.replace("signature", "sig"), key), (400, -1102)),
        (lambda query, key: (query + "0", key), (400, -1022)),
        (lambda query, key: (query.upper(), key), (400, -1102)),
        (lambda query, key: (query.replace("=BUY", "=SELL"), key), (400, -1022)),
        (lambda query, key: (query.replace("&signature=", "&signature="[:-1]), key), (400, -1102)),
    ],
    ids=["no key", "empty key", "unknown key", "another's key", "no signature",
         "wrong signature", "shouted", "tampered", "no value"],
)  # fmt: skip
def test_unsigned_and_wrongly_signed(venue, face, change, wanted):
    stamped = f"{ORDER}&timestamp={SystemClock().now_ms()}"
    query, key = change(f"{stamped}&signature={sign(stamped, 'sim')}", "sim")
    assert code(raw("POST", f"{venue.url}{face}/order?{query}", key=key)) == wanted


@pytest.mark.parametrize("face", BOTH)
@pytest.mark.parametrize(
    ("offset", "more", "wanted"),
    [
        (-5_500, "", -1021),
        (+60_000, "", -1021),
        (-90_000, "&recvWindow=60000", -1021),
        (0, "&recvWindow=60001", -1131),
        (0, "&recvWindow=x", -1100),
        (0, "&recvWindow=-1", -1100),
        (10**15, "", -1100),
    ],
)
def test_stale(venue, face, offset, more, wanted):
    stamped = f"{ORDER}&timestamp={SystemClock().now_ms() + offset}{more}"
    query = f"{stamped}&signature={sign(stamped, 'sim')}"
    assert code(raw("POST", f"{venue.url}{face}/order?{query}", key="sim")) == (400, wanted)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PATCH", "/fapi/v1/order", 405),
        ("PUT", "/api/v3/order", 405),
        ("POST", "/fapi/v1/time", 405),
        ("DELETE", "/fapi/v1/exchangeInfo", 405),
        ("GET", "/", 404),
        ("GET", "/fapi/v1/order/", 404),
        ("GET", "/fapi/v1/ORDER", 404),
        ("GET", "//fapi/v1/time", 404),
        ("GET", "/fapi/v1/../v1/secret", 404),
        ("GET", "/fapi/v99/time", 404),
        ("GET", "/%66api/v1/nothing", 404),
    ],
)
def test_wrong_methods_and_paths(venue, method, path, status):
    assert code(raw(method, venue.url + path, key="sim")) == (status, -5000)


HEAD = "POST /fapi/v1/order HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-MBX-APIKEY: sim\r\n"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        ("GET /fapi/v1/depth?symbol=é HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400),
        (f"GET /fapi/v1/time?{'a' * 9000}=1 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (f"GET /fapi/v1/time HTTP/1.1\r\nHost: x\r\nCookie: {'a' * 9000}\r\n\r\n", 400),
        (f"{HEAD}Content-Length: x\r\n\r\n", 400),
        (f"{HEAD}Content-Length: -5\r\n\r\n", 400),
        (f"{HEAD}Content-Length: 3\r\nContent-Encoding: gzip\r\n\r\nabc", 400),
        (f"{HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (f"{HEAD}Content-Length: 99999\r\n\r\n" + "a" * 99_999, 413),
        (f"{HEAD}Content-Length: 2\r\n\r\né", 400),
        ("NONSENSE\r\n\r\n", 400),
        ("GET /fapi/v1/time HTTP/9.9\r\nHost: x\r\n\r\n", 400),
    ],
    ids=["not ascii", "long line", "long header", "length no number", "negative length",
         "not gzip", "bad chunk", "oversized", "body not ascii", "no http", "http 9.9"],
)  # fmt: skip
def test_what_is_hardly_http(venue, request_bytes, status, caplog):
    port = venue.server.port
    found, _ = exchange(port, request_bytes.encode(), whole=False)
    assert found == status
    assert not caplog.records  # no traceback about what others do
    assert exchange(port, b"GET /fapi/v1/time HTTP/1.0\r\n\r\n")[0] == 200
