"""Faults of the venue itself: another clock, closed markets, new filters, and slow answers."""

import threading
from contextlib import suppress

import pytest
import requests
from support.faulty_venue import faulty_venue
from support.sim_ccxt import futures_client, raw, signed, spot_client

ORDER = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=41000.1"


@pytest.fixture(scope="module")
def venue(tmp_path_factory):
    with faulty_venue(tmp_path_factory.mktemp("venue")) as found:
        yield found


@pytest.fixture(autouse=True)
def _without_faults(venue):
    yield
    venue.bench.roster.clear()


def placed(venue, face="/fapi/v1", query=ORDER):
    return signed(venue.url, "POST", f"{face}/order/test", query)


def test_a_clock_that_is_wrong_is_told_and_meant(venue):
    plain = raw("GET", f"{venue.url}/fapi/v1/time").json()["serverTime"]
    venue.strike(do="clock_skew", ms=90_000)
    assert raw("GET", f"{venue.url}/fapi/v1/time").json()["serverTime"] == plain + 90_000
    info = raw("GET", f"{venue.url}/api/v3/exchangeInfo?symbol=BTCUSDT").json()
    assert info["serverTime"] == plain + 90_000
    assert placed(venue).json()["code"] == -1021
    venue.bench.roster.clear()
    assert placed(venue).status_code == 200


@pytest.mark.parametrize(
    ("face", "make", "symbol", "code"),
    [
        ("/fapi/v1", futures_client, "BTC/USDT:USDT", -4141),
        ("/api/v3", spot_client, "BTC/USDT", -1013),
    ],
    ids=["futures", "spot"],
)
def test_a_closed_market_is_listed_as_closed_and_takes_no_orders(venue, face, make, symbol, code):
    venue.strike(do="delist", market="BTCUSDT")
    assert placed(venue, face).json()["code"] == code
    other = ORDER.replace("BTCUSDT", "ETHUSDT").replace("41000.1", "2200").replace("0.01", "0.1")
    assert placed(venue, face, other).status_code == 200
    with make(venue.url) as client:
        client.load_markets()
        assert client.markets[symbol]["active"] is False
    venue.bench.roster.clear()
    with make(venue.url) as client:
        client.load_markets()
        assert client.markets[symbol]["active"] is True


def test_orders_of_a_closed_market_can_still_be_cancelled(venue):
    body = f"{ORDER}&newClientOrderId=stays"
    assert signed(venue.url, "POST", "/fapi/v1/order", "", body).status_code == 200
    venue.strike(do="delist", market="BTCUSDT")
    query = "symbol=BTCUSDT&origClientOrderId=stays"
    assert signed(venue.url, "DELETE", "/fapi/v1/order", query).json()["status"] == "CANCELED"


def test_a_batch_with_an_order_for_a_closed_market(venue):
    venue.strike(do="delist", market="BTCUSDT")
    batch = 'batchOrders=[{"symbol":"BTCUSDT","side":"BUY","type":"MARKET","quantity":"0.01"}]'
    answer = signed(venue.url, "POST", "/fapi/v1/batchOrders", "", requests.utils.quote(batch, "="))
    assert answer.json()["code"] == -4141


def test_filters_change_at_the_kth_call_and_back(venue):
    venue.strike(do="filters", market="BTCUSDT", tick="0.5", at=2, times=2, path="*/fapi/*")
    assert placed(venue).status_code == 200
    assert placed(venue).json()["code"] in (-4014, -1111)
    info = raw("GET", f"{venue.url}/fapi/v1/exchangeInfo").json()
    [row] = [row for row in info["symbols"] if row["symbol"] == "BTCUSDT"]
    assert row["filters"][0]["tickSize"] in ("0.5", "0.50")
    assert placed(venue).status_code == 200


def test_a_delayed_request_is_answered_after_those_that_came_later(venue):
    venue.strike(do="delay", seconds=3600, path="/fapi/v1/order/test")
    done = threading.Event()

    def ask():
        with suppress(requests.RequestException):  # the venue closes before it answers
            placed(venue)
            done.set()

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    [entry] = venue.bench.roster.entries
    while not entry.struck and thread.is_alive():
        assert raw("GET", f"{venue.url}/fapi/v1/ping").status_code == 200
    assert raw("GET", f"{venue.url}/fapi/v1/ping").status_code == 200
    assert entry.struck == 1
    assert not done.is_set()


def test_what_struck_is_in_the_journal(venue):
    venue.strike(do="reset", path="/fapi/v1/ping", name="broken-ping")
    with pytest.raises(requests.ConnectionError):
        raw("GET", f"{venue.url}/fapi/v1/ping")
    raw("GET", f"{venue.url}/fapi/v1/ping")  # after it
    served, broken = venue.bench.journal.rows(2)
    assert (broken["faults"], broken["status"]) == (("broken-ping",), 444)
    assert (served["faults"], served["status"]) == ((), 200)
