"""Snapshots and differences of order books: whoever follows the rules has the venue's book."""

from decimal import Decimal
from itertools import pairwise

import pytest
from support.sim_ccxt import signed
from support.sim_streams import fetch, listening, play

from xq.sim.wire.embed import ensure

FUTURES = ("/public/ws", "/fapi/v1", True)
SPOT = ("/stream-spot/ws", "/api/v3", False)


@pytest.fixture(params=[FUTURES, SPOT], ids=["futures", "spot"])
def face(request):
    return request.param


class Book:
    """A local book, kept as Binance's documents say."""

    def __init__(self, snapshot, *, futures):
        self.id, self.last, self.futures = snapshot["lastUpdateId"], None, futures
        self.sides = [dict(snapshot[name]) for name in ("bids", "asks")]

    def apply(self, event):
        """Whether the event fitted; one that is older than the snapshot fits and does nothing."""
        first, last = event["U"], event["u"]
        if self.last is None:
            if last < self.id if self.futures else last <= self.id:
                return True
            wanted = self.id if self.futures else self.id + 1
            if not first <= wanted <= last:
                return False
        elif (event["pu"] != self.last) if self.futures else (first != self.last + 1):
            return False
        self.last = last
        for side, rows in zip(self.sides, (event["b"], event["a"]), strict=True):
            for price, size in rows:
                side[price] = size
                if Decimal(size) == 0:
                    del side[price]
        return True

    def top(self, count):
        """The best levels, as a snapshot shows them."""
        bids, asks = (sorted(side.items(), key=lambda row: Decimal(row[0])) for side in self.sides)
        return [list(row) for row in bids[::-1][:count]], [list(row) for row in asks[:count]]


async def snapshot(url, face, limit=1000):
    return await fetch(url, face[1] + "/depth", symbol="BTCUSDT", limit=limit)


def order(url, face, side, price, name):
    body = f"symbol=BTCUSDT&side={side}&type=LIMIT&timeInForce=GTC&quantity=0.02&price={price}"
    found = signed(url, "POST", face[1] + "/order", body=f"{body}&newClientOrderId={name}")
    assert found.status_code == 200, found.text


def cancel(url, face, name):
    query = f"symbol=BTCUSDT&origClientOrderId={name}"
    assert signed(url, "DELETE", face[1] + "/order", query).status_code == 200


async def updates(client, until_ms):
    """Differences up to the one made at a time."""
    found = []
    while not found or found[-1]["E"] < until_ms:
        found.append(await client.until(lambda row: row.get("e") == "depthUpdate"))
    return found


def test_a_snapshot_and_what_follows_make_every_later_snapshot(url, clock, face):
    async def story():
        async with listening(url, face[0]) as client:
            await client.ask("SUBSCRIBE", ["btcusdt@depth@100ms"])
            book, told = Book(await snapshot(url, face), futures=face[2]), []
            for number in range(8):
                order(url, face, "BUY", 41_000 + number, f"b{number}")
                order(url, face, "BUY", 41_500 - number, f"c{number}")
                between = Book(await snapshot(url, face), futures=face[2])
                if number % 3:
                    cancel(url, face, f"b{number}")
                clock.sleep(1)
                now = (await fetch(url, face[1] + "/time"))["serverTime"]
                new = await updates(client, now)
                assert all(book.apply(event) for event in new)
                assert all(between.apply(event) for event in new)
                told += new
                later = await snapshot(url, face)
                assert book.top(1000) == (later["bids"], later["asks"])
                assert between.top(1000) == (later["bids"], later["asks"])
                assert any(Decimal(price) == 41_500 - number for price, _ in later["bids"])
        assert all(a["u"] < b["U"] <= b["u"] for a, b in pairwise(told))
        if face[2]:
            assert all(b["pu"] == a["u"] for a, b in pairwise(told))
            assert all(event["U"] != event["pu"] + 1 for event in told)
        else:
            assert all(b["U"] == a["u"] + 1 for a, b in pairwise(told))

    play(story())


def test_a_lost_difference_is_noticed(url, clock, face):
    async def story():
        async with listening(url, face[0]) as client:
            await client.ask("SUBSCRIBE", ["btcusdt@depth@100ms"])
            book = Book(await snapshot(url, face), futures=face[2])
            told = []
            for _ in range(4):
                clock.sleep(1)
                now = (await fetch(url, face[1] + "/time"))["serverTime"]
                told += await updates(client, now)
            assert book.apply(told[0])
            assert not book.apply(told[2])

    play(story())


def test_a_snapshot_from_before_the_stream_does_not_fit(url, clock, face):
    async def story():
        book = Book(await snapshot(url, face), futures=face[2])
        order(url, face, "BUY", 41_000, "b")
        async with listening(url, face[0]) as client:
            await client.ask("SUBSCRIBE", ["btcusdt@depth@100ms"])
            clock.sleep(1)
            now = (await fetch(url, face[1] + "/time"))["serverTime"]
            [event, *_] = await updates(client, now)
            assert not book.apply(event)

    play(story())


def test_ids_go_on_after_a_restart(tmp_path, clock, face):
    async def ask(url):
        return (await snapshot(url, face, 5))["lastUpdateId"]

    seen = []

    async def story(url):
        seen.append(await ask(url))
        seen.append(await ask(url))

    for _ in range(2):
        with ensure(tmp_path, clock=clock, seed=7) as handle:
            play(story(handle.url))
        clock.sleep(1)
    assert seen == sorted(set(seen))


@pytest.mark.parametrize("levels", [5, 10, 20])
def test_partial_books_are_the_top_of_a_snapshot(url, clock, face, levels):
    async def story():
        async with listening(url, face[0]) as client:
            await client.ask("SUBSCRIBE", [f"btcusdt@depth{levels}@100ms"])
            clock.sleep(5)
            now = (await fetch(url, face[1] + "/time"))["serverTime"]
            names = ("b", "a") if face[2] else ("bids", "asks")
            rest = await snapshot(url, face)
            wanted = [rest["bids"][:levels], rest["asks"][:levels]]
            found = await client.until(lambda row: [row.get(name) for name in names] == wanted)
            assert found.get("E", now) == now

    play(story())


def test_a_quote_with_a_messages_id_agrees_with_the_book(url, clock):
    async def story():
        async with listening(url, "/public/ws") as client:
            await client.ask("SUBSCRIBE", ["btcusdt@depth@0ms", "btcusdt@bookTicker"])
            book = Book(await snapshot(url, FUTURES), futures=True)
            for _ in range(5):
                clock.sleep(2)
                event = await client.until(lambda row: row.get("e") == "depthUpdate")
                quote = await client.until(
                    lambda row, now=event["E"]: (row["e"], row["E"]) == ("bookTicker", now)
                )
                assert book.apply(event)
                bids, asks = book.top(1)
                assert [[quote["b"], quote["B"]], [quote["a"], quote["A"]]] == [bids[0], asks[0]]

    play(story())


def test_a_book_nobody_knows_says_nothing(url, clock):
    async def story():
        async with listening(url, "/public/ws") as client:
            assert (await client.ask("SUBSCRIBE", ["nopeusdt@depth"]))["result"] is None
            assert (await client.ask("LIST_SUBSCRIPTIONS"))["result"] == ["nopeusdt@depth"]
            clock.sleep(10)
            await fetch(url, "/fapi/v1/time")
            assert (await client.ask("UNSUBSCRIBE", ["nopeusdt@depth"]))["result"] is None
            assert client.kept == []

    play(story())
