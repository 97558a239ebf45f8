"""User streams: an account's events, and the keys that open them."""

from contextlib import contextmanager

import pytest
import requests
from support.sim_ccxt import raw, signed
from support.sim_streams import listening, play

from xq.clock import ManualClock, SystemClock
from xq.sim.wire.opening import open_venue
from xq.sim.wire.server import VenueServer

ORDER = "symbol=BTCUSDT&side={}&type={}&quantity={}&newClientOrderId={}"
ORDER_FIELDS = {
    *("s", "c", "S", "o", "f", "q", "p", "ap", "sp", "x", "X", "i", "l", "z", "L", "n", "N", "T"),
    *("t", "b", "a", "m", "R", "wt", "ot", "ps", "cp", "rp", "pP", "si", "ss", "V", "pm", "gtd"),
    "er",
}
POSITION_FIELDS = {"s", "pa", "ep", "bep", "cr", "up", "mt", "iw", "ps"}


@pytest.fixture
def wall():
    """What listen keys age by."""
    return ManualClock(SystemClock().now_ms())


@contextmanager
def served(folder, clock, wall):
    venue = open_venue(folder, clock, 7, accounts=("main", "alice"))
    server = VenueServer(venue, wall=wall)
    server.start()
    try:
        yield server.url
    finally:
        server.close()
        venue.ledger.close()


@pytest.fixture
def url(tmp_path, clock, wall):
    with served(tmp_path, clock, wall) as address:
        yield address


def key(url, path="/fapi/v1/listenKey", name="sim", method="POST"):
    answer = raw(method, url + path, key=name)
    assert answer.status_code == 200, answer.text
    return answer.json()["listenKey"]


