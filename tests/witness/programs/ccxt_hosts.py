"""ccxt with the exchange's real addresses: ``ccxt_hosts.py PROXY CA sync|pro``.

Nothing but keys, a proxy and the certificate authority is set: what is tested is what ships.
"""

import asyncio
import sys

import ccxt
import ccxt.pro
from ccxt_story import Story

BTC = "BTC/USDT:USDT"
KEYS = {"apiKey": "sim", "secret": "sim", "enableRateLimit": False}


async def trade(story):
    """Calls and refusals, whose classes ccxt chooses by the address."""
    create = "create_order"
    await story.plain("load_markets")
    last = (await story.plain("fetch_ticker", BTC))["last"]
    low, high = last * 0.98, last * 1.02
    named = {"clientOrderId": "a"}
    await story.plain("fetch_balance")
    await story.call("limit", create, BTC, "limit", "buy", 0.01, low, named)
    await story.call("same client id", create, BTC, "limit", "buy", 0.01, low, named)
    await story.plain("cancel_order", None, BTC, named)
    await story.call("unknown order", "cancel_order", None, BTC, named)
    await story.call("too large", create, BTC, "market", "buy", 50)
    await story.call("too small", create, BTC, "market", "buy", 0.001)
    await story.call(
        "taking post-only", create, BTC, "limit", "buy", 0.01, high, {"postOnly": True}
    )
    await story.call(
        "nothing to reduce", create, BTC, "market", "buy", 0.1, None, {"reduceOnly": True}
    )
    await story.call(
        "stop at once", create, BTC, "market", "sell", 0.01, None, {"stopLossPrice": high}
    )
    await story.call("market", create, BTC, "market", "buy", 0.02)
    await story.call("elsewhere", "fetch", "https://www.binance.com/")


async def sync(_proxy, _ca):
    """The proxy and the authority come from the environment, as requests knows them."""
    exchange = ccxt.binanceusdm(KEYS)
    exchange.session.trust_env = exchange.requests_trust_env = True
    story = Story(exchange)
    await trade(story)
    story.record.note(f"address {exchange.urls['api']['fapiPrivate']}")
    return story.record


async def pro(proxy, ca):
    through = {"httpsProxy": proxy, "wssProxy": proxy, "cafile": ca}
    exchange = ccxt.pro.binanceusdm(KEYS | through)
    story = Story(exchange)
    await trade(story)
    await story.plain("watch_order_book", BTC)
    await story.plain("watch_mark_price", BTC)
    heard = asyncio.create_task(story.plain("watch_orders"))
    while not listens(exchange):
        await asyncio.sleep(0.01)
    await story.call("to be heard", "create_order", BTC, "market", "sell", 0.02)
    await heard
    await story.plain("create_order_ws", BTC, "limit", "buy", 0.01, 20_000)
    for address in exchange.clients:
        story.record.note(f"address {address.partition('?')[0]}")
    await exchange.close()
    return story.record


def listens(exchange):
    """Whether the account's own stream is open."""
    open_now = [address for address, one in exchange.clients.items() if one.connected.done()]
    return any("/private" in address for address in open_now)


def main(proxy, ca, which):
    asyncio.run({"sync": sync, "pro": pro}[which](proxy, ca)).finish()


main(*sys.argv[1:])
