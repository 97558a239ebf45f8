"""Conditional orders, amendments, batches, modes and margin over the wire, by unmodified ccxt."""

import json

import ccxt
import pytest
from support.sim_ccxt import futures_client, signed, spot_client

from xq.sim.wire.embed import ensure

BTC, SPOT = "BTC/USDT:USDT", "BTC/USDT"


@pytest.fixture
def venue(tmp_path, clock):
    with ensure(tmp_path, clock=clock, seed=7) as handle:
        yield handle


@pytest.fixture
def client(venue):
    with futures_client(venue.url) as made:
        made.load_markets()
        yield made


@pytest.fixture
def last(client):
    return client.fetch_ticker(BTC)["last"]


def test_a_stop_waits_is_found_and_canceled(client, last):
    params = {"stopLossPrice": last * 0.9, "reduceOnly": True, "clientOrderId": "guard"}
    made = client.create_order(BTC, "market", "sell", 0.01, None, params)
    assert made["triggerPrice"] == pytest.approx(last * 0.9, abs=0.1)
    [found] = client.fetch_open_orders(BTC, params={"trigger": True})
    assert (found["id"], found["clientOrderId"]) == (made["id"], "guard")
    assert client.fetch_open_orders(BTC) == []
    one = client.fetch_order(made["id"], BTC, {"trigger": True})
    assert (one["status"], one["reduceOnly"]) == ("open", True)
    client.cancel_order(made["id"], BTC, {"trigger": True})
    assert client.fetch_open_orders(BTC, params={"trigger": True}) == []
    [gone] = client.fetch_orders(BTC, params={"trigger": True})
    assert gone["status"] == "canceled"


def test_all_conditional_orders_are_canceled_at_once(client, last):
    for share in (0.8, 0.9):
        client.create_order(BTC, "limit", "sell", 0.01, last, {"stopPrice": last * share})
    assert len(client.fetch_open_orders(BTC, params={"trigger": True})) == 2
    client.cancel_all_orders(BTC, {"trigger": True})
    assert client.fetch_open_orders(BTC, params={"trigger": True}) == []


def test_a_stop_triggers_and_its_order_is_an_ordinary_one(client, clock, last):
    client.create_order(BTC, "market", "buy", 0.01)
    near = {"stopLossPrice": last - 1, "reduceOnly": True}
    made = client.create_order(BTC, "market", "sell", 0.01, None, near)
    clock.sleep(6 * 3_600)
    done = client.fetch_order(made["id"], BTC, {"trigger": True})
    assert done["info"]["algoStatus"] == "FINISHED"
    order = client.fetch_order(done["info"]["actualOrderId"], BTC)
    assert (order["status"], order["filled"]) == ("closed", 0.01)
    assert client.fetch_positions([BTC]) == []


def test_a_trailing_stop_and_a_closer(client, last):
    client.create_order(BTC, "market", "buy", 0.01)
    trailing = {"trailingPercent": 1.0, "reduceOnly": True}
    made = client.create_order(BTC, "market", "sell", 0.01, None, trailing)
    assert float(made["info"]["callbackRate"]) == 1
    closer = {"stopLossPrice": last * 0.9, "closePosition": True}
    assert client.create_order(BTC, "market", "sell", 0, None, closer)["info"]["closePosition"]


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"stopLossPrice": 10**6}, ccxt.OrderImmediatelyFillable),
        ({"takeProfitPrice": 20_000}, ccxt.OrderImmediatelyFillable),
    ],
)
def test_a_stop_that_is_met_already_is_refused(client, params, error):
    with pytest.raises(error):
        client.create_order(BTC, "market", "sell", 0.01, None, params)


def test_an_order_is_amended(client, last):
    order = client.create_order(BTC, "limit", "buy", 0.01, last * 0.98)
    changed = client.edit_order(order["id"], BTC, "limit", "buy", 0.02, last * 0.97)
    assert (changed["id"], changed["amount"]) == (order["id"], 0.02)
    assert changed["price"] == pytest.approx(last * 0.97, abs=0.1)


def test_orders_come_and_go_in_batches(client, last):
    row = {"symbol": BTC, "type": "limit", "side": "buy", "amount": 0.01}
    orders = client.create_orders(
        [row | {"price": last * 0.98}, row | {"price": last * 0.97}, row | {"price": last * 2}]
    )
    [refused] = [order for order in orders if order["id"] is None]
    assert refused["info"]["code"] == -4016
    ids = [order["id"] for order in orders if order["id"] is not None]
    assert [o["status"] for o in client.cancel_orders(ids, BTC)] == ["canceled", "canceled"]
    assert client.fetch_open_orders(BTC) == []


