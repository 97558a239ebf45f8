"""How late orders arrive, and the books that models of liquidity show."""

import math
from decimal import Decimal
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.scripted_feed import FUTURES_MARKET, START, WALL, ScriptedFeed

from xq.clock import ManualClock
from xq.errors import UsageError
from xq.sim.accounts import MAIN
from xq.sim.instruments import TRADES_START_MS, Face, instruments
from xq.sim.ledger import FILE_NAME, Ledger
from xq.sim.market import SimMarket
from xq.sim.market_models import (
    Fixed,
    Sampled,
    Spread,
    SquareRoot,
    latency_of,
    liquidity_of,
    volatility,
)
from xq.sim.records import NewOrder
from xq.sim.venue import SimVenue
from xq.timeframe import HOUR_MS
from xq.types import OrderType, Side

BITCOIN = instruments(Face.SPOT)[0]
NOW = TRADES_START_MS + 40 * HOUR_MS


@given(st.integers(0, 10**6), st.integers(0, 2_000), st.integers(0, 99))
def test_a_sampled_delay_depends_on_seed_and_number_alone(number, median, seed):
    delay = Sampled(median, seed).delay_ms(number)
    Sampled(median, seed).delay_ms(number + 1)
    assert Sampled(median, seed).delay_ms(number) == delay
    assert 0 <= delay <= 60_000


def test_half_of_the_sampled_delays_are_above_the_median_and_some_far():
    delays = sorted(Sampled(100, seed=7).delay_ms(number) for number in range(2_000))
    assert 90 < delays[1_000] < 110
    assert delays[-1] > 300
    assert delays[0] < 40


@pytest.mark.parametrize("symbol", ["BTCUSDT", "SHIBUSDT", "BABIXUSDT"])
@pytest.mark.parametrize("points", [0.0, 1.0, 25.0])
def test_a_spread_is_kept(symbol, points):
    plain = SimMarket(Face.SPOT, 7).book(symbol, NOW, 30)
    market = SimMarket(Face.SPOT, 7, Spread(points))
    bids, asks = market.book(symbol, NOW, 30)
    middle = (bids[0][0] + asks[0][0]) / 2
    tick = market.instrument(symbol).instrument.tick
    wide = asks[0][0] - bids[0][0]
    assert wide * 10_000 >= middle * Decimal(points)
    assert wide <= max(
        plain[1][0][0] - plain[0][0][0], middle * Decimal(points) / 10_000 + 3 * tick
    )
    assert all(price % tick == 0 for price, _ in bids + asks)
    assert [size for _, size in asks] == [size for _, size in plain[1]]


@pytest.mark.parametrize("symbol", ["BTCUSDT", "ETHUSDT"])
@pytest.mark.parametrize("share", [1e-5, 1e-4, 1e-3])
def test_taking_moves_the_price_by_the_square_root_of_the_share(symbol, share):
    market = SimMarket(Face.SPOT, 7, SquareRoot(1.0))
    item = market.instrument(symbol)
    _, asks = market.book(symbol, NOW, 1_000)
    daily = item.profile.turnover / float(asks[0][0])
    taken = accumulate(float(size) for _, size in asks)
    last = next(n for n, total in enumerate(taken) if total >= daily * share)
    moved = float(asks[last][0] / asks[0][0]) - 1
    assert moved == pytest.approx(volatility(item) * math.sqrt(share), rel=0.05, abs=3e-5)


def test_both_sides_of_an_impact_book_are_in_order():
    bids, asks = SimMarket(Face.FUTURES, 7, SquareRoot(0.5)).book("ETHUSDT", NOW, 200)
    assert [p for p, _ in bids] == sorted({p for p, _ in bids}, reverse=True)
    assert [p for p, _ in asks] == sorted({p for p, _ in asks})
    assert bids[0][0] < asks[0][0]
    assert len(bids) == len(asks) == 200
    shallow = SimMarket(Face.FUTURES, 7, SquareRoot(0.5)).book("ETHUSDT", NOW, 20)
    assert shallow == (bids[:20], asks[:20])


@pytest.mark.parametrize("text", ["", "-5", "1.5", "fast", "sampled:", "sampled:x", "70000"])
def test_a_latency_that_is_none_is_refused(text):
    with pytest.raises(UsageError, match="expected a latency"):
        latency_of(text, 7)


@pytest.mark.parametrize("text", ["", "spread", "spread:x", "spread:-1", "impact:0", "deep:4"])
def test_a_liquidity_that_is_none_is_refused(text):
    with pytest.raises(UsageError, match="expected spread:"):
        liquidity_of(text)


@pytest.fixture
def opened(tmp_path):
    """Venues with a latency; BTC trades at 40000, half a second later at 41000."""
    wall = ManualClock(WALL)
    market = {"BTCUSDT": [(START - 1, "40000"), (START + 500, "41000")]}
    feeds = {
        Face.SPOT: ScriptedFeed(Face.SPOT, market),
        Face.FUTURES: ScriptedFeed(Face.FUTURES, FUTURES_MARKET),
    }
    ledger = Ledger(tmp_path / FILE_NAME)
    yield wall, lambda latency: SimVenue(ledger, feeds, wall, seed=7, latency=latency)
    ledger.close()


BUY = NewOrder("BTCUSDT", Side.BUY, OrderType.MARKET, quantity=Decimal("0.01"))


@pytest.mark.parametrize(("late", "price"), [(499, "40000.5"), (500, "41000.5")])
def test_an_order_meets_the_book_as_it_is_when_it_arrives(opened, late, price):
    _, open_ = opened
    venue = open_(Fixed(late))
    placed = venue.place(MAIN, Face.SPOT, BUY)
    assert [str(fill.price) for fill in placed.fills] == [price]
    assert {fill.ts for fill in placed.fills} == {START + late}
    assert venue.now_ms == START + late


def test_orders_sent_together_arrive_together(opened):
    wall, open_ = opened
    venue = open_(Fixed(50))
    for _ in range(3):
        venue.place(MAIN, Face.SPOT, BUY)
    assert venue.now_ms == START + 50
    wall.sleep(0.01)
    venue.place(MAIN, Face.SPOT, BUY)
    assert venue.now_ms == START + 60
