"""Every call of ccxt that a linear trader makes: ``ccxt_calls.py URL sync|async EXCHANGE``.

Nothing of ccxt is changed: addresses and keys, and the table of errors that ccxt would have chosen
by the real address. Synchronous and asynchronous ccxt go through the same list.
"""

import asyncio
import sys

import ccxt
import ccxt.async_support
from ccxt_story import Story

BTC, ETH, SOL = "BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT"
MINUTE = 60_000
STOP = {"trigger": True}


def config(url):
    """What docs/venue/clients.md shows."""
    return {
        "apiKey": "sim",
        "secret": "sim",
        "enableRateLimit": False,
        "exceptions": {"exact": ccxt.binance().exceptions["linear"]["exact"]},
        "urls": {
            "api": {
                "fapiPublic": url + "/fapi/v1",
                "fapiPublicV2": url + "/fapi/v2",
                "fapiPublicV3": url + "/fapi/v3",
                "fapiPrivate": url + "/fapi/v1",
                "fapiPrivateV2": url + "/fapi/v2",
                "fapiPrivateV3": url + "/fapi/v3",
                "fapiData": url + "/futures/data",
                "public": url + "/api/v3",
                "private": url + "/api/v3",
                "sapi": url + "/sapi/v1",
            }
        },
    }


def client(url, mode, exchange):
    package = ccxt.async_support if mode == "async" else ccxt
    more = {}
    if exchange == "binance":
        more = {"options": {"defaultType": "future", "fetchMarkets": {"types": ["linear"]}}}
    return getattr(package, exchange)(config(url) | more)


async def market_data(story):
    await story.plain("load_markets")
    await story.plain("fetch_currencies")
    await story.plain("fetch_status")
    now = await story.plain("fetch_time")
    await story.plain("fetch_ohlcv", BTC, "1m", None, 100)
    for price in ("mark", "index", "premiumIndex"):
        await story.call(
            f"fetch_ohlcv {price}", "fetch_ohlcv", BTC, "1h", None, 20, {"price": price}
        )
    paging = {"paginate": True, "until": now - MINUTE}
    since = now - 2_501 * MINUTE
    await story.call("fetch_ohlcv paged", "fetch_ohlcv", BTC, "1m", since, 2_500, paging)
    await story.plain("fetch_order_book", BTC, 50)
    await story.call("fetch_order_book rpi", "fetch_order_book", BTC, 1000, {"rpi": True})
    await story.plain("fetch_trades", BTC, None, 100)
    await story.call("fetch_trades since", "fetch_trades", BTC, now - MINUTE)
    await story.plain("fetch_ticker", BTC)
    await story.plain("fetch_tickers")
    await story.plain("fetch_bids_asks", [BTC])
    await story.plain("fetch_last_prices", [BTC])
    await story.plain("fetch_mark_price", BTC)
    await story.plain("fetch_mark_prices", [BTC, ETH])
    await story.plain("fetch_funding_rate", BTC)
    await story.plain("fetch_funding_rates", [BTC, ETH])
    await story.plain("fetch_funding_intervals", [BTC])
    await story.plain("fetch_funding_rate_history", BTC, None, 10)
    await story.plain("fetch_open_interest", BTC)
    await story.plain("fetch_open_interest_history", BTC, "1h", None, 10)


async def settings(story):
    await story.plain("fetch_leverage_tiers", [BTC])
    await story.plain("fetch_market_leverage_tiers", BTC)
    await story.plain("fetch_position_mode")
    await story.call("set_position_mode unchanged", "set_position_mode", False)
    await story.plain("set_leverage", 10, BTC)
    await story.plain("fetch_leverages", [BTC])
    await story.plain("fetch_leverage", BTC)
    await story.call("set_margin_mode unchanged", "set_margin_mode", "cross", SOL)
    await story.plain("fetch_margin_modes", [BTC])
    await story.plain("fetch_margin_mode", SOL)
    await story.plain("fetch_trading_fee", BTC)
    await story.plain("fetch_trading_fees")