def test_a_countdown_cancels(client, clock, last):
    client.create_order(BTC, "limit", "buy", 0.01, last * 0.9)
    wanted = {"symbol": "BTCUSDT", "countdownTime": 5_000}
    assert client.fapiPrivatePostCountdownCancelAll(wanted)["countdownTime"] == "5000"
    clock.sleep(6)
    assert client.fetch_open_orders(BTC) == []


def test_hedge_mode(client):
    with pytest.raises(ccxt.OperationRejected):
        client.set_position_mode(False)
    client.set_position_mode(True)
    assert client.fetch_position_mode(BTC)["hedged"]
    client.create_order(BTC, "market", "buy", 0.02, None, {"positionSide": "LONG"})
    client.create_order(BTC, "market", "sell", 0.01, None, {"positionSide": "SHORT"})
    found = {p["side"]: p["contracts"] for p in client.fetch_positions([BTC])}
    assert found == {"long": 0.02, "short": 0.01}
    with pytest.raises(ccxt.OperationRejected):
        client.set_position_mode(False)


def test_isolated_margin(client):
    client.set_margin_mode("isolated", BTC)
    with pytest.raises(ccxt.MarginModeAlreadySet):
        client.set_margin_mode("isolated", BTC)
    assert client.fetch_margin_mode(BTC)["marginMode"] == "isolated"
    client.create_order(BTC, "market", "buy", 0.02)
    [position] = client.fetch_positions([BTC])
    assert position["marginMode"] == "isolated"
    before = position["collateral"]
    client.add_margin(BTC, 100)
    client.reduce_margin(BTC, 50)
    [position] = client.fetch_positions([BTC])
    assert position["collateral"] == pytest.approx(before + 50)
    assert position["liquidationPrice"] > 0
    changes = client.fetch_margin_adjustment_history(BTC)
    assert [(c["type"], c["amount"]) for c in changes[-2:]] == [("add", 100), ("reduce", 50)]


def test_spot_stops(venue):
    with spot_client(venue.url) as client:
        client.load_markets()
        last = client.fetch_ticker(SPOT)["last"]
        params = {"stopPrice": last * 1.1, "timeInForce": "GTC"}
        made = client.create_order(SPOT, "STOP_LOSS_LIMIT", "buy", 0.01, last * 1.11, params)
        [found] = client.fetch_open_orders(SPOT)
        assert (found["id"], found["triggerPrice"]) == (
            made["id"],
            pytest.approx(last * 1.1, abs=0.01),
        )
        assert client.fetch_balance()["USDT"]["used"] == pytest.approx(0.01 * last * 1.11, abs=0.01)
        assert client.cancel_order(made["id"], SPOT)["status"] == "canceled"
        with pytest.raises(ccxt.InvalidOrder):
            client.create_order(SPOT, "STOP_LOSS", "buy", 0.01, None, {"stopPrice": last * 0.9})


def test_a_spot_order_is_replaced(venue):
    with spot_client(venue.url) as client:
        client.load_markets()
        last = client.fetch_ticker(SPOT)["last"]
        old = client.create_order(SPOT, "limit", "buy", 0.01, last * 0.9)
        new = client.edit_order(old["id"], SPOT, "limit", "buy", 0.02, last * 0.8)
        [found] = client.fetch_open_orders(SPOT)
        assert (found["id"], found["amount"]) == (new["id"], 0.02)
        with pytest.raises(ccxt.BaseError):
            client.edit_order(old["id"], SPOT, "limit", "buy", 0.02, last * 0.8)
        assert len(client.fetch_open_orders(SPOT)) == 1


REPLACE = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&cancelReplaceMode="


