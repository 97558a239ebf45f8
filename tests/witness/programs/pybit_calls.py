"""Bybit's official client on the Bybit face, REST and streams: ``pybit_calls.py URL``."""

import itertools
import os
import queue
import sys

from pybit import _websocket_trading, unified_trading
from record import Record

BTC = {"category": "linear", "symbol": "BTCUSDT"}
ETH = {"category": "linear", "symbol": "ETHUSDT"}
KEYS = {"testnet": False, "api_key": "sim", "api_secret": "sim"}
PATIENCE = 120  # seconds


def point(url):
    """Addresses of streams are constants of its modules, that of requests an attribute."""
    ws = url.replace("http", "ws")
    unified_trading.PUBLIC_WSS = ws + "/v5/public/{CHANNEL_TYPE}"
    unified_trading.PRIVATE_WSS = ws + "/v5/private"
    _websocket_trading.TRADE_WSS = ws + "/v5/trade"
    http = unified_trading.HTTP(**KEYS)
    http.endpoint = url
    return http


def market_data(record, http):
    record.call("get_server_time", http.get_server_time)
    for name in (
        "get_instruments_info", "get_risk_limit", "get_orderbook", "get_public_trade_history",
        "get_tickers", "get_funding_rate_history",
    ):  # fmt: skip
        record.call(name, getattr(http, name), **BTC)
    for name in (
        "get_kline", "get_mark_price_kline", "get_index_price_kline",
        "get_premium_index_price_kline",
    ):  # fmt: skip
        record.call(name, getattr(http, name), **BTC, interval=1, limit=5)
    record.call("get_open_interest", http.get_open_interest, **BTC, intervalTime="5min")


def settings(record, http):
    record.call("get_account_info", http.get_account_info)
    record.call("get_api_key_information", http.get_api_key_information)
    record.call("get_wallet_balance", http.get_wallet_balance, accountType="UNIFIED")
    record.call("get_coin_info", http.get_coin_info)
    record.call("get_fee_rates", http.get_fee_rates, **BTC)
    leverage = {"buyLeverage": "10", "sellLeverage": "10"}
    record.call("set_leverage", http.set_leverage, **BTC, **leverage)
    record.call("set_leverage unchanged", http.set_leverage, **BTC, **leverage)


def orders(record, http):
    last = float(http.get_tickers(**BTC)["result"]["list"][0]["lastPrice"])
    low, lower = f"{last * 0.98:.1f}", f"{last * 0.97:.1f}"
    limit = BTC | {"side": "Buy", "orderType": "Limit", "qty": "0.01"}
    record.call("place_order", http.place_order, **limit, price=low, orderLinkId="a")
    record.call("place_order again", http.place_order, **limit, price=low, orderLinkId="a")
    record.call("amend_order", http.amend_order, **BTC, orderLinkId="a", qty="0.02", price=lower)
    record.call("get_open_orders", http.get_open_orders, **BTC)
    record.call("cancel_order", http.cancel_order, **BTC, orderLinkId="a")
    record.call("cancel_order again", http.cancel_order, **BTC, orderLinkId="a")
    leg = {"symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.01"}
    several = [leg | {"price": low, "orderLinkId": "b"}, leg | {"price": lower, "orderLinkId": "c"}]
    record.call("place_batch_order", http.place_batch_order, category="linear", request=several)
    changes = [{"symbol": "BTCUSDT", "orderLinkId": "b", "qty": "0.02"}]
    record.call("amend_batch_order", http.amend_batch_order, category="linear", request=changes)
    ends = [{"symbol": "BTCUSDT", "orderLinkId": name} for name in ("b", "c")]
    record.call("cancel_batch_order", http.cancel_batch_order, category="linear", request=ends)
    stop = BTC | {"side": "Sell", "orderType": "Market", "qty": "0.01", "triggerDirection": 2}
    record.call("place_order conditional", http.place_order, **stop, triggerPrice=lower)
    record.call("cancel_all_orders", http.cancel_all_orders, **BTC)
    market = BTC | {"side": "Buy", "orderType": "Market"}
    record.call("place_order market", http.place_order, **market, qty="0.02")
    record.call("place_order too large", http.place_order, **market, qty="30")
    record.call("get_positions", http.get_positions, **BTC)
    record.call("set_trading_stop", http.set_trading_stop, **BTC, stopLoss=lower, positionIdx=0)
    record.call("get_order_history", http.get_order_history, **BTC)
    record.call("get_executions", http.get_executions, **BTC)
    record.call("get_transaction_log", http.get_transaction_log, accountType="UNIFIED")


def streams(record, http):
    """Public and private streams, and orders by WebSocket."""
    heard = queue.Queue()
    public = unified_trading.WebSocket("linear", testnet=False)
    private = unified_trading.WebSocket("private", **KEYS)
    public.orderbook_stream(50, "BTCUSDT", heard.put)
    public.ticker_stream("BTCUSDT", heard.put)
    public.trade_stream("BTCUSDT", heard.put)
    public.kline_stream(1, "BTCUSDT", heard.put)
    for name in ("order", "execution", "position", "wallet"):
        getattr(private, f"{name}_stream")(heard.put)
    wanted = {
        "orderbook.50.BTCUSDT", "tickers.BTCUSDT", "publicTrade.BTCUSDT", "kline.1.BTCUSDT",
        "order", "execution", "position", "wallet",
    }  # fmt: skip
    sides = itertools.cycle(("Sell", "Buy"))
    for number in itertools.count():
        if number % 50 == 0:  # pybit does not tell when it is subscribed, so try again
            http.place_order(**BTC, side=next(sides), orderType="Market", qty="0.02")
        topic = heard.get(timeout=PATIENCE)["topic"]
        if topic in wanted:
            wanted.remove(topic)
            record.note(f"stream {topic}")
        if not wanted:
            break
    trading = unified_trading.WebSocketTrading(**KEYS)
    order = ETH | {"side": "Buy", "orderType": "Limit", "qty": "1", "price": "100"}
    trading.place_order(heard.put, **order, orderLinkId="w")
    answer = heard.get(timeout=PATIENCE)
    while "op" not in answer:
        answer = heard.get(timeout=PATIENCE)
    record.note("trade order.create", "ok" if answer["op"] == "order.create" else "no", answer)


def main(url):
    record, http = Record(), point(url)
    market_data(record, http)
    settings(record, http)
    orders(record, http)
    streams(record, http)
    record.finish()
    sys.stdout.flush()
    os._exit(0)  # pybit's exit() waits for ever for a connection that it has opened anew itself


main(*sys.argv[1:])
