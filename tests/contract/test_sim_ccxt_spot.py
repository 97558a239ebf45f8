"""The spot face of the simulated venue, read and traded by unmodified ccxt."""

from decimal import Decimal

import ccxt
import pytest
from support.sim_ccxt import spot_client

from xq.sim.instruments import REPLAY_START_MS, TRADES_END_MS, TRADES_START_MS
from xq.sim.wire.embed import ensure

BTC = "BTC/USDT"
HOUR = 3_600_000


@pytest.fixture
def venue(tmp_path, clock):
    with ensure(tmp_path, clock=clock, seed=7) as handle:
        yield handle


@pytest.fixture
def client(venue):
    with spot_client(venue.url) as made:
        made.load_markets()
        yield made


def test_markets(client):
    market = client.market(BTC)
    assert market["active"]
    assert market["precision"]["price"] == 0.01
    assert market["precision"]["amount"] == 0.00001
    assert market["limits"]["cost"]["min"] == 5
    assert market["info"]["synthetic"] is False
    assert market["info"]["syntheticFrom"] == TRADES_END_MS
    assert client.market("ETH/USDT")["info"]["synthetic"] is True
    assert len(client.markets) >= 26
    assert all(symbol.endswith("/USDT") for symbol in client.symbols)
    assert {"BTC", "USDT"} <= client.currencies.keys()


def test_time_is_the_venues_own(client, clock):
    assert client.fetch_time() == TRADES_START_MS
    clock.sleep(60)
    assert client.fetch_time() == TRADES_START_MS + 60_000


def test_bars_page_without_seam_or_overlap(client):
    pages, since = [], REPLAY_START_MS
    while True:
        page = client.fetch_ohlcv(BTC, "1h", since=since, limit=1000)
        if not page:
            break
        pages += page
        since = page[-1][0] + HOUR
    times = [row[0] for row in pages]
    assert times == list(range(REPLAY_START_MS, TRADES_START_MS + HOUR, HOUR))
    assert pages[-500:] == client.fetch_ohlcv(BTC, "1h", limit=500)
    until = REPLAY_START_MS + 9 * HOUR
    assert client.fetch_ohlcv(BTC, "1h", REPLAY_START_MS, params={"endTime": until}) == pages[:10]


def test_the_open_bar_is_shown_as_binance_does(client, clock):
    clock.sleep(90)
    closed, running = client.fetch_ohlcv(BTC, "1m", limit=2)
    assert (closed[0], running[0]) == (TRADES_START_MS, TRADES_START_MS + 60_000)


def test_book_trades_and_tickers_agree(client, clock):
    clock.sleep(1_000)
    book = client.fetch_order_book(BTC, 20)
    assert len(book["bids"]) == len(book["asks"]) == 20
    assert book["bids"][0][0] < book["asks"][0][0]
    assert book["bids"] == sorted(book["bids"], reverse=True)
    assert book["asks"] == sorted(book["asks"])
    trades = client.fetch_trades(BTC, limit=50)
    assert trades == sorted(trades, key=lambda trade: int(trade["id"]))
    ticker = client.fetch_ticker(BTC)
    assert ticker["last"] == trades[-1]["price"]
    assert ticker["bid"] <= ticker["last"] <= ticker["ask"]
    assert ticker["low"] <= ticker["last"] <= ticker["high"]
    assert client.fetch_bids_asks([BTC])[BTC]["bid"] == book["bids"][0][0]
    assert client.fetch_last_prices([BTC])[BTC]["price"] == ticker["last"]
    assert client.fetch_tickers().keys() == set(client.symbols)


def test_trades_page_by_id_and_time(client, clock):
    clock.sleep(600)
    first = client.fetch_trades(BTC, since=TRADES_START_MS, limit=100)
    assert first[0]["timestamp"] >= TRADES_START_MS
    onward = client.public_get_aggtrades(
        {"symbol": "BTCUSDT", "fromId": int(first[-1]["id"]) + 1, "limit": 5}
    )
    assert [int(row["a"]) for row in onward] == [
        int(first[-1]["id"]) + step for step in range(1, 6)
    ]


def test_a_market_buy_is_reported_alike_everywhere(client):
    order = client.create_order(BTC, "market", "buy", 0.1, None, {"clientOrderId": "buy-1"})
    assert (order["status"], order["filled"], order["clientOrderId"]) == ("closed", 0.1, "buy-1")
    assert order["id"]
    again = client.fetch_order(None, BTC, {"clientOrderId": "buy-1"})
    assert (again["id"], again["average"]) == (order["id"], order["average"])
    [trade] = client.fetch_my_trades(BTC)
    assert (trade["order"], trade["amount"], trade["side"]) == (order["id"], 0.1, "buy")
    assert trade["fee"] == {"cost": 0.0001, "currency": "BTC"}
    assert trade["takerOrMaker"] == "taker"
    assert client.fetch_order_trades(order["id"], BTC)[0]["id"] == trade["id"]
    balance = client.fetch_balance()
    assert balance["BTC"]["free"] == 0.0999
    assert balance["USDT"]["free"] == float(Decimal(10_000) - Decimal(str(order["cost"])))


