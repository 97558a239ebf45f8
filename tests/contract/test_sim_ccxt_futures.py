"""The futures face of the simulated venue, read and traded by unmodified ccxt."""

import ccxt
import pytest
from support.sim_ccxt import futures_client

from xq.sim.instruments import TRADES_START_MS
from xq.sim.wire.embed import ensure

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
MINUTE = 60_000
EIGHT_HOURS = 8 * 3_600_000


@pytest.fixture
def venue(tmp_path, clock):
    with ensure(tmp_path, clock=clock, seed=7) as handle:
        yield handle


@pytest.fixture
def client(venue):
    with futures_client(venue.url) as made:
        made.load_markets()
        yield made


def test_markets(client):
    market = client.market(BTC)
    assert market["swap"]
    assert market["linear"]
    assert market["active"]
    assert market["contractSize"] == 1
    assert (market["precision"]["price"], market["precision"]["amount"]) == (0.1, 0.001)
    assert market["limits"]["cost"]["min"] == 100
    assert all(item["info"]["synthetic"] for item in client.markets.values())


def test_market_data(client, clock):
    clock.sleep(3_600)
    assert client.fetch_time() == TRADES_START_MS + 3_600_000
    book = client.fetch_order_book(BTC, 50)
    assert len(book["asks"]) == 50
    assert book["bids"][0][0] < book["asks"][0][0]
    assert client.fetch_trades(BTC, limit=10)[-1]["price"] == client.fetch_ticker(BTC)["last"]
    assert client.fetch_tickers().keys() == set(client.symbols)
    assert client.fetch_bids_asks([BTC])[BTC]["bid"] == book["bids"][0][0]
    assert client.fetch_last_prices([BTC])[BTC]["price"] == client.fetch_ticker(BTC)["last"]


def test_bars_by_ccxts_own_paging_and_by_hand(client):
    since, until = TRADES_START_MS - 2_500 * MINUTE, TRADES_START_MS - MINUTE
    paged = client.fetch_ohlcv(BTC, "1m", since, 2_500, {"paginate": True, "until": until})
    by_hand, start = [], since
    while start <= until:
        page = client.fetch_ohlcv(BTC, "1m", start, 1_000)
        by_hand += page
        start = page[-1][0] + MINUTE
    rows = [row for row in by_hand if row[0] <= until]
    assert [row[0] for row in rows] == list(range(since, until + 1, MINUTE))
    assert paged == rows


def test_funding_rates(client):
    current = client.fetch_funding_rate(BTC)
    assert current["fundingTimestamp"] == TRADES_START_MS + EIGHT_HOURS
    history = client.fetch_funding_rate_history(BTC, limit=3)
    times = [row["timestamp"] for row in history]
    assert times == [TRADES_START_MS - step * EIGHT_HOURS for step in (2, 1, 0)]
    since = TRADES_START_MS - 30 * EIGHT_HOURS
    assert len(client.fetch_funding_rate_history(BTC, since)) == 31
    assert client.fetch_mark_price(BTC)["markPrice"] > 0


def test_a_position_from_open_to_close(client, clock):
    order = client.create_order(BTC, "market", "sell", 0.1, None, {"clientOrderId": "s"})
    assert (order["status"], order["filled"]) == ("closed", 0.1)
    [position] = client.fetch_positions([BTC])
    assert (position["side"], position["contracts"]) == ("short", 0.1)
    assert position["entryPrice"] == order["average"]
    assert position["liquidationPrice"] > position["entryPrice"]
    assert position["marginMode"] == "cross"
    clock.sleep(3_600)
    balance = client.fetch_balance()["USDT"]
    assert balance["total"] == pytest.approx(balance["free"] + balance["used"])
    closing = client.create_order(BTC, "market", "buy", 5, None, {"reduceOnly": True})
    assert closing["filled"] == 0.1
    assert client.fetch_positions([BTC]) == []
    trades = client.fetch_my_trades(BTC)
    assert [trade["side"] for trade in trades] == ["sell", "buy"]
    pnl = 0.1 * (order["average"] - closing["average"])
    assert float(trades[1]["info"]["realizedPnl"]) == pytest.approx(pnl)
    fees = sum(trade["fee"]["cost"] for trade in trades)
    assert client.fetch_balance()["USDT"]["total"] == pytest.approx(10_000 + pnl - fees)
    entries = client.fetch_ledger("USDT")
    assert sum(row["amount"] * (-1 if row["direction"] == "out" else 1) for row in entries) == (
        pytest.approx(10_000 + pnl - fees)
    )


def test_old_and_new_versions_tell_the_same(client):
    client.create_order(ETH, "market", "buy", 1)
    assert client.fetch_balance({"useV2": True})["USDT"] == client.fetch_balance()["USDT"]
    newer, older = client.fetch_positions([ETH]), client.fetch_positions([ETH], {"useV2": True})
    for name in ("symbol", "side", "contracts", "entryPrice", "markPrice", "unrealizedPnl"):
        assert newer[0][name] == older[0][name]
    assert older[0]["leverage"] == 20
    [row] = client.fapiprivatev2_get_balance()
    assert row["balance"] == client.fapiprivatev3_get_account()["totalWalletBalance"]


