"""Public data through real ccxt, against a server that says exactly what the test wants."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from support.tiny_binance import HOUR, TinyBinance
from support.wire_server import HANG, RESET, WireServer, answer, closed_port

from xq.clock import ManualClock
from xq.errors import UnknownName, VenueError, VenueRefused, VenueUnclear, VenueUnreachable
from xq.timeframe import Timeframe
from xq.types import Symbol
from xq.venues.ccxt_market import CcxtMarket
from xq.venues.clients import Access
from xq.venues.registry import profile

BTC = Symbol("BTC", "USDT")
HOURLY = Timeframe.parse("1h")
NOW = 1_704_067_200_000


def market_at(url: str, clock: ManualClock | None = None, timeout: float = 0.3) -> CcxtMarket:
    access = Access(timeout=timeout, loopback_only=True)
    return CcxtMarket(profile("sim", url), clock or ManualClock(0), access)


@pytest.fixture
def tiny() -> TinyBinance:
    return TinyBinance(NOW + 5, [NOW - hours * HOUR for hours in range(48, -1, -1)])


@pytest.fixture
def server(tiny: TinyBinance) -> Iterator[WireServer]:
    with WireServer(tiny) as started:
        yield started


@pytest.fixture
def market(server: WireServer) -> Iterator[CcxtMarket]:
    made = market_at(server.url)
    yield made
    made.close()


def test_bars_are_numbers_oldest_first(market: CcxtMarket) -> None:
    bars = market.bars(BTC, HOURLY, NOW - 2 * HOUR, 10)
    assert bars[:, 0].tolist() == [NOW - 2 * HOUR, NOW - HOUR, NOW]
    assert bars.shape == (3, 6)
    assert (bars[:, 2] > bars[:, 3]).all()


def test_time_is_the_venues(market: CcxtMarket) -> None:
    assert market.now_ms() == NOW + 5


def test_only_what_is_needed_is_asked(market: CcxtMarket, server: WireServer) -> None:
    market.bars(BTC, HOURLY, NOW, 1)
    market.bars(BTC, HOURLY, NOW, 1)
    paths = [request.path.partition("?")[0] for request in server.requests]
    assert paths == ["/api/v3/exchangeInfo", "/api/v3/klines", "/api/v3/klines"]


def test_rules_of_a_symbol_are_exact(market: CcxtMarket) -> None:
    rules = market.instruments()[BTC]
    assert (rules.tick, rules.lot, rules.min_notional) == (
        Decimal("0.01"),
        Decimal("0.00001"),
        Decimal(5),
    )


def test_an_unknown_symbol_is_met_with_a_suggestion(market: CcxtMarket) -> None:
    with pytest.raises(UnknownName, match="did you mean 'BTC/USDT'"):
        market.find(Symbol("BTCC", "USDT"))


def test_an_unknown_timeframe_is_refused(market: CcxtMarket) -> None:
    with pytest.raises(UnknownName):
        market.bars(BTC, Timeframe("7m", 420_000), NOW, 1)


def test_a_closed_port_is_unreachable_after_few_tries() -> None:
    clock = ManualClock(0)
    market = market_at(f"http://127.0.0.1:{closed_port()}", clock)
    with pytest.raises(VenueUnreachable, match="connection refused"):
        market.now_ms()
    assert 0 < clock.now_ms() < 4_000


PASSING = [
    ("reset", RESET),
    ("hang", HANG),
    ("bad gateway", answer(502, "<html>")),
    ("overloaded", answer(503, '{"code":-1008,"msg":"busy"}')),
    ("html", answer(200, "<html>hello</html>")),
    ("empty", answer(200, "")),
    ("truncated", answer(200, "[[1,", length=500)),
    ("number", answer(200, "7")),
]


@pytest.mark.parametrize("reply", [r for _, r in PASSING], ids=[name for name, _ in PASSING])
def test_a_passing_fault_is_asked_again(
    market: CcxtMarket, tiny: TinyBinance, reply: bytes
) -> None:
    tiny.faults = [("klines", reply)]
    assert len(market.bars(BTC, HOURLY, NOW, 1)) == 1


@pytest.mark.parametrize("reply", [r for _, r in PASSING], ids=[name for name, _ in PASSING])
def test_a_lasting_fault_is_our_error(
    market: CcxtMarket, tiny: TinyBinance, server: WireServer, reply: bytes
) -> None:
    market.instruments()[BTC]
    server.requests.clear()
    tiny.faults = [("klines", reply)] * 20
    with pytest.raises(VenueError) as caught:
        market.bars(BTC, HOURLY, NOW, 1)
    assert type(caught.value) in (VenueUnreachable, VenueUnclear)
    assert caught.value.where == "sim: BTC/USDT 1h bars"
    assert len(server.requests) == 4


@pytest.mark.parametrize("body", ["{}", '{"a": []}'])
def test_an_object_is_not_an_empty_list_of_bars(
    market: CcxtMarket, tiny: TinyBinance, body: str
) -> None:
    tiny.faults = [("klines", answer(200, body))]
    with pytest.raises(VenueUnclear):
        market.bars(BTC, HOURLY, NOW, 1)


@pytest.mark.parametrize("body", ['[["x",1,2,3,4,5]]', "[[null,1,2,3,4,5]]", "[[1,2]]", "[1]"])
def test_bars_of_an_odd_shape_are_unclear(market: CcxtMarket, tiny: TinyBinance, body: str) -> None:
    tiny.faults = [("klines", answer(200, body))]
    with pytest.raises(VenueUnclear):
        market.bars(BTC, HOURLY, NOW, 1)


def test_a_refusal_is_not_asked_again(
    market: CcxtMarket, tiny: TinyBinance, server: WireServer
) -> None:
    tiny.faults = [("klines", answer(400, '{"code":-1121,"msg":"Invalid symbol."}'))] * 4
    with pytest.raises(VenueRefused, match="-1121"):
        market.bars(BTC, HOURLY, NOW, 1)
    assert sum("klines" in request.path for request in server.requests) == 1


def test_retry_after_is_obeyed(server: WireServer, tiny: TinyBinance) -> None:
    clock = ManualClock(0)
    market = market_at(server.url, clock)
    tiny.faults = [("klines", answer(429, "", "Retry-After: 7"))]
    assert len(market.bars(BTC, HOURLY, NOW, 1)) == 1
    assert clock.now_ms() == 7_000


def test_a_ban_stops_every_request(server: WireServer, tiny: TinyBinance) -> None:
    clock = ManualClock(0)
    market = market_at(server.url, clock)
    tiny.faults = [("klines", answer(418, "", "Retry-After: 300"))]
    with pytest.raises(VenueRefused, match="banned"):
        market.bars(BTC, HOURLY, NOW, 1)
    asked = len(server.requests)
    with pytest.raises(VenueRefused, match="banned"):
        market.now_ms()
    assert len(server.requests) == asked
    clock.advance_to(300_000)
    assert market.now_ms() == NOW + 5


@pytest.mark.parametrize("status", [403, 451])
def test_a_blocked_address_is_told_of_the_embedded_venue(
    market: CcxtMarket, tiny: TinyBinance, status: int
) -> None:
    tiny.faults = [("time", answer(status, "<html>"))]
    with pytest.raises(VenueUnreachable, match=str(status)) as caught:
        market.now_ms()
    assert "--exchange sim" in (caught.value.hint or "")


def test_a_redirect_is_not_followed(
    market: CcxtMarket, tiny: TinyBinance, server: WireServer
) -> None:
    tiny.faults = [("time", answer(302, "", f"Location: {server.url}/elsewhere"))]
    with pytest.raises(VenueUnreachable, match="302"):
        market.now_ms()
    assert not any("elsewhere" in request.path for request in server.requests)


def test_a_venue_without_symbols_is_unclear() -> None:
    with WireServer(lambda _: answer(200, "{}")) as server, pytest.raises(VenueUnclear):
        market_at(server.url).instruments()[BTC]


def test_a_client_of_the_simulated_venue_cannot_leave_this_machine() -> None:
    market = market_at("https://api.binance.com")
    with pytest.raises(VenueError, match="leave this machine"):
        market.now_ms()


def test_nothing_is_written_to_stderr(
    market: CcxtMarket, tiny: TinyBinance, capfd: pytest.CaptureFixture[str]
) -> None:
    tiny.faults = [("klines", RESET)] * 20
    with pytest.raises(VenueError):
        market.bars(BTC, HOURLY, NOW, 1)
    assert capfd.readouterr() == ("", "")
