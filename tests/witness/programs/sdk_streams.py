"""The official modular SDK: streams, the account's events, requests: ``sdk_streams.py URL``."""

import asyncio
import sys
from contextlib import suppress

from record import Record
from sdk_client import Complaints, client

BTC = "BTCUSDT"
PATIENCE = 120  # seconds
USER = {"OrderTradeUpdate", "AccountUpdate", "AlgoUpdate", "AccountConfigUpdate"}


class Ears:
    """Which streams were heard, and which events of the account."""

    def __init__(self, streams):
        self.asked = set(streams) | USER
        self.wanted = set(self.asked)
        self.done = asyncio.Event()

    def hear(self, name):
        self.wanted.discard(name)
        if not self.wanted:
            self.done.set()

    def user(self, event):
        self.hear(type(event.actual_instance).__name__)


async def listen(api, rest):
    """Subscribe to everything; what was asked for and never came is a failure."""
    streams = api.websocket_streams
    await streams.create_connection()
    kinds = {
        "aggregate_trade_streams": {"symbol": BTC},
        "kline_candlestick_streams": {"symbol": BTC, "interval": "1m"},
        "mark_price_stream": {"symbol": BTC},
        "mark_price_stream_for_all_market": {},
        "individual_symbol_ticker_streams": {"symbol": BTC},
        "individual_symbol_mini_ticker_stream": {"symbol": BTC},
        "all_market_tickers_streams": {},
        "all_market_mini_tickers_stream": {},
        "individual_symbol_book_ticker_streams": {"symbol": BTC},
        "all_book_tickers_stream": {},
        "diff_book_depth_streams": {"symbol": BTC},
        "partial_book_depth_streams": {"symbol": BTC, "levels": 10},
    }
    ears = Ears(kinds)
    for name, options in kinds.items():
        stream = await getattr(streams, name)(**options)
        stream.on("message", lambda _, name=name: ears.hear(name))
    user = await streams.user_data(rest.start_user_data_stream().data().listen_key)
    user.on("message", ears.user)
    return ears


async def trade(api, rest, record):
    """Orders by WebSocket, and everything of which the account is told."""
    requests = api.websocket_api
    await requests.create_connection()

    async def ask(name, **params):
        response = await record.wait(name, getattr(requests, name)(**params))
        return None if response is None else response.data()

    await ask("symbol_price_ticker", symbol=BTC)
    await ask("symbol_order_book_ticker", symbol=BTC)
    await ask("order_book", symbol=BTC, limit=5)
    rest.change_initial_leverage(symbol=BTC, leverage=15)
    price = float(rest.mark_price(symbol=BTC).data().actual_instance.mark_price)
    low = round(price * 0.98, 1)
    limit = {"symbol": BTC, "side": "BUY", "type": "LIMIT", "time_in_force": "GTC"}
    await ask("new_order", **limit, quantity=0.01, price=low, new_client_order_id="a")
    await ask("query_order", symbol=BTC, orig_client_order_id="a")
    await ask(
        "modify_order", symbol=BTC, side="BUY", quantity=0.02, price=low, orig_client_order_id="a"
    )
    await ask("cancel_order", symbol=BTC, orig_client_order_id="a")
    rest.new_order(symbol=BTC, side="BUY", type="MARKET", quantity=0.02)
    for name in (
        "account_information", "account_information_v2", "futures_account_balance",
        "futures_account_balance_v2", "position_information", "position_information_v2",
    ):  # fmt: skip
        await ask(name)
    await ask("new_algo_order", algo_type="CONDITIONAL", symbol=BTC, side="SELL",
              type="STOP_MARKET", quantity=0.01, trigger_price=low, client_algo_id="s")  # fmt: skip
    await ask("cancel_algo_order", client_algo_id="s")


async def main(url):
    api, record, complaints = client(url), Record(), Complaints()
    rest = api.rest_api
    ears = await listen(api, rest)
    await trade(api, rest, record)
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(ears.done.wait(), PATIENCE)
    for name in sorted(ears.asked):
        record.note(f"stream {name}", "silent" if name in ears.wanted else "ok")
    record.note("types", "type failure" if complaints.said else "ok", complaints.said)
    await api.websocket_streams.close_connection(close_session=True)
    await api.websocket_api.close_connection(close_session=True)
    record.finish()


asyncio.run(main(*sys.argv[1:]))
