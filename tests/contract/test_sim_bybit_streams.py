"""Bybit's streams: books, trades, bars, tickers and accounts, bare and by unmodified ccxt.pro."""

import asyncio

import ccxt
import pytest
from support.sim_bybit import BTC, authorize, get, post, pro, say
from support.sim_streams import listening, play

from xq.clock import SystemClock
from xq.sim.wire.opening import open_venue
from xq.sim.wire.server import VenueServer

PUBLIC, PRIVATE = "/v5/public/linear", "/v5/private"
ORDER = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit"}
MARKET = {**ORDER, "orderType": "Market"}


@pytest.fixture
def url(tmp_path, clock):
    venue = open_venue(tmp_path, clock, 7, accounts=("main", "alice"))
    server = VenueServer(venue)
    server.start()
    yield server.url
    server.close()
    venue.ledger.close()


def topic(name):
    return lambda found: found.get("topic") == name


def rest(url, path, **params):
    query = "&".join(f"{name}={value}" for name, value in params.items())
    found = get(url, f"/v5/market/{path}", f"category=linear&symbol=BTCUSDT&{query}").json()
    assert found["retCode"] == 0, found
    return found["result"]


def order(url, body):
    return asyncio.to_thread(post, url, "/v5/order/create", body)


class Copy:
    """A book rebuilt from messages."""

    def __init__(self, listener, name):
        self._listener, self._name = listener, name
        self.sides = {"b": {}, "a": {}}
        self.update = None

    async def follow(self):
        found = await self._listener.until(topic(self._name))
        if found["type"] == "snapshot":
            self.sides = {"b": {}, "a": {}}
        else:
            assert found["data"]["u"] == self.update + 1
        self.update = found["data"]["u"]
        for side, known in self.sides.items():
            for price, size in found["data"][side]:
                if size == "0":
                    del known[price]
                else:
                    known[price] = size
        return found

    def rows(self, side):
        rows = sorted(self.sides[side].items(), key=lambda row: float(row[0]))
        return [list(row) for row in (rows[::-1] if side == "b" else rows)]


@pytest.mark.parametrize("levels", [1, 50, 200])
def test_books_rebuilt_from_deltas_are_those_of_rest(url, clock, levels):
    async def story():
        name = f"orderbook.{levels}.BTCUSDT"
        async with listening(url, PUBLIC) as one, listening(url, PUBLIC) as two:
            assert (await say(one, "subscribe", name, req_id="7"))["req_id"] == "7"
            copy = Copy(one, name)
            assert (await copy.follow())["type"] == "snapshot"
            for _ in range(5):
                clock.sleep(1)
                await copy.follow()
            await say(two, "subscribe", name)
            late = Copy(two, name)
            await late.follow()
            best = float(copy.rows("b")[0][0])
            price = f"{best + 0.1:.1f}" if levels == 1 else f"{best:.1f}"
            clock.sleep(1)
            await order(url, ORDER | {"qty": "0.013", "price": price, "timeInForce": "GTC"})
            clock.sleep(1)
            wanted = await asyncio.to_thread(rest, url, "orderbook", limit=levels)
            for book in (copy, late):
                while [book.rows("b"), book.rows("a")] != [wanted["b"], wanted["a"]]:
                    assert (await book.follow())["data"]["seq"] <= wanted["seq"]

    play(story())


def test_trades_and_closed_bars_are_those_of_rest(url, clock):
    async def story():
        async with listening(url, PUBLIC) as listener:
            await say(listener, "subscribe", "publicTrade.BTCUSDT", "kline.1.BTCUSDT")
            start = int((await asyncio.to_thread(rest, url, "recent-trade"))["list"][0]["time"])
            for _ in range(5):
                clock.sleep(60)
                bar = await listener.until(
                    lambda m: m.get("topic") == "kline.1.BTCUSDT" and m["data"][0]["confirm"]
                )
            found = (await asyncio.to_thread(rest, url, "recent-trade", limit=1000))["list"]
            wanted = [row["execId"] for row in reversed(found) if int(row["time"]) > start]
            told = []
            while len(told) < len(wanted):
                message = await listener.until(topic("publicTrade.BTCUSDT"))
                assert all(row["T"] == message["ts"] for row in message["data"])
                told += [row["i"] for row in message["data"]]
            assert told == wanted
            rows = (await asyncio.to_thread(rest, url, "kline", interval=1))["list"]
            closed = bar["data"][0]
            row = next(row for row in rows if int(row[0]) == closed["start"])
            names = ("open", "high", "low", "close", "volume", "turnover")
            assert row[1:] == [closed[name] for name in names]

    play(story())


