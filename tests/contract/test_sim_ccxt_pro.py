"""The simulated venue's streams, read and traded by unmodified ccxt.pro, in hurried time."""

import asyncio
from decimal import Decimal

import ccxt
import pytest
from support.sim_streams import PATIENCE, Hurried, play, pro

from xq.sim.instruments import TRADES_START_MS
from xq.sim.wire.embed import ensure
from xq.sim.wire.faults.bench import Bench
from xq.sim.wire.faults.script import fault_of
from xq.sim.wire.opening import open_venue
from xq.sim.wire.server import VenueServer

FUTURES, SPOT = "BTC/USDT:USDT", "BTC/USDT"


@pytest.fixture
def venue(tmp_path):
    with ensure(tmp_path, clock=Hurried(60), seed=7) as handle:
        yield handle


@pytest.fixture
def faulty(tmp_path):
    """A venue with a bench of faults."""
    venue = open_venue(tmp_path, Hurried(60), 7)
    server = VenueServer(venue, bench=Bench())
    server.start()
    try:
        yield server
    finally:
        server.close()
        venue.ledger.close()


@pytest.fixture(params=[FUTURES, SPOT], ids=["futures", "spot"])
def symbol(request):
    return request.param


def within(waiting):
    return asyncio.wait_for(waiting, PATIENCE)


def told(venue, symbol, story):
    """Run a story with a client of the symbol's face."""

    async def run():
        async with pro(venue.url, spot=symbol == SPOT) as client:
            await client.load_markets()
            await story(client)

    play(run())


async def until(watch, wanted):
    """Watch until something fits."""
    while True:
        found = await within(watch())
        if wanted(found):
            return found


class TestMarket:
    @pytest.mark.parametrize("name", ["trade", "aggTrade"])
    def test_trades(self, venue, symbol, name):
        async def story(client):
            trades = []
            while len(trades) < 5:
                trades += await within(client.watch_trades(symbol, params={"name": name}))
            ids = [int(trade["id"]) for trade in trades]
            assert ids == list(range(ids[0], ids[0] + len(ids)))
            assert all(trade["symbol"] == symbol and trade["amount"] > 0 for trade in trades)
            assert trades[0]["info"]["e"] == name

        told(venue, symbol, story)

    def test_bars(self, venue, symbol):
        async def story(client):
            bars = {}
            while len(bars) < 3:
                for bar in await within(client.watch_ohlcv(symbol, "1m")):
                    bars[bar[0]] = bar
            first, second, *_ = sorted(bars)
            assert second - first == 60_000
            rest = await client.fetch_ohlcv(symbol, "1m", second, 1)
            assert bars[second] == rest[0]

        told(venue, symbol, story)

    def test_order_book(self, venue, symbol):
        async def story(client):
            seen = set()
            while len(seen) < 4:
                book = await within(client.watch_order_book(symbol))
                assert book["bids"][0][0] < book["asks"][0][0]
                seen.add(book["nonce"])
            assert book["symbol"] == symbol

        told(venue, symbol, story)

    def test_order_book_after_a_lost_message(self, faulty, symbol):
        async def story(client):
            await within(client.watch_order_book(symbol))
            await within(client.watch_order_book(symbol))
            faulty.bench.roster.add(fault_of({"do": "drop", "event": "depthUpdate"}))
            with pytest.raises(ccxt.ChecksumError):
                await until(lambda: client.watch_order_book(symbol), lambda book: False)
            seen = set()
            while len(seen) < 3:
                seen.add((await within(client.watch_order_book(symbol)))["nonce"])

        told(faulty, symbol, story)

    def test_best_prices_and_tickers(self, venue, symbol):
        async def story(client):
            quotes = await within(client.watch_bids_asks([symbol]))
            assert quotes[symbol]["bid"] < quotes[symbol]["ask"]
            ticker = await within(client.watch_ticker(symbol))
            assert ticker["high"] >= ticker["last"] >= ticker["low"] > 0
            tickers = await within(client.watch_tickers())
            assert tickers

        told(venue, symbol, story)

    def test_mark_price(self, venue):
        async def story(client):
            first = await within(client.watch_mark_price(FUTURES))
            second = await within(client.watch_mark_price(FUTURES))
            assert first["markPrice"] > 0
            assert second["timestamp"] > first["timestamp"] > TRADES_START_MS

        told(venue, FUTURES, story)


