"""Market streams of the simulated venue, read without a client library."""

from itertools import pairwise

import pytest
from support.sim_streams import fetch, listening, play

from xq.sim.instruments import TRADES_START_MS

SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000
FACES = {"futures": ("/ws", "/fapi/v1"), "spot": ("/stream-spot/ws", "/api/v3")}


def event(name):
    return lambda found: isinstance(found, dict) and found.get("e") == name


@pytest.fixture(params=FACES)
def face(request):
    return FACES[request.param]


class TestTrades:
    def test_the_stream_is_the_tape_without_a_gap(self, url, clock, face):
        async def story():
            async with listening(url, face[0]) as client:
                await client.ask("SUBSCRIBE", ["ethusdt@aggTrade", "ethusdt@trade"])
                for _ in range(3):
                    clock.sleep(600)
                    await fetch(url, face[1] + "/time")
                now = TRADES_START_MS + 1800 * SECOND
                tape = await fetch(url, face[1] + "/aggTrades", symbol="ETHUSDT", limit=1000)
                tape = [row for row in tape if TRADES_START_MS < row["T"] <= now]
                assert len(tape) > 10
                told = [await client.until(event("aggTrade")) for _ in tape]
                plain = [await client.until(event("trade")) for _ in tape]
            assert [{key: row[key] for key in tape[0]} for row in told] == tape
            assert [row["t"] for row in plain] == [row["a"] for row in tape]
            assert [row["p"] for row in plain] == [row["p"] for row in tape]
            assert all(row["s"] == "ETHUSDT" and row["E"] >= row["T"] for row in told + plain)

        play(story())


class TestBars:
    def test_every_bar_closes_once_and_equals_rest(self, url, clock, face):
        async def story():
            async with listening(url, face[0]) as client:
                await client.ask("SUBSCRIBE", ["ethusdt@kline_1m"])
                clock.sleep(90 * 60)
                closed = []
                while len(closed) < 90:
                    bar = await client.until(event("kline"))
                    closed += [bar["k"]] if bar["k"]["x"] else []
                rows = await fetch(
                    url,
                    face[1] + "/klines",
                    symbol="ETHUSDT",
                    interval="1m",
                    startTime=TRADES_START_MS,
                    endTime=TRADES_START_MS + 90 * MINUTE - 1,
                )
            shaped = [[*(bar[name] for name in "tohlcvTqnVQB")] for bar in closed]
            assert shaped == rows
            ids = [(bar["f"], bar["L"]) for bar in closed]
            assert all(a[1] + 1 == b[0] for a, b in pairwise(ids))
            assert all(
                last - first + 1 == bar["n"] for (first, last), bar in zip(ids, closed, strict=True)
            )

        play(story())

    def test_the_open_bar_moves(self, url, clock):
        async def story():
            async with listening(url, "/market/ws") as client:
                await client.ask("SUBSCRIBE", ["btcusdt@kline_1h"])
                clock.sleep(61)
                bar = await client.until(event("kline"))
                assert (bar["k"]["t"], bar["k"]["x"]) == (TRADES_START_MS, False)
                clock.sleep(600)
                later = await client.until(event("kline"))
                assert later["k"]["n"] > bar["k"]["n"]

        play(story())


class TestFigures:
    def test_mark_prices_come_on_a_grid(self, url, clock):
        async def story():
            async with listening(url, "/market/ws") as client:
                await client.ask("SUBSCRIBE", ["btcusdt@markPrice@1s", "btcusdt@markPrice"])
                clock.sleep(9)
                told = [await client.until(event("markPriceUpdate")) for _ in range(12)]
                assert sorted(row["E"] - TRADES_START_MS for row in told) == sorted(
                    [
                        *range(SECOND, 10 * SECOND, SECOND),
                        *range(3 * SECOND, 10 * SECOND, 3 * SECOND),
                    ]
                )
                rest = await fetch(url, "/fapi/v1/premiumIndex", symbol="BTCUSDT")
                newest = next(row for row in told if row["E"] == rest["time"])
                assert (newest["p"], newest["i"], newest["T"]) == (
                    rest["markPrice"],
                    rest["indexPrice"],
                    rest["nextFundingTime"],
                )

        play(story())

    @pytest.mark.parametrize("kind", ["ticker", "miniTicker"])
    def test_daily_figures_are_those_of_rest(self, url, clock, face, kind):
        async def story():
            async with listening(url, face[0]) as client:
                await client.ask("SUBSCRIBE", [f"btcusdt@{kind}"])
                clock.sleep(120)
                figures = await client.until(lambda found: "c" in found)
                rest = await fetch(url, face[1] + "/ticker/24hr", symbol="BTCUSDT")
                assert (figures["c"], figures["o"], figures["v"], figures["q"]) == (
                    rest["lastPrice"],
                    rest["openPrice"],
                    rest["volume"],
                    rest["quoteVolume"],
                )

        play(story())

    @pytest.mark.parametrize("name", ["!ticker@arr", "!miniTicker@arr", "!markPrice@arr@1s"])
    def test_all_markets_in_one_message(self, url, clock, name):
        async def story():
            async with listening(url, "/market/stream", params={"streams": name}) as client:
                clock.sleep(10)
                found = await client.until(lambda found: found.get("stream") == name)
                assert len(found["data"]) >= 18
                assert {"BTCUSDT", "ETHUSDT"} <= {row["s"] for row in found["data"]}

        play(story())

    def test_best_prices(self, url, clock, face):
        async def story():
            async with listening(url, face[0]) as client:
                await client.ask("SUBSCRIBE", ["btcusdt@bookTicker"])
                for _ in range(3):
                    clock.sleep(30)
                    rest = await fetch(url, face[1] + "/ticker/bookTicker", symbol="BTCUSDT")
                    names = zip("bBaA", ("bidPrice", "bidQty", "askPrice", "askQty"), strict=True)
                    wanted = {short: rest[name] for short, name in names}
                    await client.until(lambda row, wanted=wanted: wanted.items() <= row.items())

        play(story())