def test_tickers_are_whole_then_what_changed(url, clock):
    async def story():
        async with listening(url, PUBLIC) as listener:
            await say(listener, "subscribe", "tickers.BTCUSDT")
            found = await listener.until(topic("tickers.BTCUSDT"))
            assert found["type"] == "snapshot"
            known = found["data"]
            clock.sleep(600)
            [wanted] = (await asyncio.to_thread(rest, url, "tickers"))["list"]
            while known != wanted:
                found = await listener.until(topic("tickers.BTCUSDT"))
                assert found["type"] == "delta"
                assert len(found["data"]) < len(wanted)
                known = known | found["data"]

    play(story())


def test_an_account_hears_its_order_execution_position_and_wallet(url):
    async def story():
        async with listening(url, PRIVATE) as mine, listening(url, PRIVATE) as other:
            refused = await say(mine, "subscribe", "order")
            assert (refused["success"], refused["ret_msg"]) == (False, "Request not authorized")
            assert not (await authorize(mine, secret="wrong"))["success"]
            assert (await authorize(mine))["success"]
            await authorize(other, "alice", "alice-secret")
            topics = ("order.linear", "execution", "position", "wallet")
            for listener in (mine, other):
                assert (await say(listener, "subscribe", *topics))["success"]
            await order(url, MARKET | {"qty": "0.01", "orderLinkId": "told"})
            names, rows = [], {}
            while "wallet" not in names:
                found = await mine.receive()
                names.append(found["topic"])
                rows[found["topic"]] = found["data"][0]
            assert names[0] == "order.linear"
            assert set(names) == set(topics)
            assert rows["order.linear"]["orderStatus"] == "Filled"
            assert rows["order.linear"]["orderLinkId"] == rows["execution"]["orderLinkId"] == "told"
            assert (rows["position"]["size"], rows["position"]["side"]) == ("0.01", "Buy")
            fee = float(rows["execution"]["execFee"])
            assert float(rows["wallet"]["coin"][0]["walletBalance"]) == pytest.approx(10_000 - fee)
            high = f"{float(rows['execution']['execPrice']) + 100:.1f}"
            late = ORDER | {"qty": "0.01", "price": high, "timeInForce": "PostOnly"}
            await order(url, late)
            declined = (await mine.until(topic("order.linear")))["data"][0]
            assert declined["rejectReason"] == "EC_PostOnlyWillTakeLiquidity"
            assert (await say(other, "ping"))["op"] == "pong"
            assert other.kept == []

    play(story())


def test_conditional_orders_are_told_under_one_id(url, clock):
    async def story():
        async with listening(url, PRIVATE) as mine:
            await authorize(mine)
            await say(mine, "subscribe", "order")
            [ticker] = (await asyncio.to_thread(rest, url, "tickers"))["list"]
            trigger = f"{float(ticker['lastPrice']) * 0.99:.1f}"
            waits = {"triggerPrice": trigger, "triggerDirection": 2, "qty": "0.01"}
            made = (await order(url, MARKET | waits)).json()["result"]
            query = "category=linear&symbol=BTCUSDT"
            for _ in range(400):  # hours until the market has fallen so far
                clock.sleep(3 * 3_600)
                found = await asyncio.to_thread(get, url, "/v5/order/realtime", query, signed=True)
                if not found.json()["result"]["list"]:
                    break
            statuses = []
            while statuses[-1:] != ["Filled"]:
                found = (await mine.until(topic("order")))["data"][0]
                assert found["orderId"] == made["orderId"]
                assert float(found["triggerPrice"]) == float(trigger)
                statuses.append(found["orderStatus"])
            assert statuses == ["Untriggered", "Triggered", "New", "Filled"]

    play(story())


