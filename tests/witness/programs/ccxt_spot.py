"""Every call of ccxt that a spot trader makes: ``ccxt_spot.py URL sync|async``."""

import asyncio
import sys

import ccxt
import ccxt.async_support
from ccxt_story import Story

BTC, ETH = "BTC/USDT", "ETH/USDT"
MINUTE = 60_000


def config(url):
    """What docs/venue/clients.md shows."""
    return {
        "apiKey": "sim",
        "secret": "sim",
        "enableRateLimit": False,
        "exceptions": {"exact": ccxt.binance().exceptions["spot"]["exact"]},
        "options": {"fetchMarkets": {"types": ["spot"]}, "fetchMargins": True},
        "urls": {
            "api": {
                "public": url + "/api/v3",
                "private": url + "/api/v3",
                "v1": url + "/api/v1",
                "sapi": url + "/sapi/v1",
            }
        },
    }


async def market_data(story):
    await story.plain("load_markets")
    await story.plain("fetch_currencies")
    await story.plain("fetch_status")
    now = await story.plain("fetch_time")
    await story.plain("fetch_ohlcv", BTC, "1m", None, 100)
    since = now - 2_501 * MINUTE
    paging = {"paginate": True, "until": now - MINUTE}
    await story.call("fetch_ohlcv paged", "fetch_ohlcv", BTC, "1m", since, 2_500, paging)
    await story.plain("fetch_order_book", BTC, 50)
    await story.plain("fetch_trades", BTC, None, 100)
    await story.plain("fetch_ticker", BTC)
    await story.plain("fetch_tickers")
    await story.plain("fetch_bids_asks", [BTC])
    await story.plain("fetch_last_prices", [BTC])
    await story.plain("fetch_trading_fee", BTC)
    await story.plain("fetch_trading_fees")
    await story.plain("fetch_balance")


async def orders(story):
    last = (await story.call("ticker before orders", "fetch_ticker", BTC))["last"]
    low, lower = (float(story.exchange.price_to_precision(BTC, last * f)) for f in (0.98, 0.97))
    high = float(story.exchange.price_to_precision(BTC, last * 1.01))
    create = "create_order"
    named = {"clientOrderId": "a"}
    resting = await story.call("create_order limit", create, BTC, "limit", "buy", 0.01, low, named)
    await story.plain("fetch_order", resting["id"], BTC)
    await story.call("fetch_order by client id", "fetch_order", None, BTC, named)
    edited = await story.plain("edit_order", resting["id"], BTC, "limit", "buy", 0.02, lower)
    await story.call(
        "edit_order of nothing", "edit_order", resting["id"], BTC, "limit", "buy", 0.02, lower
    )
    await story.plain("fetch_open_orders", BTC)
    await story.plain("cancel_order", edited and edited["id"], BTC)
    await story.call("cancel_order again", "cancel_order", edited and edited["id"], BTC)
    post = {"postOnly": True}
    await story.call("create_order postOnly", create, BTC, "limit", "buy", 0.01, low, post)
    await story.call("create_order postOnly taking", create, BTC, "limit", "buy", 0.01, high, post)
    for name in ("IOC", "FOK"):
        in_force = {"timeInForce": name}
        await story.call(f"create_order {name}", create, BTC, "limit", "buy", 0.01, high, in_force)
    await story.call("create_order too large", create, BTC, "market", "buy", 5)
    await story.call("create_order market", create, BTC, "market", "buy", 0.02)
    await story.plain("create_market_buy_order_with_cost", BTC, 500)
    stop = {"stopLossPrice": float(story.exchange.price_to_precision(BTC, last * 0.95))}
    await story.call("create_order stop loss", create, BTC, "market", "sell", 0.01, None, stop)
    await story.call("create_order stop loss limit", create, BTC, "limit", "sell", 0.01, low, stop)
    await story.plain("cancel_all_orders", BTC)
    await story.call("create_order market sell", create, BTC, "market", "sell", 0.01)
    await story.plain("fetch_orders", BTC)
    await story.plain("fetch_closed_orders", BTC)
    await story.plain("fetch_canceled_orders", BTC)
    await story.plain("fetch_my_trades", BTC)
    await story.plain("fetch_order_trades", resting["id"], BTC)


async def main(url, mode):
    package = ccxt.async_support if mode == "async" else ccxt
    made = package.binance(config(url))
    story = Story(made)
    await market_data(story)
    await orders(story)
    if mode == "async":
        await made.close()
    story.record.finish()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
