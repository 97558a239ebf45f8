"""Every fault of an order through unmodified ccxt: what is booked, and what the client is told."""

import asyncio
from decimal import Decimal

import ccxt
import ccxt.async_support
import pytest
from support.faulty_venue import faulty_venue
from support.sim_ccxt import futures_client, futures_config, raw

LOT = Decimal("0.02")
NO, YES = Decimal(0), LOT
ORDER = {"method": "POST", "path": "/fapi/v1/order"}
AS_SAID = "an order without an id"  # what ccxt makes of a 200 that says nothing

# fault, whether it was booked, class of sync ccxt, class of async ccxt where it differs
MATRIX = [
    ({"do": "too_many_requests", "seconds": 7}, NO, ccxt.DDoSProtection, None),
    ({"do": "ban", "seconds": 120}, NO, ccxt.DDoSProtection, None),
    ({"do": "too_many_orders"}, NO, ccxt.DDoSProtection, None),
    ({"do": "clock_skew", "ms": 60_000}, NO, ccxt.InvalidNonce, None),
    ({"do": "clock_skew", "ms": -60_000}, NO, ccxt.InvalidNonce, None),
    ({"do": "timeout"}, NO, ccxt.RequestTimeout, None),
    ({"do": "timeout", "when": "after"}, YES, ccxt.RequestTimeout, None),
    ({"do": "unknown_state"}, NO, ccxt.ExchangeNotAvailable, None),
    ({"do": "unknown_state", "when": "after"}, YES, ccxt.ExchangeNotAvailable, None),
    ({"do": "unavailable"}, NO, ccxt.ExchangeNotAvailable, None),
    ({"do": "throttled"}, NO, ccxt.OperationFailed, None),
    ({"do": "internal_error"}, NO, ccxt.OperationFailed, None),
    ({"do": "internal_error", "when": "after"}, YES, ccxt.OperationFailed, None),
    ({"do": "disconnected"}, NO, ccxt.OperationFailed, None),
    ({"do": "unexpected_response"}, NO, ccxt.OperationFailed, None),
    ({"do": "unexpected_response", "when": "after"}, YES, ccxt.OperationFailed, None),
    ({"do": "bad_gateway"}, NO, ccxt.ExchangeNotAvailable, None),
    ({"do": "bad_gateway", "when": "after"}, YES, ccxt.ExchangeNotAvailable, None),
    ({"do": "unavailable_page"}, NO, ccxt.ExchangeNotAvailable, None),
    ({"do": "firewall"}, NO, ccxt.ExchangeNotAvailable, None),
    ({"do": "restricted"}, NO, ccxt.ExchangeNotAvailable, None),
    ({"do": "gateway_timeout"}, NO, ccxt.RequestTimeout, None),
    ({"do": "gateway_timeout", "when": "after"}, YES, ccxt.RequestTimeout, None),
    ({"do": "reset"}, NO, ccxt.NetworkError, ccxt.ExchangeNotAvailable),
    ({"do": "reset", "when": "after"}, YES, ccxt.NetworkError, ccxt.ExchangeNotAvailable),
    ({"do": "lose_answer"}, YES, ccxt.NetworkError, ccxt.ExchangeNotAvailable),
    ({"do": "hang"}, NO, ccxt.RequestTimeout, None),
    ({"do": "hang", "when": "after"}, YES, ccxt.RequestTimeout, None),
    ({"do": "truncate", "bytes": 40}, YES, ccxt.NetworkError, ccxt.ExchangeError),
    ({"do": "empty"}, YES, AS_SAID, None),
    ({"do": "empty", "when": "before"}, NO, AS_SAID, None),
    ({"do": "html"}, YES, AS_SAID, None),
    ({"do": "html", "when": "before"}, NO, AS_SAID, None),
    ({"do": "answer", "body": "{}"}, NO, AS_SAID, None),
    ({"do": "maintenance"}, NO, ccxt.BadRequest, None),
    ({"do": "delist", "market": "BTCUSDT"}, NO, ccxt.OperationRejected, None),
    ({"do": "filters", "market": "BTCUSDT", "lot": "0.03"}, NO, ccxt.BadRequest, None),
    ({"do": "filters", "market": "BTCUSDT", "min_notional": "5000"}, NO, ccxt.InvalidOrder, None),
    ({"do": "delay", "seconds": 0.01}, YES, None, None),
]  # fmt: skip
IDS = ["-".join(str(value) for value in row[0].values()).replace(" ", "") for row in MATRIX]
PATIENT, IMPATIENT = 30_000, 1_500  # ms; a hung request has to be given up some time