class TestAccount:
    def test_orders_and_trades(self, venue, symbol):
        async def story(client):
            orders = asyncio.create_task(
                until(client.watch_orders, lambda rows: rows[-1]["status"] == "closed")
            )
            trades = asyncio.create_task(within(client.watch_my_trades()))
            await listening(venue)
            placed = await client.create_order(symbol, "market", "buy", 0.01)
            [*_, order] = await orders
            assert (order["id"], order["filled"], order["symbol"]) == (placed["id"], 0.01, symbol)
            [trade] = await trades
            assert (trade["order"], trade["amount"], trade["side"]) == (placed["id"], 0.01, "buy")
            assert trade["fee"]["cost"] > 0

        told(venue, symbol, story)

    def test_balance(self, venue, symbol):
        async def story(client):
            asset = "USDT"
            before = (await client.fetch_balance())["total"][asset]
            waiting = asyncio.create_task(
                until(client.watch_balance, lambda found: found[asset]["total"] != before)
            )
            await listening(venue)
            await client.create_order(symbol, "market", "buy", 0.01)
            found = await waiting
            after = await client.fetch_balance()
            assert found["total"][asset] == pytest.approx(after["total"][asset], abs=5)

        told(venue, symbol, story)

    def test_positions(self, venue):
        async def story(client):
            waiting = asyncio.create_task(
                until(client.watch_positions, lambda rows: any(row["contracts"] for row in rows))
            )
            await listening(venue)
            await client.create_order(FUTURES, "market", "sell", 0.02)
            [position] = await waiting
            assert (position["symbol"], position["side"]) == (FUTURES, "short")
            assert Decimal(str(position["contracts"])) == Decimal("0.02")

        told(venue, FUTURES, story)


async def listening(venue):
    """Return once the account's stream is heard."""
    while not venue.server.streams.hub.users:
        await asyncio.sleep(0)


class TestRequests:
    def test_an_order_by_websocket(self, venue, symbol):
        async def story(client):
            placed = await within(client.create_order_ws(symbol, "limit", "buy", 0.01, 40_000))
            assert placed["status"] == "open"
            params = {"origClientOrderId": placed["clientOrderId"]}
            asked = await within(client.fetch_order_ws(None, symbol, params))
            assert asked["id"] == placed["id"]
            canceled = await within(client.cancel_order_ws(placed["id"], symbol))
            assert canceled["status"] == "canceled"
            with pytest.raises(ccxt.OrderNotFound):
                await within(client.cancel_order_ws(placed["id"], symbol))

        told(venue, symbol, story)

    def test_what_futures_can_ask(self, venue):
        async def story(client):
            await client.create_order(FUTURES, "market", "buy", 0.02)
            balance = await within(client.fetch_balance_ws())
            assert balance["USDT"]["total"] > 9_000
            [position] = await within(client.fetch_positions_ws([FUTURES]))
            assert position["contracts"] == 0.02
            book = await within(client.fetch_order_book_ws(FUTURES))
            assert book["bids"][0][0] < book["asks"][0][0]
            ticker = await within(client.fetch_ticker_ws(FUTURES))
            assert ticker["ask"] > 0

        told(venue, FUTURES, story)

    def test_what_spot_can_ask(self, venue):
        async def story(client):
            placed = await within(client.create_order_ws(SPOT, "limit", "buy", 0.01, 40_000))
            [open_one] = await within(client.fetch_open_orders_ws(SPOT))
            assert open_one["id"] == placed["id"]
            balances = (await within(client.fetch_balance_ws()))["info"]["balances"]
            [dollars] = [row for row in balances if row["asset"] == "USDT"]
            assert float(dollars["locked"]) == 400
            assert len(await within(client.fetch_ohlcv_ws(SPOT, "1m"))) > 0
            assert len(await within(client.fetch_trades_ws(SPOT))) > 0
            assert await within(client.fetch_my_trades_ws(SPOT)) == []
            [canceled] = await within(client.cancel_all_orders_ws(SPOT))
            assert canceled["id"] == placed["id"]
            assert len(await within(client.fetch_orders_ws(SPOT))) == 1

        told(venue, SPOT, story)