def test_settings(client):
    assert client.set_leverage(10, BTC)["leverage"] == 10
    assert client.fetch_leverages([BTC])[BTC]["longLeverage"] == 10
    with pytest.raises(ccxt.MarginModeAlreadySet):
        client.set_margin_mode("cross", BTC)
    with pytest.raises(ccxt.OperationRejected):
        client.set_position_mode(False)
    assert client.fetch_position_mode()["hedged"] is False
    assert client.fetch_leverage_tiers([BTC])[BTC][0]["maxLeverage"] == 125
    assert client.fetch_trading_fee(BTC)["taker"] == 0.0005
    with pytest.raises(ccxt.BadRequest):
        client.set_leverage(125, "SOL/USDT:USDT")


def test_resting_orders(client, clock):
    last = client.fetch_ticker(BTC)["last"]
    price = float(client.price_to_precision(BTC, last * 1.001))
    order = client.create_order(BTC, "limit", "sell", 0.1, price, {"clientOrderId": "r"})
    assert (order["status"], order["timeInForce"]) == ("open", "GTC")
    assert client.fetch_open_orders(BTC)[0]["clientOrderId"] == "r"
    assert client.fetch_open_orders(BTC, params={"trigger": True}) == []
    assert client.fetch_balance()["USDT"]["used"] > 0
    with pytest.raises(ccxt.InvalidOrder) as caught:
        client.create_order(BTC, "limit", "sell", 0.1, price, {"clientOrderId": "r"})
    assert "-4116" in str(caught.value)
    for _ in range(200):
        clock.sleep(3_600)
        done = client.fetch_order(None, BTC, {"clientOrderId": "r"})
        if done["status"] != "open":
            break
    assert (done["status"], done["average"]) == ("closed", price)
    assert client.fetch_my_trades(BTC)[0]["takerOrMaker"] == "maker"


def test_cancels(client):
    client.create_order(BTC, "limit", "buy", 0.01, 41_000, {"clientOrderId": "c"})
    assert client.cancel_order(None, BTC, {"clientOrderId": "c"})["status"] == "canceled"
    with pytest.raises(ccxt.OrderNotFound):
        client.cancel_order(None, BTC, {"clientOrderId": "c"})
    client.create_order(BTC, "limit", "buy", 0.01, 41_000)
    client.cancel_all_orders(BTC)
    client.cancel_all_orders(BTC)
    assert client.fapiprivate_get_openorders() == []


def test_funding_is_paid_and_told(client, clock):
    client.create_order(BTC, "market", "buy", 0.1)
    clock.sleep(3 * 8 * 3_600)
    paid = client.fetch_funding_history(BTC)
    rates = client.fetch_funding_rate_history(BTC, TRADES_START_MS + 1)
    assert [row["timestamp"] for row in paid] == [row["timestamp"] for row in rates]
    for row, rate in zip(paid, rates, strict=True):
        owed = -0.1 * float(rate["info"]["markPrice"]) * rate["fundingRate"]
        assert row["amount"] == pytest.approx(owed, abs=1e-7)


@pytest.mark.parametrize(
    ("error", "code", "arguments", "params"),
    [
        (ccxt.InsufficientFunds, -2019, ("market", "buy", 10, None), {}),
        (ccxt.InvalidOrder, -2022, ("market", "buy", 0.1, None), {"reduceOnly": True}),
        (ccxt.InvalidOrder, -4164, ("market", "buy", 0.001, None), {}),
        (ccxt.OrderNotFillable, -5022, ("limit", "buy", 0.01, 43_000), {"postOnly": True}),
        (ccxt.OrderNotFillable, -5021, ("limit", "buy", 0.01, 41_000), {"timeInForce": "FOK"}),
        (ccxt.BadRequest, -4016, ("limit", "buy", 0.01, 60_000), {}),
        (ccxt.BadRequest, -1115, ("limit", "buy", 0.01, 41_000), {"timeInForce": "SOON"}),
        (ccxt.BadRequest, -1100, ("limit", "buy", 0.01, 41_000), {"clientOrderId": "a b"}),
    ],
)
def test_refusals_have_their_class_and_change_nothing(client, error, code, arguments, params):
    before = client.fetch_balance()["USDT"]
    with pytest.raises(error, match=f'"code":{code},'):
        client.create_order(BTC, *arguments, params)
    assert client.fetch_balance()["USDT"] == before
    assert client.fetch_orders(BTC) == []


def test_conditional_orders_are_told_where_to_go(client):
    request = {"symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET", "quantity": "0.1"}
    with pytest.raises(ccxt.InvalidOrder, match="-4120"):
        client.fapiprivate_post_order(request)


def test_a_wrong_secret_is_an_authentication_error(venue):
    with futures_client(venue.url, secret="wrong") as stranger:
        stranger.options["fetchCurrencies"] = False
        with pytest.raises(ccxt.AuthenticationError):
            stranger.fetch_balance()
