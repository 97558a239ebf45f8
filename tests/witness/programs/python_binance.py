"""The community's client, asynchronous, REST and streams: ``python_binance.py URL``."""

import asyncio
import sys

from binance import AsyncClient, BinanceSocketManager
from record import Record

BTC = "BTCUSDT"
PATIENCE = 120  # seconds
BY_NAME = {"symbol": BTC, "origClientOrderId": "a"}


def point(url):
    """Addresses are attributes of its classes."""
    AsyncClient.API_URL = url + "/api"
    AsyncClient.MARGIN_API_URL = url + "/sapi"
    AsyncClient.FUTURES_URL = url + "/fapi"
    AsyncClient.FUTURES_DATA_URL = url + "/futures/data"
    BinanceSocketManager.FSTREAM_URL = url.replace("http", "ws") + "/"


async def market_data(record, client):
    async def ask(name, **params):
        return await record.wait(name, getattr(client, name)(**params))

    await ask("get_exchange_info")
    await ask("get_klines", symbol=BTC, interval="1m")
    await ask("get_account")
    for name in ("futures_ping", "futures_time", "futures_exchange_info"):
        await ask(name)
    for name in (
        "futures_order_book", "futures_recent_trades", "futures_historical_trades",
        "futures_aggregate_trades", "futures_mark_price", "futures_funding_rate",
        "futures_ticker", "futures_symbol_ticker", "futures_orderbook_ticker",
        "futures_open_interest", "futures_index_price_constituents",
    ):  # fmt: skip
        await ask(name, symbol=BTC)
    await ask("futures_rpi_depth", symbol=BTC)
    for name in ("futures_klines", "futures_mark_price_klines", "futures_premium_index_klines"):
        await ask(name, symbol=BTC, interval="1m", limit=5)
    await ask("futures_index_price_klines", pair=BTC, interval="1m", limit=5)
    await ask("futures_continuous_klines", pair=BTC, contractType="PERPETUAL", interval="1m")
    await ask("futures_historical_klines", symbol=BTC, interval="1h", start_str="1 day ago UTC")
    await ask("futures_open_interest_hist", symbol=BTC, period="5m")
    await ask("futures_taker_longshort_ratio", symbol=BTC, period="5m")
    await ask("futures_index_info")
    await ask("futures_v1_get_funding_info")


async def orders(record, client):
    async def ask(name, row="", **params):
        return await record.wait(row or name, getattr(client, name)(**params))

    price = float((await client.futures_symbol_ticker(symbol=BTC))["price"])
    low, lower = f"{price * 0.98:.1f}", f"{price * 0.97:.1f}"
    limit = {"symbol": BTC, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    await ask("futures_change_leverage", symbol=BTC, leverage=10)
    await ask("futures_create_test_order", **limit, quantity=0.01, price=low)
    await ask("futures_create_order", **limit, quantity=0.01, price=low, newClientOrderId="a")
    await ask("futures_get_order", **BY_NAME)
    await ask("futures_modify_order", side="BUY", quantity=0.02, price=lower, **BY_NAME)
    await ask("futures_v1_get_open_order", **BY_NAME)
    await ask("futures_get_open_orders", symbol=BTC)
    await ask("futures_cancel_order", **BY_NAME)
    several = [
        {"symbol": BTC, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01",
         "price": at} for at in (low, lower)
    ]  # fmt: skip
    made = await ask("futures_place_batch_order", batchOrders=several)
    numbers = [row["orderId"] for row in made or []]
    await ask("futures_cancel_orders", symbol=BTC, orderidlist=numbers)
    await ask("futures_countdown_cancel_all", symbol=BTC, countdownTime=60_000)
    await ask("futures_cancel_all_open_orders", symbol=BTC)
    market = {"symbol": BTC, "type": "MARKET"}
    await ask("futures_create_order", "market", side="BUY", quantity=0.02, **market)
    await ask("futures_create_order", "too large", side="BUY", quantity=50, **market)
    stop = {"symbol": BTC, "side": "SELL", "type": "STOP_MARKET", "quantity": 0.01,
            "triggerPrice": f"{price * 0.95:.1f}"}  # fmt: skip
    placed = await ask("futures_create_order", "conditional", **stop)
    number = placed["algoId"]
    await ask("futures_create_algo_order", algoType="CONDITIONAL", **stop)
    await ask("futures_get_algo_order", algoId=number)
    await ask("futures_get_open_algo_orders", symbol=BTC)
    await ask("futures_cancel_algo_order", algoId=number)
    await ask("futures_cancel_all_algo_open_orders", symbol=BTC)
    await ask("futures_get_all_algo_orders", symbol=BTC)


async def account(record, client):
    for name in (
        "futures_account", "futures_account_balance", "futures_account_config",
        "futures_position_information", "futures_get_position_mode", "futures_leverage_bracket",
        "futures_get_multi_assets_mode", "futures_adl_quantile_estimate",
        "futures_liquidation_orders", "futures_income_history", "futures_api_trading_status",
        "futures_symbol_config", "futures_v1_get_fee_burn", "futures_v1_get_rate_limit_order",
    ):  # fmt: skip
        await record.wait(name, getattr(client, name)())
    for name in (
        "futures_commission_rate", "futures_get_all_orders", "futures_account_trades",
        "futures_position_margin_history",
    ):  # fmt: skip
        await record.wait(name, getattr(client, name)(symbol=BTC))


async def streams(record, client):
    """Market data and the account's own events, by the three doors."""
    manager = BinanceSocketManager(client)
    depth = manager.futures_depth_socket(BTC)
    names = ("aggTrade", "kline_1m", "markPrice@1s", "ticker", "miniTicker")
    several = manager.futures_multiplex_socket([f"{BTC.lower()}@{name}" for name in names])
    await hear(record, depth, ["depthUpdate"])
    events = ["aggTrade", "kline", "markPriceUpdate", "24hrTicker", "24hrMiniTicker"]
    await hear(record, several, events)
    order = {"symbol": BTC, "side": "SELL", "type": "MARKET", "quantity": 5, "reduceOnly": "true"}
    closing = client.futures_create_order(**order)
    user = manager.futures_user_socket()
    await hear(record, user, ["ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE"], closing)


async def hear(record, socket, wanted, first=None):
    """Listen until each event has come once."""
    async with socket as stream:
        if first is not None:
            await first
        while wanted:
            message = await asyncio.wait_for(stream.recv(), PATIENCE)
            event = message.get("data", message).get("e")
            if event in wanted:
                wanted.remove(event)
                record.note(f"stream {event}")


async def main(url):
    point(url)
    record = Record()
    client = await AsyncClient.create("sim", "sim")
    record.note("create")
    await market_data(record, client)
    await orders(record, client)
    await account(record, client)
    await streams(record, client)
    await client.close_connection()
    record.finish()


asyncio.run(main(*sys.argv[1:]))