async def orders(story):
    ticker = await story.call("ticker before orders", "fetch_ticker", BTC)
    low = float(story.exchange.price_to_precision(BTC, ticker["last"] * 0.98))
    lower = float(story.exchange.price_to_precision(BTC, ticker["last"] * 0.97))
    create = "create_order"
    resting = await story.call(
        "create_order limit", create, BTC, "limit", "buy", 0.01, low, {"clientOrderId": "a"}
    )
    await story.call(
        "create_order same client id", create, BTC, "limit", "buy", 0.01, low,
        {"clientOrderId": "a"},
    )  # fmt: skip
    await story.plain("fetch_open_order", resting["id"], BTC)
    await story.plain("fetch_order", resting["id"], BTC)
    by_name = {"clientOrderId": "a"}
    await story.call("fetch_order by client id", "fetch_order", None, BTC, by_name)
    await story.plain("fetch_order_with_client_order_id", "a", BTC)
    await story.call("edit_order", "edit_order", resting["id"], BTC, "limit", "buy", 0.02, lower)
    await story.plain("fetch_open_orders", BTC)
    await story.plain("cancel_order", resting["id"], BTC)
    await story.call("cancel_order again", "cancel_order", resting["id"], BTC)
    post = {"postOnly": True, "clientOrderId": "b"}
    await story.call("create_order postOnly", create, BTC, "limit", "buy", 0.01, low, post)
    await story.call("cancel_order by client id", "cancel_order", None, BTC, {"clientOrderId": "b"})
    taking = float(story.exchange.price_to_precision(BTC, ticker["last"] * 1.01))
    await story.call(
        "create_order postOnly taking", create, BTC, "limit", "buy", 0.01, taking, post
    )
    for name in ("IOC", "FOK"):
        await story.call(
            f"create_order {name}", create, BTC, "limit", "buy", 0.01, taking,
            {"timeInForce": name},
        )  # fmt: skip
    await story.call("create_order too large", create, BTC, "market", "buy", 30)
    await story.call("create_order market", create, BTC, "market", "buy", 0.03)
    await story.call("create_order of another market", create, SOL, "market", "buy", 10)
    leg = {"symbol": BTC, "type": "limit", "side": "buy", "amount": 0.01, "price": low}
    made = await story.plain("create_orders", [leg, leg | {"price": lower}])
    ids = [order["id"] for order in made or []]
    await story.plain("edit_orders", [
        {"id": number, "symbol": BTC, "type": "limit", "side": "buy", "amount": 0.02,
         "price": low} for number in ids
    ])  # fmt: skip
    await story.plain("cancel_orders", ids, BTC)
    await story.call("create_order to be swept", create, BTC, "limit", "buy", 0.01, low)
    await story.plain("cancel_all_orders", BTC)
    await story.plain("fetch_orders", BTC)
    await story.plain("fetch_closed_orders", BTC)
    await story.plain("fetch_canceled_orders", BTC)
    await story.plain("fetch_my_trades", BTC)


async def conditional_orders(story):
    price = (await story.call("ticker before stops", "fetch_ticker", BTC))["last"]
    create = "create_order"
    await story.call(
        "create_order stop market", create, BTC, "market", "sell", 0.01, None,
        {"stopLossPrice": price * 0.95, "clientOrderId": "stop"},
    )  # fmt: skip
    await story.call(
        "create_order stop limit", create, BTC, "limit", "sell", 0.01, price * 0.94,
        {"triggerPrice": price * 0.95},
    )  # fmt: skip
    await story.call(
        "create_order take profit market", create, BTC, "market", "sell", 0.01, None,
        {"takeProfitPrice": price * 1.04, "reduceOnly": True},
    )  # fmt: skip
    await story.call(
        "create_order take profit", create, BTC, "limit", "sell", 0.01, price * 1.041,
        {"takeProfitPrice": price * 1.04},
    )  # fmt: skip
    await story.call(
        "create_order trailing", create, BTC, "market", "sell", 0.01, None,
        {"trailingPercent": 1},
    )  # fmt: skip
    await story.call(
        "create_order closePosition", create, BTC, "market", "sell", 0, None,
        {"stopLossPrice": price * 0.96, "closePosition": True},
    )  # fmt: skip
    await story.call(
        "create_order triggering at once", create, BTC, "market", "sell", 0.01, None,
        {"stopLossPrice": price * 1.05},
    )  # fmt: skip
    by_name = STOP | {"clientOrderId": "stop"}
    await story.call("fetch_order conditional", "fetch_order", None, BTC, by_name)
    await story.call("fetch_open_orders conditional", "fetch_open_orders", BTC, None, None, STOP)
    await story.call("fetch_open_orders beside them", "fetch_open_orders", BTC)
    await story.call("cancel_order conditional", "cancel_order", None, BTC, by_name)
    await story.call("cancel_all_orders conditional", "cancel_all_orders", BTC, STOP)
    await story.call("fetch_orders conditional", "fetch_orders", BTC, None, None, STOP)


async def account(story):
    await story.plain("fetch_balance")
    await story.call("fetch_balance v2", "fetch_balance", {"useV2": True})
    await story.plain("fetch_positions", [BTC])
    await story.call("fetch_positions v2", "fetch_positions", [BTC], {"useV2": True})
    await story.plain("fetch_my_liquidations", BTC)
    await story.plain("fetch_positions_adl_rank", [BTC])
    for symbol, amount in ((BTC, 5), (SOL, 50)):
        await story.call(
            f"create_order reduceOnly {symbol[:3]}", "create_order", symbol, "market", "sell",
            amount, None, {"reduceOnly": True},
        )  # fmt: skip
    await story.call(
        "create_order reducing nothing", "create_order", BTC, "market", "sell", 1, None,
        {"reduceOnly": True},
    )  # fmt: skip
    await story.plain("fetch_funding_history", BTC)
    await story.plain("fetch_ledger", "USDT")


async def main(url, mode, exchange):
    made = client(url, mode, exchange)
    story = Story(made)
    await market_data(story)
    await settings(story)
    await orders(story)
    await conditional_orders(story)
    await account(story)
    if mode == "async":
        await made.close()
    story.record.finish()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