def test_a_large_order_pays_for_depth(client):
    best = client.fetch_order_book(BTC, 5)["asks"][0]
    with pytest.raises(ccxt.InsufficientFunds):
        client.create_order(BTC, "market", "buy", best[1] + 50)
    cheap = "DOGE/USDT"
    ask = client.fetch_order_book(cheap, 5)["asks"][0]
    amount = float(client.amount_to_precision(cheap, 9_000 / ask[0]))
    order = client.create_order(cheap, "market", "buy", amount)
    assert order["filled"] == amount
    assert order["average"] >= ask[0]


def test_market_orders_by_cost(client):
    order = client.create_market_buy_order_with_cost(BTC, 500)
    assert 499 < order["cost"] <= 500
    sold = client.create_market_sell_order_with_cost(BTC, 100)
    assert 99 < sold["cost"] <= 100


def test_a_limit_order_rests_fills_and_is_remembered(client, clock):
    last = client.fetch_ticker(BTC)["last"]
    price = float(client.price_to_precision(BTC, last - 5))
    order = client.create_order(BTC, "limit", "buy", 0.01, price, {"clientOrderId": "rest"})
    assert order["status"] == "open"
    assert client.fetch_balance()["USDT"]["used"] == pytest.approx(0.01 * price, abs=1e-9)
    assert [item["clientOrderId"] for item in client.fetch_open_orders(BTC)] == ["rest"]
    clock.sleep(5 * 3600)
    done = client.fetch_order(order["id"], BTC)
    assert (done["status"], done["average"]) == ("closed", price)
    [trade] = client.fetch_my_trades(BTC)
    assert trade["takerOrMaker"] == "maker"
    assert TRADES_START_MS < trade["timestamp"] < client.fetch_time()
    assert client.fetch_open_orders(BTC) == []
    assert client.fetch_balance()["USDT"]["used"] == 0


def test_cancels(client):
    order = client.create_order(BTC, "limit", "buy", 0.01, 40_000, {"clientOrderId": "c"})
    assert client.cancel_order(order["id"], BTC)["status"] == "canceled"
    with pytest.raises(ccxt.OrderNotFound):
        client.cancel_order(order["id"], BTC)
    client.create_order(BTC, "limit", "buy", 0.01, 40_000, {"clientOrderId": "c"})
    assert client.cancel_order(None, BTC, {"clientOrderId": "c"})["status"] == "canceled"
    client.create_order(BTC, "limit", "buy", 0.01, 40_000)
    assert len(client.cancel_all_orders(BTC)) == 1
    with pytest.raises(ccxt.OrderNotFound):
        client.cancel_all_orders(BTC)
    assert {order["status"] for order in client.fetch_orders(BTC)} == {"canceled"}


@pytest.mark.parametrize(
    ("error", "arguments", "params"),
    [
        (ccxt.InsufficientFunds, ("market", "buy", 1.0, None), {}),
        (ccxt.InsufficientFunds, ("limit", "sell", 1.0, 50_000.0), {}),
        (ccxt.OrderImmediatelyFillable, ("limit", "buy", 0.01, 60_000.0), {"postOnly": True}),
        (ccxt.BadRequest, ("limit", "buy", 0.0001, 40_000.0), {}),
        (ccxt.InvalidOrder, ("limit", "buy", 0.01, 40_000.0), {"clientOrderId": "taken"}),
        (ccxt.BadRequest, ("limit", "buy", 0.01, 40_000.0), {"clientOrderId": "no spaces"}),
        (ccxt.BadRequest, ("limit", "buy", 0.01, 40_000.0), {"timeInForce": "SOON"}),
    ],
)
def test_refusals_have_their_class_and_change_nothing(client, error, arguments, params):
    client.create_order(BTC, "limit", "buy", 0.01, 39_000, {"clientOrderId": "taken"})
    before = client.fetch_balance()["info"]["balances"]
    with pytest.raises(error):
        client.create_order(BTC, *arguments, params)
    assert client.fetch_balance()["info"]["balances"] == before
    assert len(client.fetch_orders(BTC)) == 1


def test_unknown_things(client):
    with pytest.raises(ccxt.OrderNotFound):
        client.fetch_order("12345", BTC)
    with pytest.raises(ccxt.BadSymbol):
        client.public_get_depth({"symbol": "NOPEUSDT"})
    with pytest.raises(ccxt.BadRequest):
        client.public_get_klines({"symbol": "BTCUSDT", "interval": "7m"})


def test_immediate_time_in_force(client):
    order = client.create_order(BTC, "limit", "buy", 0.01, 40_000, {"timeInForce": "IOC"})
    assert (order["status"], order["filled"]) == ("expired", 0)
    order = client.create_order(BTC, "limit", "buy", 0.01, 43_000, {"timeInForce": "FOK"})
    assert (order["status"], order["filled"]) == ("closed", 0.01)


def test_fees_as_told_are_fees_as_charged(client):
    told = client.fetch_trading_fee(BTC)
    client.create_order(BTC, "market", "buy", 0.01)
    [trade] = client.fetch_my_trades(BTC)
    assert trade["fee"]["cost"] == pytest.approx(0.01 * told["taker"])


def test_a_wrong_secret_is_an_authentication_error(venue):
    with spot_client(venue.url, secret="wrong") as stranger:
        stranger.options["fetchCurrencies"] = False
        stranger.options["fetchMargins"] = False
        with pytest.raises(ccxt.AuthenticationError):
            stranger.fetch_balance()