def test_what_is_said_wrongly_is_answered(url):
    async def story():
        async with listening(url, PUBLIC) as listener:
            for name in ("orderbook.7.BTCUSDT", "orderbook.50.NOPE", "kline.2.BTCUSDT", "gossip"):
                found = await say(listener, "subscribe", "tickers.BTCUSDT", name, req_id="1")
                assert found["ret_msg"] == f"error:handler not found,topic:{name}"
                assert (found["success"], found["req_id"]) == (False, "1")
            assert not (await say(listener, "shout"))["success"]
            assert not (await say(listener, "subscribe"))["success"]
            for text in ("{", "[]", '{"op":"subscribe","args":7}'):
                await listener.socket.send_str(text)
                assert (await listener.receive())["success"] is False
            pong = await say(listener, "ping", req_id="9")
            assert (pong["ret_msg"], pong["req_id"], pong["op"]) == ("pong", "9", "ping")
            assert listener.kept == []
        async with listening(url, "/v5/public/spot") as listener:
            assert not (await say(listener, "subscribe", "tickers.BTCUSDT"))["success"]

    play(story())


def test_unsubscribed_topics_are_silent(url, clock):
    async def story():
        async with listening(url, PUBLIC) as listener:
            await say(listener, "subscribe", "tickers.BTCUSDT", "tickers.ETHUSDT")
            assert (await say(listener, "unsubscribe", "tickers.BTCUSDT"))["success"]
            listener.kept.clear()
            for _ in range(3):
                clock.sleep(60)
                found = await listener.until(lambda m: "topic" in m)
                assert found["topic"] == "tickers.ETHUSDT"

    play(story())


def test_ccxt_pro_watches_markets(url, clock):
    async def story():
        async with pro(url) as bybit:
            await bybit.load_markets()
            waiting = [
                asyncio.ensure_future(made)
                for made in (
                    bybit.watch_order_book(BTC, 50),
                    bybit.watch_ticker(BTC),
                    bybit.watch_trades(BTC),
                    bybit.watch_ohlcv(BTC, "1m"),
                    bybit.watch_bids_asks([BTC]),
                )
            ]
            while not all(future.done() for future in waiting):
                clock.sleep(5)
                await asyncio.wait(waiting, timeout=0.2)
            book, ticker, trades, bars, quotes = [future.result() for future in waiting]
            assert len(book["bids"]) == 50
            assert ticker["last"] > 0
            assert trades[0]["symbol"] == BTC
            assert bars[0][0] % 60_000 == 0
            assert quotes[BTC]["bid"] < quotes[BTC]["ask"]

    play(story())


async def _told_of(client, order_id, status):
    """Watch orders until one has a status."""
    while True:
        for order in await client.watch_orders():
            if (order["id"], order["status"]) == (order_id, status):
                return