class TestDoors:
    @pytest.mark.parametrize(
        ("path", "heard"),
        [
            ("/public/ws/0", {"trade"}),
            ("/market/ws/1", {"aggTrade"}),
            ("/ws/btcusdt@trade/btcusdt@aggTrade", {"trade", "aggTrade"}),
        ],
    )
    def test_each_door_has_its_streams(self, url, clock, path, heard):
        async def story():
            async with listening(url, path) as client:
                await client.ask("SUBSCRIBE", ["btcusdt@trade", "btcusdt@aggTrade"])
                clock.sleep(300)
                tape = await fetch(
                    url, "/fapi/v1/aggTrades", symbol="BTCUSDT", startTime=TRADES_START_MS + 1
                )
                told = [await client.receive() for _ in range(len(tape) * len(heard))]
                assert {row["e"] for row in told} == heard
                await client.ask("UNSUBSCRIBE", ["btcusdt@trade", "btcusdt@aggTrade"])
                assert not client.kept

        play(story())

    @pytest.mark.parametrize(
        ("path", "params", "host", "is_spot"),
        [
            ("/stream", {"streams": "btcusdt@trade"}, "stream.binance.com:9443", True),
            ("/stream", {"streams": "btcusdt@trade"}, "fstream.binance.com", False),
            ("/stream-spot/stream", {"streams": "btcusdt@trade"}, None, True),
            ("/stream-spot/ws/3/btcusdt@trade", {}, None, True),
            ("/public/stream", {"streams": "btcusdt@trade"}, None, False),
        ],
    )
    def test_which_face_an_address_belongs_to(self, url, clock, path, params, host, is_spot):
        async def story():
            headers = {} if host is None else {"Host": host}
            async with listening(url, path, params=params, headers=headers) as client:
                clock.sleep(120)
                found = await client.receive()
                trade = found["data"] if "stream" in path.split("/")[-1] else found
                assert ("M" in trade) == is_spot
                assert found.get("stream") == ("btcusdt@trade" if trade is not found else None)

        play(story())

    def test_addresses_without_streams_are_not_found(self, url):
        async def story():
            from aiohttp import WSServerHandshakeError

            with pytest.raises(WSServerHandshakeError) as refused:
                async with listening(url, "/nothing/ws"):
                    pass
            assert refused.value.status == 404

        play(story())

    def test_messages_of_all_streams_come_in_the_order_of_time(self, url, clock):
        names = ["btcusdt@aggTrade", "ethusdt@aggTrade", "btcusdt@kline_1m", "btcusdt@markPrice"]

        async def story():
            async with listening(url, "/stream", params={"streams": "/".join(names)}) as client:
                clock.sleep(3 * 3600)
                times, done = [], 0
                while done < 180:
                    found = await client.receive()
                    times.append(found["data"]["E"])
                    bar = found["data"].get("k", {})
                    done += bar.get("x", False)
                assert times == sorted(times)

        play(story())


FIELDS = {
    "btcusdt@trade": "e E T s t p q X m",
    "btcusdt@aggTrade": "e E a s p q nq f l T m st",
    "btcusdt@markPrice@1s": "e E s p ap i P r T st",
    "btcusdt@kline_1m": "e E s k",
    "btcusdt@ticker": "e E s p P w c Q o h l v q O C F L n ps st",
    "btcusdt@miniTicker": "e E s c o h l v q ps st",
    "btcusdt@bookTicker": "e u s b B a A ps T E st",
    "btcusdt@depth@100ms": "e E T s ps U u pu b a st",
    "btcusdt@depth5@100ms": "e E T s ps U u pu b a st",
}
SPOT_FIELDS = {
    "btcusdt@trade": "e E s t p q T m M",
    "btcusdt@aggTrade": "e E s a p q f l T m M",
    "btcusdt@kline_1m": "e E s k",
    "btcusdt@ticker": "e E s p P w x c Q b B a A o h l v q O C F L n",
    "btcusdt@miniTicker": "e E s c o h l v q",
    "btcusdt@bookTicker": "u s b B a A",
    "btcusdt@depth@100ms": "e E s U u b a",
    "btcusdt@depth5@100ms": "lastUpdateId bids asks",
}
DOCUMENTED = [("/ws", *row) for row in FIELDS.items()] + [
    ("/stream-spot/ws", *row) for row in SPOT_FIELDS.items()
]


@pytest.mark.parametrize(("path", "name", "fields"), DOCUMENTED)
def test_every_documented_field_is_there_and_no_other(url, clock, path, name, fields):
    async def story():
        async with listening(url, path) as client:
            await client.ask("SUBSCRIBE", [name])
            clock.sleep(120)
            found = await client.receive()
            assert found.keys() == set(fields.split())
            if "k" in found:
                assert found["k"].keys() == set("tTsifLochlvnxqVQB")

    play(story())