@pytest.mark.parametrize(
    ("mode", "known", "price", "status", "halves"),
    [
        ("STOP_ON_FAILURE", True, "40000", 200, ("SUCCESS", "SUCCESS")),
        ("STOP_ON_FAILURE", False, "40000", 400, ("FAILURE", "NOT_ATTEMPTED")),
        ("STOP_ON_FAILURE", True, "1", 409, ("SUCCESS", "FAILURE")),
        ("ALLOW_FAILURE", False, "40000", 409, ("FAILURE", "SUCCESS")),
        ("ALLOW_FAILURE", False, "1", 400, ("FAILURE", "FAILURE")),
    ],
)
def test_both_halves_of_a_replacement_are_told(venue, mode, known, price, status, halves):
    first = signed(venue.url, "POST", "/api/v3/order", ORDER).json()["orderId"]
    query = f"{REPLACE}{mode}&price={price}&cancelOrderId={first if known else 999}"
    response = signed(venue.url, "POST", "/api/v3/order/cancelReplace", query)
    answer = response.json()
    told = answer if status == 200 else answer["data"]
    assert response.status_code == status
    assert (told["cancelResult"], told["newOrderResult"]) == halves
    resting = signed(venue.url, "GET", "/api/v3/openOrders", "symbol=BTCUSDT").json()
    assert len(resting) == (halves[0] == "FAILURE") + (halves[1] == "SUCCESS")


def test_forced_orders_are_listed(client, clock):
    client.set_leverage(50, BTC)
    for _ in range(2):
        client.create_order(BTC, "market", "sell", 5.0)
    clock.sleep(5 * 86_400)
    found = client.fetch_my_liquidations(BTC)
    assert found
    assert all(row["info"]["clientOrderId"].startswith("autoclose-") for row in found)
    assert client.fetch_positions([BTC]) == []


ORDER = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=40000"
ALGO = "symbol=BTCUSDT&side=SELL&quantity=0.01&algoType=CONDITIONAL"


@pytest.mark.parametrize(
    ("method", "path", "query", "code"),
    [
        ("POST", "order", ORDER + "&positionSide=LONG", -4061),
        ("POST", "order", ORDER.replace("GTC", "GTD"), -1102),
        ("POST", "order", ORDER.replace("GTC", "GTD") + "&goodTillDate=1704067200000", -5040),
        ("POST", "order", ORDER + "&selfTradePreventionMode=SOME", -5039),
        ("POST", "order", ORDER.replace("type=LIMIT", "type=STOP_MARKET"), -4120),
        ("PUT", "order", "symbol=BTCUSDT&side=BUY&orderId=9&price=40000&quantity=1", -2013),
        ("GET", "openOrder", "symbol=BTCUSDT&orderId=9", -2013),
        ("POST", "algoOrder", ALGO + "&type=LIMIT", -1116),
        ("POST", "algoOrder", ALGO + "&type=STOP_MARKET", -1102),
        ("POST", "algoOrder", ALGO + "&type=STOP_MARKET&triggerPrice=90000", -2021),
        ("POST", "algoOrder", ALGO + "&type=TRAILING_STOP_MARKET&callbackRate=11", -2007),
        ("POST", "algoOrder", ALGO + "&type=STOP_MARKET&triggerPrice=30000&closePosition=true",
         -4137),
        ("POST", "algoOrder", ALGO + "&type=STOP_MARKET&triggerPrice=30000&timeInForce=GTE_GTC",
         -4509),
        ("DELETE", "algoOrder", "algoId=4", -2011),
        ("GET", "algoOrder", "algoId=4", -2013),
        ("GET", "algoOrder", "", -1102),
        ("POST", "batchOrders", "batchOrders=nonsense", -1100),
        ("POST", "batchOrders", "batchOrders=%5B%5D", -4082),
        ("DELETE", "batchOrders", "symbol=BTCUSDT", -1102),
        ("POST", "countdownCancelAll", "symbol=BTCUSDT", -1102),
        ("POST", "positionSide/dual", "dualSidePosition=false", -4059),
        ("POST", "marginType", "symbol=BTCUSDT&marginType=CROSSED", -4046),
        ("POST", "positionMargin", "symbol=BTCUSDT&amount=1&type=1", -4054),
        ("POST", "positionMargin", "symbol=BTCUSDT&amount=1&type=3", -1130),
    ],
)  # fmt: skip
def test_refusals_have_their_numbers(venue, method, path, query, code):
    response = signed(venue.url, method, f"/fapi/v1/{path}", query)
    assert (response.status_code, response.json()["code"]) == (400, code)


def test_a_batch_may_hold_numbers_and_booleans(venue):
    rows = [{"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
             "quantity": 0.01, "price": 40000, "reduceOnly": False}]  # fmt: skip
    [row] = signed(
        venue.url, "POST", "/fapi/v1/batchOrders", body=f"batchOrders={json.dumps(rows)}"
    ).json()
    assert (row["status"], row["origQty"]) == ("NEW", "0.01000000")