@pytest.fixture(scope="module")
def venue(tmp_path_factory):
    with faulty_venue(tmp_path_factory.mktemp("venue")) as found:
        yield found


@pytest.fixture(scope="module")
def client(venue):
    with futures_client(venue.url) as found:
        found.timeout = PATIENT
        found.load_markets()
        yield found


def judge(venue, before, outcome, booked, wanted):
    raw("GET", f"{venue.url}/fapi/v1/ping")  # whatever came before it has been dealt with
    assert venue.position() - before == booked
    if wanted is AS_SAID:
        assert (outcome["id"], outcome["status"]) == (None, None)
    elif wanted is None:
        assert outcome["status"] == "closed"
    else:
        assert type(outcome) is wanted


@pytest.mark.parametrize(("fault", "booked", "wanted", "_other"), MATRIX, ids=IDS)
def test_sync(venue, client, fault, booked, wanted, _other):
    before = venue.position()
    venue.strike(**ORDER, **fault)
    client.timeout = IMPATIENT if fault["do"] == "hang" else PATIENT
    try:
        outcome = client.create_order("BTC/USDT:USDT", "market", "buy", float(LOT))
    except ccxt.BaseError as error:
        outcome = error
    if fault["do"] in ("ban", "too_many_requests"):
        assert client.last_response_headers["Retry-After"] == str(fault["seconds"])
    judge(venue, before, outcome, booked, wanted)
    [entry] = venue.bench.roster.entries
    assert (entry.seen, entry.struck) == (1, 1)


@pytest.mark.parametrize(("fault", "booked", "wanted", "other"), MATRIX, ids=IDS)
def test_async(venue, client, fault, booked, wanted, other):
    async def ask():
        config = futures_config(venue.url)
        config["timeout"] = IMPATIENT if fault["do"] == "hang" else PATIENT
        exchange = ccxt.async_support.binanceusdm(config)
        exchange.set_markets(client.markets)
        try:
            return await exchange.create_order("BTC/USDT:USDT", "market", "buy", float(LOT))
        except ccxt.BaseError as error:
            return error
        finally:
            await exchange.close()

    before = venue.position()
    venue.strike(**ORDER, **fault)
    judge(venue, before, asyncio.run(ask()), booked, wanted if other is None else other)


def test_a_client_that_repeats_a_market_order_has_twice_the_position(venue, client):
    before = venue.position()
    venue.strike(**ORDER, do="lose_answer")
    client.timeout, client.options["maxRetriesOnFailure"] = PATIENT, 2
    try:
        order = client.create_order(
            "BTC/USDT:USDT", "market", "buy", float(LOT), params={"clientOrderId": "twice"}
        )
    finally:
        client.options["maxRetriesOnFailure"] = 0
    assert order["clientOrderId"] == "twice"
    assert venue.position() - before == 2 * LOT


def test_the_kth_call_and_no_other(venue, client):
    venue.strike(**ORDER, do="timeout", where={"side": "BUY"}, at=2, times=2)
    client.timeout = PATIENT
    told = []
    for side in ("buy", "sell", "buy", "sell", "buy", "buy"):
        try:
            client.create_order("BTC/USDT:USDT", "market", side, float(LOT))
            told.append(True)
        except ccxt.RequestTimeout:
            told.append(False)
    assert told == [True, True, False, True, False, True]
    [entry] = venue.bench.roster.entries
    assert (entry.seen, entry.struck, entry.spent) == (4, 2, True)
