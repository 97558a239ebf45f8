"""The admin port: faults, streams, accounts, and who is kept out."""

import json

import pytest
import requests
from support.faulty_venue import faulty_venue
from support.sim_ccxt import signed
from support.sim_streams import listening, play

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def venue(tmp_path_factory):
    with faulty_venue(tmp_path_factory.mktemp("venue"), admin=True) as found:
        yield found


@pytest.fixture(autouse=True)
def _without_faults(venue):
    yield
    venue.bench.roster.clear()


def call(venue, method, path, body=None, **headers):
    data = body if isinstance(body, str | None) else json.dumps(body)
    with requests.Session() as session:
        session.trust_env = False
        address = f"http://127.0.0.1:{venue.server.admin_port}{path}"
        return session.request(method, address, data=data, headers=JSON | headers, timeout=120)


def test_it_says_what_it_is(venue):
    told = call(venue, "GET", "/status").json()
    assert told["venue"] == "xq sim"
    assert told["accounts"] == ["main", "alice"]
    assert told["seed"] == 7


def test_the_page_is_one_file_that_needs_nothing_from_elsewhere(venue):
    answer = call(venue, "GET", "/")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert len(answer.content) < 60_000
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "http://" not in answer.text
    assert "https://" not in answer.text
    assert " style=" not in answer.text  # the policy would forbid it


def test_faults_come_and_go(venue):
    made = call(venue, "POST", "/faults", {"do": "unavailable", "path": "/fapi/v1/time"})
    assert (made.status_code, made.json()[0]["name"]) == (200, "unavailable-1")
    time = f"{venue.url}/fapi/v1/time"
    assert [requests.get(time, timeout=120).status_code for _ in range(2)] == [503, 200]
    [told] = call(venue, "GET", "/faults").json()
    assert (told["seen"], told["struck"], told["spent"]) == (2, 1, True)
    assert call(venue, "DELETE", "/faults/unavailable-1").json() == []
    gone = call(venue, "DELETE", "/faults/unavailable-1")
    assert (gone.status_code, gone.json()["error"]) == (400, "UnknownName")
    assert call(venue, "DELETE", "/faults").json() == []


def test_several_faults_are_taken_whole_or_not_at_all(venue):
    rows = [{"do": "reset"}, {"do": "reset"}, {"do": "rest"}]
    refused = call(venue, "POST", "/faults", rows)
    assert refused.status_code == 400
    assert "no fault does 'rest'; did you mean 'reset'?" in refused.json()["message"]
    assert call(venue, "GET", "/faults").json() == []
    made = call(venue, "POST", "/faults", rows[:2]).json()
    assert [row["name"] for row in made] == ["reset-1", "reset-2"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("POST", "/faults", {"do": "reset", "owner": "bob"}, 400, "no account named 'bob'"),
        ("POST", "/faults", {"do": "reset", "symbol": "BTCUSD"}, 400, "did you mean 'BTCUSDT'"),
        ("POST", "/faults", {"do": "delist", "market": "X"}, 400, "no market named 'X'"),
        ("POST", "/faults", "{", 400, "not valid JSON"),
        ("POST", "/faults", None, 400, "expected a fault"),
        ("POST", "/faults", '"x"', 400, "expected a fault"),
        ("POST", "/streams/end", {"how": "softly"}, 400, "expected how to be one of"),
        ("POST", "/streams/end", {"code": "x"}, 400, "expected a code from 1000 to 4999"),
        ("POST", "/streams/end", {"who": "x"}, 400, "no key named 'who'"),
        ("POST", "/streams/end", [1], 400, "expected an object with how, code"),
        ("POST", "/streams/end", {"owner": 5}, 400, "no account named '5'"),
        ("POST", "/listen-keys/expire", {"owner": "bob"}, 400, "no account named 'bob'"),
        ("GET", "/market?face=moon", None, 400, "expected face spot or futures"),
        ("GET", "/market?symbol=NOPE", None, 400, "no market named 'NOPE'"),
        ("GET", "/log?limit=0", None, 400, "expected a limit from 1 to 2000"),
        ("GET", "/log?limit=%C2%B2", None, 400, "expected a limit from 1 to 2000"),
        ("GET", "/nothing", None, 404, "nothing is at GET /nothing"),
        ("PUT", "/faults", {}, 405, "PUT /faults does not exist"),
        ("POST", "/", {}, 404, "nothing is at POST /"),
    ],
)
def test_bad_input_is_said_in_json(venue, method, path, body, status, said):
    answer = call(venue, method, path, body)
    assert answer.status_code == status
    assert said in answer.json()["message"]


