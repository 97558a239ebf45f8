"""Orders, executions and positions of the Bybit face, by unmodified ccxt."""

import ccxt
import pytest
from support.sim_bybit import BTC, get, post
from support.sim_ccxt import futures_client

ETH = "ETH/USDT:USDT"
KNOWN = {"acknowledged": True}


def test_an_order_lives_and_ends(bybit, last):
    low = round(last * 0.97, 1)
    made = bybit.create_order(BTC, "limit", "buy", 0.01, low, {"clientOrderId": "mine-1"})
    assert made["status"] is None  # an acknowledgement says nothing else
    assert set(made["info"]) == {"orderId", "orderLinkId"}
    [found] = bybit.fetch_open_orders(BTC)
    assert (found["id"], found["clientOrderId"], found["status"]) == (made["id"], "mine-1", "open")
    assert (found["price"], found["amount"], found["timeInForce"]) == (low, 0.01, "GTC")
    with pytest.raises(ccxt.InvalidOrder, match="110072"):
        bybit.create_order(BTC, "limit", "buy", 0.01, low, {"clientOrderId": "mine-1"})
    bybit.edit_order(made["id"], BTC, "limit", "buy", 0.02, round(low - 10, 1))
    changed = bybit.fetch_order(made["id"], BTC, KNOWN)
    assert (changed["amount"], changed["price"]) == (0.02, round(low - 10, 1))
    with pytest.raises(ccxt.BadRequest, match="remains unchanged"):
        bybit.edit_order(made["id"], BTC, "limit", "buy", 0.02, round(low - 10, 1))
    bybit.cancel_order(None, BTC, {"orderLinkId": "mine-1"})
    with pytest.raises(ccxt.OrderNotFound, match="110001"):
        bybit.cancel_order(made["id"], BTC)
    [gone] = bybit.fetch_canceled_orders(BTC)
    assert (gone["id"], gone["status"]) == (made["id"], "canceled")
    assert bybit.fetch_closed_orders(BTC) == []
    again = bybit.create_order(BTC, "limit", "buy", 0.01, low, {"clientOrderId": "mine-1"})
    assert again["id"] != made["id"]


def test_market_orders_move_position_and_wallet(bybit, last, clock):
    bybit.set_leverage(10, BTC)
    with pytest.raises(ccxt.BadRequest, match="110043"):
        bybit.set_leverage(10, BTC)
    clock.sleep(0.001)
    made = bybit.create_order(BTC, "market", "buy", 0.02)
    order = bybit.fetch_order(made["id"], BTC, KNOWN)
    assert (order["status"], order["filled"], order["average"]) == ("closed", 0.02, last)
    [trade] = bybit.fetch_my_trades(BTC)
    assert (trade["order"], trade["amount"], trade["takerOrMaker"]) == (made["id"], 0.02, "taker")
    assert trade["fee"]["cost"] == pytest.approx(0.02 * last * 0.0005) == order["fee"]["cost"]
    assert [t["id"] for t in bybit.fetch_order_trades(made["id"], BTC)] == [trade["id"]]
    [position] = bybit.fetch_positions([BTC])
    assert (position["side"], position["contracts"]) == ("long", 0.02)
    assert (position["entryPrice"], position["leverage"]) == (last, 10)
    assert position["initialMargin"] == pytest.approx(0.02 * position["markPrice"] / 10)
    balance = bybit.fetch_balance()["USDT"]
    assert balance["total"] == pytest.approx(10_000 - trade["fee"]["cost"])
    clock.sleep(0.001)
    bybit.create_order(BTC, "market", "sell", 0.02, None, {"reduceOnly": True})
    with pytest.raises(ccxt.InvalidOrder, match="110017"):
        bybit.create_order(BTC, "market", "sell", 0.02, None, {"reduceOnly": True})
    assert bybit.fetch_positions() == []
    flat = bybit.fetch_position(BTC)
    earned = bybit.fetch_balance()["USDT"]["total"] - 10_000
    assert float(flat["info"]["cumRealisedPnl"]) == pytest.approx(earned)
    rows = bybit.fetch_ledger()
    assert [row["info"]["type"] for row in rows] == ["TRANSFER_IN", "TRADE", "TRADE"]
    assert sum(float(row["info"]["change"]) for row in rows) == pytest.approx(10_000 + earned)
    assert float(rows[-1]["info"]["cashBalance"]) == pytest.approx(10_000 + earned)


def test_what_the_book_declines_is_acknowledged_and_then_cancelled(bybit, last):
    high = round(last * 1.02, 1)
    late = {"postOnly": True, "clientOrderId": "late"}
    made = bybit.create_order(BTC, "limit", "buy", 0.01, high, late)
    huge = bybit.create_order(BTC, "limit", "buy", 1, round(last * 0.99, 1), {"timeInForce": "FOK"})
    found = {order["id"]: order for order in bybit.fetch_canceled_orders(BTC)}
    assert found[made["id"]]["info"]["rejectReason"] == "EC_PostOnlyWillTakeLiquidity"
    assert found[huge["id"]]["info"]["rejectReason"] == "EC_CancelForNoFullFill"
    assert bybit.fetch_order(made["id"], BTC, KNOWN)["clientOrderId"] == "late"
    assert bybit.fetch_open_orders() == []
    assert bybit.fetch_positions() == []