def futures(url, side, kind, quantity, name, more=""):
    body = ORDER.format(side, kind, quantity, name) + more
    answer = signed(url, "POST", "/fapi/v1/order", body=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def spot(url, side, kind, quantity, name, more=""):
    body = ORDER.format(side, kind, quantity, name) + more
    answer = signed(url, "POST", "/api/v3/order", body=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def event(name, **fields):
    def fits(found):
        inner = found["o"] if isinstance(found.get("o"), dict) else found
        return found.get("e") == name and all(inner.get(k) == v for k, v in fields.items())

    return fits


class TestFutures:
    def test_an_order_from_entry_to_fill(self, url):
        async def story():
            async with listening(url, f"/private/ws?listenKey={key(url)}") as client:
                futures(url, "BUY", "MARKET", "0.01", "m")
                new = await client.until(event("ORDER_TRADE_UPDATE", x="NEW"))
                lite = await client.until(event("TRADE_LITE"))
                trade = await client.until(event("ORDER_TRADE_UPDATE", x="TRADE"))
                account = await client.until(event("ACCOUNT_UPDATE"))
                assert not client.kept
                order = trade["o"]
                assert (new["o"]["c"], new["o"]["X"], new["o"]["z"]) == ("m", "NEW", "0.00000000")
                assert (order["X"], order["l"], order["z"]) == (
                    "FILLED",
                    "0.01000000",
                    "0.01000000",
                )
                assert (lite["i"], lite["t"], lite["L"]) == (order["i"], order["t"], order["L"])
                assert order["N"] == "USDT"
                [balance] = account["a"]["B"]
                [position] = account["a"]["P"]
                assert account["a"]["m"] == "ORDER"
                assert float(balance["wb"]) == pytest.approx(10_000 - float(order["n"]))
                assert (position["s"], position["pa"], position["ep"]) == (
                    "BTCUSDT",
                    "0.01000000",
                    order["L"],
                )

        play(story())

    def test_every_documented_field_is_there(self, url):
        async def story():
            async with listening(url, f"/private/ws?listenKey={key(url)}") as client:
                futures(url, "BUY", "MARKET", "0.01", "m")
                trade = await client.until(event("ORDER_TRADE_UPDATE", x="TRADE"))
                account = await client.until(event("ACCOUNT_UPDATE"))
                assert trade.keys() == account.keys() - {"a"} | {"o"} == {"e", "E", "T", "o"}
                assert trade["o"].keys() == ORDER_FIELDS
                assert account["a"].keys() == {"m", "B", "P"}
                assert account["a"]["B"][0].keys() == {"a", "wb", "cw", "bc"}
                assert account["a"]["P"][0].keys() == POSITION_FIELDS
                numbers = {"i", "T", "t", "si", "ss", "gtd"}
                flags = {"m", "R", "cp", "pP"}
                for name, value in trade["o"].items():
                    kind = int if name in numbers else bool if name in flags else str
                    assert type(value) is kind, name

        play(story())

    def test_a_resting_order_and_its_end(self, url):
        async def story():
            async with listening(url, f"/private/ws?listenKey={key(url)}") as client:
                futures(url, "BUY", "LIMIT", "0.01", "l", "&price=41000&timeInForce=GTC")
                new = await client.until(event("ORDER_TRADE_UPDATE", c="l"))
                assert (new["o"]["b"], new["o"]["a"]) == ("410.00000000", "0.00000000")
                assert "n" not in new["o"]
                query = "symbol=BTCUSDT&origClientOrderId=l"
                assert signed(url, "DELETE", "/fapi/v1/order", query).status_code == 200
                over = await client.until(event("ORDER_TRADE_UPDATE", c="l"))
                assert (over["o"]["x"], over["o"]["X"], over["o"]["b"]) == (
                    "CANCELED",
                    "CANCELED",
                    "0.00000000",
                )

        play(story())

    def test_the_tape_fills_orders_although_nobody_asks(self, url, clock):
        async def story():
            async with listening(url, f"/private/ws?listenKey={key(url)}") as client:
                futures(url, "BUY", "LIMIT", "0.01", "l", "&price=42250&timeInForce=GTC")
                for _ in range(48):
                    clock.sleep(1800)
                trade = await client.until(event("ORDER_TRADE_UPDATE", x="TRADE"))
                assert (trade["o"]["m"], trade["o"]["L"]) == (True, "42250.00000000")

        play(story())

    def test_what_a_position_earned_is_added_up(self, url):
        async def story():
            futures(url, "BUY", "MARKET", "0.02", "a")
            futures(url, "SELL", "MARKET", "0.01", "b")
            rows = signed(url, "GET", "/fapi/v1/userTrades", "symbol=BTCUSDT").json()
            before = sum(float(row["realizedPnl"]) for row in rows)
            async with listening(url, f"/private/ws?listenKey={key(url)}") as client:
                futures(url, "SELL", "MARKET", "0.01", "c")
                trade = await client.until(event("ORDER_TRADE_UPDATE", x="TRADE"))
                account = await client.until(event("ACCOUNT_UPDATE"))
                earned = before + float(trade["o"]["rp"])
                assert float(account["a"]["P"][0]["cr"]) == pytest.approx(earned)
                assert earned != 0

        play(story())

    def test_a_changed_leverage(self, url):
        async def story():
            async with listening(url, f"/private/ws?listenKey={key(url)}") as client:
                signed(url, "POST", "/fapi/v1/leverage", body="symbol=BTCUSDT&leverage=7")
                found = await client.until(event("ACCOUNT_CONFIG_UPDATE"))
                assert found["ac"] == {"s": "BTCUSDT", "l": 7}

        play(story())

    def test_a_changed_margin_mode(self, url):
        async def story():
            async with listening(url, f"/private/ws?listenKey={key(url)}") as client:
                body = "symbol=ETHUSDT&marginType=ISOLATED"
                signed(url, "POST", "/fapi/v1/marginType", body=body)
                found = await client.until(event("ACCOUNT_UPDATE"))
                assert (found["a"]["m"], found["a"]["B"]) == ("MARGIN_TYPE_CHANGE", [])
                [row] = found["a"]["P"]
                assert (row["s"], row["mt"], row["ps"]) == ("ETHUSDT", "isolated", "BOTH")
                assert float(row["pa"]) == 0

        play(story())

    def test_accounts_hear_their_own_events_only(self, url):
        async def story():
            async with (
                listening(url, f"/private/ws?listenKey={key(url)}") as main,
                listening(url, f"/private/ws?listenKey={key(url, name='alice')}") as alice,
                listening(url, f"/private/ws?listenKey={'0' * 64}") as nobody,
            ):
                futures(url, "BUY", "MARKET", "0.01", "m")
                await main.until(event("ACCOUNT_UPDATE"))
                for other in (alice, nobody):
                    await other.ask("LIST_SUBSCRIPTIONS")
                    assert not other.kept

        play(story())

    @pytest.mark.parametrize("path", ["/ws/{}", "/private/ws/{}", "/ws?listenKey={}"])
    def test_every_way_in(self, url, path):
        async def story():
            async with listening(url, path.format(key(url))) as client:
                futures(url, "BUY", "MARKET", "0.01", "m")
                await client.until(event("ACCOUNT_UPDATE"))

        play(story())

    def test_chosen_events_and_combined_messages(self, url):
        async def story():
            mine = key(url)
            path = f"/private/stream?listenKey={mine}&events=ACCOUNT_UPDATE/TRADE_LITE"
            async with listening(url, path) as client:
                futures(url, "BUY", "MARKET", "0.01", "m")
                found = [await client.receive() for _ in range(2)]
                assert [row["data"]["e"] for row in found] == ["TRADE_LITE", "ACCOUNT_UPDATE"]
                assert {row["stream"] for row in found} == {mine}
                await client.ask("UNSUBSCRIBE", [f"{mine}@ACCOUNT_UPDATE", f"{mine}@TRADE_LITE"])
                futures(url, "SELL", "MARKET", "0.01", "n")
                await client.ask("SUBSCRIBE", [mine])
                assert not client.kept

        play(story())


class TestKeys:
    def test_a_key_is_the_same_until_it_ends(self, url, wall):
        first = key(url)
        assert key(url) == first
        assert key(url, name="alice") != first
        wall.sleep(59 * 60)
        assert key(url, method="PUT") == first
        wall.sleep(59 * 60)
        assert key(url) == first
        assert raw("DELETE", url + "/fapi/v1/listenKey", key="sim").json() == {}
        gone = raw("PUT", url + "/fapi/v1/listenKey", key="sim")
        assert (gone.status_code, gone.json()["code"]) == (400, -1125)
        assert key(url) != first

    def test_a_key_needs_an_account(self, url):
        for name, code in ((None, -2014), ("nobody", -2015)):
            answer = raw("POST", url + "/fapi/v1/listenKey", key=name)
            assert (answer.status_code, answer.json()["code"]) == (401, code)

    def test_an_expired_key_is_told_and_silent(self, url, wall):
        async def story():
            mine = key(url)
            async with listening(url, f"/private/ws?listenKey={mine}") as client:
                await client.ask("LIST_SUBSCRIPTIONS")
                wall.sleep(60 * 60 + 1)
                gone = await client.receive()
                assert (gone["e"], gone["listenKey"]) == ("listenKeyExpired", mine)
                wall.advance_to(max(wall.now_ms(), SystemClock().now_ms()))
                await client.ask("LIST_SUBSCRIPTIONS")
                assert not client.kept
            fresh = key(url)
            assert fresh != mine

        play(story())

    def test_spot_has_keys_too(self, url):
        path = "/api/v3/userDataStream"
        mine = key(url, path)
        with requests.Session() as session:
            session.trust_env = False
            headers = {"X-MBX-APIKEY": "sim"}
            kept = session.put(f"{url}{path}?listenKey={mine}", headers=headers, timeout=120)
            assert (kept.status_code, kept.json()) == (200, {})
            wrong = session.put(f"{url}{path}?listenKey=x", headers=headers, timeout=120)
            assert wrong.json()["code"] == -1125

        async def story():
            async with listening(url, f"/stream-spot/ws/{mine}") as client:
                spot(url, "BUY", "MARKET", "0.01", "m")
                new = await client.until(event("executionReport", x="NEW"))
                trade = await client.until(event("executionReport", x="TRADE"))
                account = await client.until(event("outboundAccountPosition"))
                assert (new["c"], new["t"], new["w"]) == ("m", -1, True)
                assert (trade["X"], trade["z"], trade["N"]) == ("FILLED", "0.01000000", "BTC")
                assert {row["a"] for row in account["B"]} == {"BTC", "USDT"}

        play(story())


def test_a_client_that_slept_through_a_restart_hears_its_account(tmp_path, clock, wall):
    with served(tmp_path, clock, wall) as url:
        mine = key(url)
    wall.sleep(1)

    async def story(url):
        async with listening(url, f"/private/ws?listenKey={mine}") as client:
            assert key(url) == mine
            futures(url, "BUY", "MARKET", "0.01", "m")
            await client.until(event("ACCOUNT_UPDATE"))

    with served(tmp_path, clock, wall) as url:
        play(story(url))
