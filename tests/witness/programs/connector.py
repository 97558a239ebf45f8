"""Binance's older official client, REST and streams: ``connector.py URL``."""

import json
import queue
import sys

from binance.um_futures import UMFutures
from binance.websocket.um_futures.websocket_client import UMFuturesWebsocketClient
from record import Record

BTC = "BTCUSDT"
PATIENCE = 120  # seconds


def market_data(record, client):
    for name in ("ping", "time", "exchange_info", "funding_info"):
        record.call(name, getattr(client, name))
    for name in (
        "depth", "trades", "historical_trades", "agg_trades", "funding_rate", "mark_price",
        "ticker_24hr_price_change", "ticker_price", "book_ticker", "open_interest",
        "index_price_constituents",
    ):  # fmt: skip
        record.call(name, getattr(client, name), BTC)
    record.call("index_info", client.index_info)
    record.call("klines", client.klines, BTC, "1m", limit=5)
    record.call("mark_price_klines", client.mark_price_klines, BTC, "1m", limit=5)
    record.call("index_price_klines", client.index_price_klines, BTC, "1m", limit=5)
    record.call("continuous_klines", client.continuous_klines, BTC, "PERPETUAL", "1m", limit=5)
    record.call("open_interest_hist", client.open_interest_hist, BTC, "5m", limit=5)
    record.call("taker_long_short_ratio", client.taker_long_short_ratio, BTC, "5m", limit=5)


def orders(record, client):
    price = float(client.ticker_price(BTC)["price"])
    low, lower = f"{price * 0.98:.1f}", f"{price * 0.97:.1f}"
    limit = {"symbol": BTC, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    record.call("change_leverage", client.change_leverage, BTC, 10)
    record.call("new_order_test", client.new_order_test, **limit, quantity=0.01, price=low)
    record.call(
        "new_order", client.new_order, **limit, quantity=0.01, price=low, newClientOrderId="a"
    )
    by_name = {"symbol": BTC, "origClientOrderId": "a"}
    record.call("query_order", client.query_order, **by_name)
    record.call("modify_order", client.modify_order, BTC, "BUY", 0.02, lower, origClientOrderId="a")
    record.call("get_open_orders", client.get_open_orders, **by_name)
    record.call("get_orders", client.get_orders, symbol=BTC)
    record.call("cancel_order", client.cancel_order, **by_name)
    record.call("cancel_order again", client.cancel_order, **by_name)
    several = [
        {"symbol": BTC, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01",
         "price": at, "newClientOrderId": name} for name, at in (("b", low), ("c", lower))
    ]  # fmt: skip
    record.call("new_batch_order", client.new_batch_order, several)
    record.call("cancel_batch_order", client.cancel_batch_order, BTC, [], ["b", "c"])
    record.call("countdown_cancel_order", client.countdown_cancel_order, BTC, 60_000)
    record.call("cancel_open_orders", client.cancel_open_orders, BTC)
    market = {"symbol": BTC, "type": "MARKET"}
    record.call("new_order market", client.new_order, side="BUY", quantity=0.02, **market)
    record.call("new_order too large", client.new_order, side="BUY", quantity=50, **market)


def account(record, client):
    for name in (
        "balance", "account", "get_position_risk", "get_position_mode", "get_multi_asset_mode",
        "leverage_brackets", "adl_quantile", "force_orders", "get_income_history",
        "symbol_configuration", "futures_account_configuration", "query_user_rate_limit",
        "api_trading_status", "get_bnb_burn",
    ):  # fmt: skip
        record.call(name, getattr(client, name))
    record.call("commission_rate", client.commission_rate, BTC)
    record.call("get_all_orders", client.get_all_orders, BTC)
    record.call("get_account_trades", client.get_account_trades, BTC)
    record.call("get_position_margin_history", client.get_position_margin_history, BTC)


def streams(record, client, url):
    """Market data and the account's own events, by the plain addresses this client knows."""
    heard = queue.Queue()
    key = record.call("new_listen_key", client.new_listen_key)["listenKey"]
    record.call("renew_listen_key", client.renew_listen_key, key)
    socket = UMFuturesWebsocketClient(
        stream_url=url.replace("http", "ws"), on_message=lambda _, text: heard.put(json.loads(text))
    )
    socket.agg_trade(BTC)
    socket.kline(BTC, "1m")
    socket.mark_price(BTC, 1)
    socket.diff_book_depth(BTC, 100)
    socket.book_ticker(BTC)
    socket.user_data(key)
    wanted = {
        "aggTrade", "kline", "markPriceUpdate", "depthUpdate", "bookTicker", "ORDER_TRADE_UPDATE",
        "ACCOUNT_UPDATE",
    }  # fmt: skip
    answered = 0
    while wanted:
        message = heard.get(timeout=PATIENCE)
        if "e" not in message:
            answered += 1
            if answered == 6:  # all are subscribed to
                closing = {"side": "SELL", "type": "MARKET", "quantity": 5, "reduceOnly": "true"}
                record.call("new_order to be heard", client.new_order, BTC, **closing)
        elif message["e"] in wanted:
            wanted.remove(message["e"])
            record.note(f"stream {message['e']}")
    socket.stop()
    record.call("close_listen_key", client.close_listen_key, key)


def main(url):
    record, client = Record(), UMFutures(key="sim", secret="sim", base_url=url)
    market_data(record, client)
    orders(record, client)
    account(record, client)
    streams(record, client, url)
    record.finish()


main(*sys.argv[1:])