def test_ccxt_pro_watches_an_account_and_trades(url):
    async def story():
        async with pro(url) as bybit:
            await bybit.load_markets()
            price = (await bybit.fetch_ticker(BTC))["last"]
            makers = (
                bybit.watch_orders,
                bybit.watch_my_trades,
                bybit.watch_balance,
                bybit.watch_positions,
            )
            waiting = [asyncio.ensure_future(make()) for make in makers]
            made = []
            while not all(future.done() for future in waiting):
                for side in ("buy", "sell"):
                    made.append(await bybit.create_order_ws(BTC, "market", side, 0.02))
                await asyncio.wait(waiting, timeout=0.1)
            orders, trades, balance, positions = [future.result() for future in waiting]
            while not positions:  # what ccxt asked by REST first, when there was none yet
                told = asyncio.ensure_future(bybit.watch_positions())
                for side in ("buy", "sell"):
                    made.append(await bybit.create_order_ws(BTC, "market", side, 0.02))
                positions = await told
            known = {order["id"] for order in made}
            assert {order["id"] for order in orders} <= known
            assert {trade["order"] for trade in trades} <= known
            assert balance["USDT"]["total"] < 10_000
            assert {position["symbol"] for position in positions} == {BTC}
            low = round(price * 0.97, 1)
            resting = await bybit.create_order_ws(BTC, "limit", "buy", 0.02, low)
            canceled = asyncio.ensure_future(_told_of(bybit, resting["id"], "canceled"))
            await bybit.edit_order_ws(resting["id"], BTC, "limit", "buy", 0.03, low)
            await bybit.cancel_order_ws(resting["id"], BTC)
            with pytest.raises(ccxt.OrderNotFound):
                await bybit.cancel_order_ws(resting["id"], BTC)
            with pytest.raises(ccxt.InsufficientFunds):
                await bybit.create_order_ws(BTC, "limit", "buy", 40, low)
            await canceled

    play(story())


def test_orders_over_a_connection(url):
    async def story():
        async with listening(url, "/v5/trade") as listener:
            now = {"X-BAPI-TIMESTAMP": str(SystemClock().now_ms())}
            body = ORDER | {"qty": "0.01", "price": "41000"}
            alone = await say(listener, "order.create", body, header=now, reqId="0")
            assert alone["retCode"] == 10007
            assert (await authorize(listener, secret="wrong"))["retCode"] == 10004
            assert (await authorize(listener))["retCode"] == 0
            assert (await authorize(listener))["retCode"] == 20001
            made = await say(listener, "order.create", body, header=now, reqId="1")
            assert (made["retCode"], made["reqId"]) == (0, "1")
            cancel = {"category": "linear", "symbol": "BTCUSDT", **made["data"]}
            codes = [
                (await say(listener, op, args, header=header, reqId=number))["retCode"]
                for op, args, header, number in (
                    ("order.create", body, now, "1"),
                    ("order.create", body, {"X-BAPI-TIMESTAMP": "1"}, "2"),
                    ("order.create", body, None, "3"),
                    ("order.create", "one", now, "4"),
                    ("order.create", body | {"qty": "40"}, now, "5"),
                    ("order.cancel", cancel, now, "6"),
                    ("order.cancel", cancel, now, "7"),
                    ("order.dance", body, now, "8"),
                )
            ]
            assert codes == [20006, 10002, 10001, 10001, 110007, 0, 110001, 10404]
            assert (await say(listener, "ping"))["retCode"] == 0

    play(story())


def test_a_forced_order_is_told_to_everybody(url, clock):
    async def story():
        async with listening(url, PUBLIC) as listener, listening(url, PRIVATE) as mine:
            await say(listener, "subscribe", "allLiquidation.BTCUSDT")
            await authorize(mine)
            await say(mine, "subscribe", "execution")
            body = {"buyLeverage": "100", "sellLeverage": "100", **ORDER}
            await asyncio.to_thread(post, url, "/v5/position/set-leverage", body)
            made = await order(url, MARKET | {"qty": "10"})
            assert made.json()["retCode"] == 0
            query = "category=linear&symbol=BTCUSDT"
            size = 10.0
            for _ in range(400):  # hours until the market has fallen so far
                clock.sleep(3 * 3_600)
                found = await asyncio.to_thread(get, url, "/v5/position/list", query, signed=True)
                size = float(found.json()["result"]["list"][0]["size"])
                if size < 10:
                    break
            told = await listener.until(topic("allLiquidation.BTCUSDT"))
            [row] = told["data"]
            assert (row["s"], row["S"]) == ("BTCUSDT", "Buy")  # of the position
            assert 0 < float(row["v"]) <= 10 - size
            forced = await mine.until(
                lambda m: m.get("topic") == "execution" and m["data"][0]["execType"] != "Trade"
            )
            assert forced["data"][0]["execType"] == "BustTrade"
            assert forced["data"][0]["createType"] == "CreateByLiq"

    play(story())
