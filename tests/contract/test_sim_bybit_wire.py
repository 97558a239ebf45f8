"""Signatures, envelopes, errors and allowances of the Bybit face."""

import json

import pytest
import requests
from support.sim_bybit import get, headers, send

from xq.clock import ManualClock, SystemClock
from xq.sim.wire.limits import Limits
from xq.sim.wire.opening import open_venue
from xq.sim.wire.server import VenueServer

ORDER = {
    "category": "linear",
    "symbol": "BTCUSDT",
    "side": "Buy",
    "orderType": "Limit",
    "qty": "0.01",
    "price": "41000",
}
BALANCE, QUERY = "/v5/account/wallet-balance", "accountType=UNIFIED"


@pytest.fixture
def wall():
    return ManualClock(SystemClock().now_ms())


@pytest.fixture
def served(tmp_path, wall):
    venue = open_venue(tmp_path, ManualClock(SystemClock().now_ms()), 7)
    made = []

    def serve(limits=None):
        made.append(VenueServer(venue, wall=wall, limits=limits))
        made[-1].start()
        return made[-1].url

    yield serve
    for server in made:
        server.close()
    venue.ledger.close()


@pytest.fixture
def url(served):
    return served()


def code(answer):
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert set(found) == {"retCode", "retMsg", "result", "retExtInfo", "time"}
    return found["retCode"]


def ask(url, wall, said=QUERY, query=QUERY, **changed):
    stamp = changed.pop("stamp", str(wall.now_ms()))
    return send("GET", f"{url}{BALANCE}?{query}", headers(said, stamp=stamp, **changed))


def test_signatures(url, wall):
    assert code(ask(url, wall)) == 0
    assert code(ask(url, wall, key="nobody")) == 10003
    assert code(ask(url, wall, secret="wrong")) == 10004
    assert code(ask(url, wall, said="accountType=SPOT")) == 10004
    now = wall.now_ms()
    assert code(ask(url, wall, stamp=str(now - 5_001))) == 10002
    assert code(ask(url, wall, stamp=str(now - 5_001), window="9000")) == 0
    assert code(ask(url, wall, stamp=str(now + 999))) == 0
    assert code(ask(url, wall, stamp=str(now + 1_000))) == 10002
    assert code(ask(url, wall, stamp="soon")) == 10001
    missing = get(url, BALANCE, QUERY)
    assert (missing.status_code, missing.json()["retCode"]) == (401, 10003)


def test_routes(url):
    nowhere = get(url, "/v5/market/gossip")
    assert (nowhere.status_code, nowhere.json()["retCode"]) == (404, 10017)
    assert get(url, "/v5/order/create").status_code == 404


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({}, 0),
        ({"category": "spot"}, 10001),
        ({"category": None}, 10001),
        ({"symbol": "NOPEUSDT"}, 10001),
        ({"symbol": ""}, 10001),
        ({"side": "buy"}, 10001),
        ({"orderType": "Iceberg"}, 10001),
        ({"timeInForce": "GTD"}, 10001),
        ({"qty": "0"}, 10001),
        ({"qty": "-1"}, 10001),
        ({"qty": "0.0001"}, 10001),
        ({"qty": "1e3"}, 10001),
        ({"qty": "5000"}, 10001),
        ({"qty": "0.001"}, 110094),
        ({"price": None}, 10001),
        ({"price": "41000.05"}, 10001),
        ({"price": "99000"}, 110003),
        ({"qty": "40"}, 110007),
        ({"positionIdx": 1}, 10001),
        ({"positionIdx": 7}, 10001),
        ({"reduceOnly": True}, 110017),
        ({"reduceOnly": "perhaps"}, 10001),
        ({"orderLinkId": "a" * 37}, 10001),
        ({"orderLinkId": "a:b"}, 10001),
        ({"smpType": "CancelSome"}, 10001),
        ({"takeProfit": "50000"}, 10001),
        ({"triggerPrice": "41000"}, 10001),
        ({"triggerPrice": "41000", "triggerDirection": 3}, 10001),
        ({"triggerPrice": "41000", "triggerDirection": 1}, 110092),
        ({"triggerPrice": "44000", "triggerDirection": 2}, 110093),
        ({"triggerPrice": "41000", "triggerDirection": 2, "triggerBy": "IndexPrice"}, 10001),
        ({"qty": 0.01, "price": 41000}, 0),
        ({"symbol": {"of": "BTCUSDT"}}, 10001),
    ],
)
def test_orders_that_are_refused_change_nothing(url, wall, changed, wanted):
    body = {name: value for name, value in (ORDER | changed).items() if value is not None}
    answer = signed_post(url, wall, "/v5/order/create", body)
    assert code(answer) == wanted, answer.text
    query = "category=linear&settleCoin=USDT"
    stamp = {"stamp": str(wall.now_ms())}
    path = f"{url}/v5/order/realtime?{query}"
    orders = send("GET", path, headers(query, **stamp)).json()["result"]["list"]
    assert len(orders) == (1 if wanted == 0 else 0)


def signed_post(url, wall, path, body):
    text = body if isinstance(body, str) else json.dumps(body)
    return send("POST", url + path, headers(text, stamp=str(wall.now_ms())), text)


@pytest.mark.parametrize("body", ["", "{", "[]", '"text"', "null", "{}", '{"category":["linear"]}'])
def test_bodies_that_are_no_orders(url, wall, body):
    assert code(signed_post(url, wall, "/v5/order/create", body)) == 10001


def test_odd_queries(url):
    for query in ("", "category=linear", "category=linear&symbol=%FF", "category=linear&symbol=x"):
        assert code(get(url, "/v5/market/orderbook", query)) == 10001
    page = "category=linear&symbol=BTCUSDT"
    for more in (
        "interval=2",
        "interval=1&limit=0",
        "interval=1&start=5&end=4",
        "end=1",
    ):
        assert code(get(url, "/v5/market/kline", f"{page}&{more}")) == 10001


def test_allowances(served, wall):
    url = served(Limits())
    answer = signed_post(url, wall, "/v5/order/create", ORDER)
    assert code(answer) == 0
    found = answer.headers
    assert (found["X-Bapi-Limit"], found["X-Bapi-Limit-Status"]) == ("20", "19")
    spent = [code(signed_post(url, wall, "/v5/order/create", ORDER)) for _ in range(20)]
    assert spent == [0] * 19 + [10006]
    last = signed_post(url, wall, "/v5/order/create", ORDER).headers
    assert last["X-Bapi-Limit-Status"] == "0"
    assert int(last["X-Bapi-Limit-Reset-Timestamp"]) == wall.now_ms() + 1000
    assert code(signed_post(url, wall, "/v5/order/cancel-all", ORDER)) == 0  # another endpoint
    wall.sleep(1.001)
    assert code(signed_post(url, wall, "/v5/order/create", ORDER)) == 0


def test_an_address_that_asks_too_often_is_shut_out(served, wall):
    url = served(Limits())
    with requests.Session() as session:
        session.trust_env = False
        address = f"{url}/v5/market/time"
        assert {session.get(address, timeout=120).status_code for _ in range(600)} == {200}
        shut = session.get(address, timeout=120)
        assert (shut.status_code, shut.json()["retMsg"]) == (403, "access too frequent")
        wall.sleep(599)
        assert session.get(address, timeout=120).status_code == 403
        wall.sleep(2)
        assert session.get(address, timeout=120).status_code == 200