def test_refusals(bybit, last):
    low = round(last * 0.97, 1)
    with pytest.raises(ccxt.InsufficientFunds, match="110007"):
        bybit.create_order(BTC, "limit", "buy", 50, low)
    with pytest.raises(ccxt.InvalidOrder, match="110003"):
        bybit.create_order(BTC, "limit", "buy", 0.01, round(last * 1.5, 1))
    with pytest.raises(ccxt.ExchangeError, match="110094"):
        bybit.create_order(BTC, "limit", "buy", 0.002, low)
    with pytest.raises(ccxt.OrderNotFound):
        bybit.cancel_order("42", BTC)
    with pytest.raises(ccxt.BadRequest, match="OrderLinkId"):
        bybit.create_order(BTC, "limit", "buy", 0.01, low, {"clientOrderId": "no spaces"})
    assert bybit.fetch_open_orders() == []


def test_several_at_once(bybit, last, url):
    low = round(last * 0.97, 1)
    one = {"symbol": BTC, "type": "limit", "side": "buy", "amount": 0.01, "price": low}
    made = bybit.create_orders([one, {**one, "amount": 40.0}])
    assert [order["status"] for order in made] == [None, "rejected"]
    [resting] = bybit.fetch_open_orders(BTC)
    row = {"symbol": "BTCUSDT", "orderId": resting["id"]}
    body = {"category": "linear", "request": [row, row, "nonsense"]}
    refused = post(url, "/v5/order/cancel-batch", body).json()
    assert refused["retCode"] == 10001  # not one of them was taken
    body["request"].pop()
    answer = post(url, "/v5/order/cancel-batch", body).json()
    assert [item["code"] for item in answer["retExtInfo"]["list"]] == [0, 110001]
    assert bybit.fetch_open_orders(BTC) == []


def test_histories_page_by_page(bybit, last, clock, url):
    low = round(last * 0.97, 1)
    made = []
    for number in range(7):
        kind = {} if number % 2 else {"triggerPrice": low, "triggerDirection": "below"}
        made.append(bybit.create_order(BTC, "limit", "buy", 0.01, low, kind)["id"])
        if number % 3 == 0:
            clock.sleep(0.001)
    bybit.cancel_all_orders(BTC)
    found, cursor = [], ""
    while True:
        query = f"category=linear&limit=2&cursor={cursor}"
        page = get(url, "/v5/order/history", query, signed=True).json()["result"]
        found += [row["orderId"] for row in page["list"]]
        cursor = page["nextPageCursor"]
        if not cursor:
            break
    assert sorted(found) == sorted(made)
    one = get(url, "/v5/order/history", "category=linear&limit=50", signed=True).json()["result"]
    assert ([row["orderId"] for row in one["list"]], one["nextPageCursor"]) == (found, "")


def test_a_conditional_order_keeps_its_id_when_it_triggers(bybit, last, clock):
    trigger = round(last * 0.97, 1)
    stop = {"triggerPrice": trigger, "triggerDirection": "below", "clientOrderId": "stop"}
    rising = {**stop, "triggerDirection": "above"}
    with pytest.raises(ccxt.InvalidOrder, match="110092"):
        bybit.create_order(BTC, "market", "sell", 0.01, None, rising)
    bybit.create_order(BTC, "market", "buy", 0.01)
    made = bybit.create_order(BTC, "market", "sell", 0.01, None, {**stop, "reduceOnly": True})
    [waiting] = bybit.fetch_open_orders(BTC, params={"trigger": True})
    assert (waiting["id"], waiting["triggerPrice"]) == (made["id"], trigger)
    assert waiting["info"]["orderStatus"] == "Untriggered"
    with pytest.raises(ccxt.InvalidOrder, match="110072"):
        bybit.create_order(BTC, "limit", "buy", 0.01, trigger, {"clientOrderId": "stop"})
    for _ in range(400):  # hours until the market has fallen so far
        clock.sleep(3 * 3_600)
        if not bybit.fetch_open_orders(BTC, params={"trigger": True}):
            break
    done = bybit.fetch_order(made["id"], BTC, KNOWN)
    assert (done["status"], done["clientOrderId"], done["filled"]) == ("closed", "stop", 0.01)
    assert done["average"] <= trigger
    assert bybit.fetch_positions() == []


def test_both_faces_show_the_same_account(bybit, last, url):
    with futures_client(url) as binance:
        low = round(last * 0.97, 1)
        bybit.create_order(BTC, "limit", "buy", 0.01, low, {"clientOrderId": "shared"})
        [seen] = binance.fetch_open_orders(BTC)
        assert (seen["clientOrderId"], seen["price"]) == ("shared", low)
        binance.cancel_all_orders(BTC)
        assert bybit.fetch_open_orders(BTC) == []
        binance.create_order(ETH, "market", "sell", 1)
        [position] = bybit.fetch_positions()
        assert (position["symbol"], position["side"]) == (ETH, "short")