def test_an_enormous_body_is_refused(venue):
    assert call(venue, "POST", "/faults", "x" * 200_000).status_code == 413


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1"},
        {"Host": "127.0.0.1:1"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=lambda headers: "-".join(*headers.items()),
)
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/status"), ("DELETE", "/faults"), ("GET", "/")]
)
def test_pages_from_elsewhere_are_kept_out(venue, method, path, headers):
    venue.strike(do="reset", at=1000)
    answer = call(venue, method, path, **headers)
    assert (answer.status_code, answer.json()["error"]) == (403, "Forbidden")
    assert venue.bench.roster.names == ("reset-1",)
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    "sent",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""],
)
def test_forms_cannot_change_anything(venue, sent):
    answer = call(venue, "POST", "/faults", '{"do": "reset"}', **{"Content-Type": sent})
    assert answer.status_code == 403
    assert venue.bench.roster.names == ()


def test_its_own_page_may_ask(venue):
    port = venue.server.admin_port
    for host in (f"127.0.0.1:{port}", f"localhost:{port}"):
        headers = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
        assert call(venue, "GET", "/faults", **headers).status_code == 200
        assert call(venue, "DELETE", "/faults", **headers).status_code == 200


def test_accounts_market_and_log(venue):
    body = "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.01&newClientOrderId=seen"
    assert signed(venue.url, "POST", "/fapi/v1/order", "", body).status_code == 200
    far = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=41500"
    assert signed(venue.url, "POST", "/fapi/v1/order", "", far).status_code == 200
    bad = "symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=GTC&quantity=0.01&price=30000"
    assert signed(venue.url, "POST", "/fapi/v1/order", "", bad).status_code == 400
    main, alice = call(venue, "GET", "/accounts").json()
    assert [item["positionAmt"] for item in main["positions"]] == ["0.01000000"]
    assert [item["price"] for item in main["orders"]["futures"]] == ["41500.00000000"]
    assert (alice["positions"], alice["spot"][0][0]) == ([], "USDT")
    told = call(venue, "GET", "/market?face=futures&symbol=BTCUSDT").json()
    assert float(told["bids"][0][0]) < float(told["asks"][0][0])
    assert told["trades"]
    refused, _, first = call(venue, "GET", "/log?limit=3").json()
    assert (refused["status"], refused["code"], refused["owner"]) == (400, -4024, "main")
    assert first["params"]["newClientOrderId"] == "seen"
    assert "signature" not in first["params"]


@pytest.mark.parametrize(("how", "code"), [("close", 1001), ("cut", 1006)])
def test_streams_are_ended(venue, how, code):
    async def story():
        async with listening(venue.url, "/market/ws/btcusdt@aggTrade") as listener:
            await listener.ask("LIST_SUBSCRIPTIONS")
            paths = [item["path"] for item in call(venue, "GET", "/streams").json()]
            assert "/market/ws/btcusdt@aggTrade" in paths
            other = {"how": how, "path": "/elsewhere"}
            assert call(venue, "POST", "/streams/end", other).json() == {"ended": 0}
            assert call(venue, "POST", "/streams/end", {"how": how}).json() == {"ended": 1}
            assert await listener.end() == code

    play(story())
