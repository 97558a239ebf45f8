"""ccxt's own live tests, as its package ships them: ``ccxt_live.py URL sync|pro``.

They look at the structure of every answer, and at sums that must agree. Nothing is left out of
what they check; only those run whose method the exchange class says it has.
"""

import asyncio
import importlib
import inspect
import pkgutil
import sys

import ccxt
import ccxt.pro
import ccxt.pro.test.Exchange as pro_tests
import ccxt.test.exchange.sync as sync_tests
from ccxt_linear import config
from record import Record

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
GIVEN = {"symbol": BTC, "symbols": [BTC, ETH], "code": "USDT", "skipped_properties": {}}
ELSEWHERE = {"test_proxies"}  # asks servers of the internet
PAUSE = 0.5  # seconds between the trades that give the watchers something to see


def tests_of(package, exchange):
    """(name, test, arguments) of every test for a method that the exchange has."""
    has = {exchange.un_camel_case(name): known for name, known in exchange.has.items()}
    for module in pkgutil.iter_modules(package.__path__):
        if not has.get(module.name.removeprefix("test_"), module.name not in ELSEWHERE):
            continue
        test = getattr(importlib.import_module(f"{package.__name__}.{module.name}"), module.name)
        names = inspect.signature(test).parameters
        yield module.name, test, {n: GIVEN[n] for n in names if n in GIVEN}


def prepare(exchange):
    """A position, fills and resting orders, so that there is something to look at."""
    low = exchange.fetch_ticker(BTC)["last"] * 0.98
    exchange.create_order(BTC, "market", "buy", 0.05)
    exchange.create_order(BTC, "limit", "buy", 0.01, low)
    exchange.cancel_order(exchange.create_order(BTC, "limit", "buy", 0.01, low)["id"], BTC)


def run_sync(url, record):
    exchange = ccxt.binanceusdm(config(url))
    exchange.load_markets()
    prepare(exchange)
    for name, test, arguments in tests_of(sync_tests, exchange):
        record.call(name, test, exchange, **arguments)


async def trade(exchange):
    """Open and close, again and again."""
    while True:
        for side in ("buy", "sell"):
            await exchange.create_order(BTC, "market", side, 0.01)
            await asyncio.sleep(PAUSE)


async def run_pro(url, record):
    ws = url.replace("http", "ws")
    options = config(url)
    options["urls"]["api"]["ws"] = {
        "linear": ws + "/ws",
        "ws-api": {"linear": ws + "/ws-fapi/v1"},
    }
    exchange = ccxt.pro.binanceusdm(options)
    await exchange.load_markets()
    trading = asyncio.create_task(trade(exchange))
    tests = [
        record.wait(name, test(exchange, **arguments))
        for name, test, arguments in tests_of(pro_tests, exchange)
    ]
    await asyncio.gather(*tests)
    trading.cancel()
    await exchange.close()


def main(url, which):
    record = Record()
    if which == "sync":
        run_sync(url, record)
    else:
        asyncio.run(run_pro(url, record))
    record.finish()


main(*sys.argv[1:])
