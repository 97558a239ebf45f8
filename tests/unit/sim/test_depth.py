"""The synthetic book: possible, calibrated, and the same for a whole second."""

from decimal import Decimal

import numpy as np
import pytest

from xq.sim.depth import BEST_TRADES, LEVEL_GAP, LEVEL_TRADES, MEAN_TRADE, depth
from xq.sim.history import recorded_trades
from xq.sim.instruments import TRADES_END_MS, TRADES_START_MS, Face, instruments
from xq.sim.market import SimMarket

NOW = TRADES_START_MS + 4_321_000
BITCOIN = instruments(Face.SPOT)[0]


@pytest.fixture(scope="module")
def market():
    return SimMarket(Face.SPOT, seed=7)


def test_mean_trade_is_that_of_the_recorded_tape():
    tape = recorded_trades()
    assert pytest.approx((tape.price * tape.quantity).mean() / 1e7, rel=1e-3) == MEAN_TRADE


@pytest.mark.parametrize("face", list(Face))
def test_every_book_is_sorted_on_the_tick_and_around_the_last_price(face):
    market = SimMarket(face, seed=7)
    for item in market.symbols():
        for now in (NOW, TRADES_END_MS + NOW):
            bids, asks = market.book(item.id, now, 100)
            last = market.last_price(item.id, now)
            assert bids[0][0] + item.instrument.tick == asks[0][0]
            assert last in (bids[0][0], asks[0][0])
            for side, sign in ((bids, -1), (asks, 1)):
                prices = [price for price, _ in side]
                assert prices == sorted(set(prices), reverse=sign < 0)
                assert all(price > 0 and price % item.instrument.tick == 0 for price in prices)
                lot = item.instrument.lot
                assert all(size >= lot and size % lot == 0 for _, size in side)


def test_the_taker_of_the_last_trade_met_the_best_price(market):
    for offset in range(0, 60_000, 500):
        trade = market.trades("BTCUSDT", limit=1, now_ms=NOW + offset)[0]
        bids, asks = market.book("BTCUSDT", NOW + offset, 1)
        met = bids if trade.buyer_is_maker else asks
        assert met[0][0] == trade.price


def test_fewer_levels_are_a_prefix_of_more(market):
    bids, asks = market.book("ETHUSDT", NOW, 1000)
    for limit in (0, 1, 5, 999):
        few_bids, few_asks = market.book("ETHUSDT", NOW, limit)
        assert few_bids == bids[:limit]
        assert few_asks == asks[:limit]
    assert len(market.book("BTCUSDT", NOW, 10**6)[0]) == 5000


def test_a_second_is_one_book_and_the_next_another():
    one = depth(BITCOIN, 7, 1000, 4_228_358, 50)
    assert all(
        np.array_equal(left, right)
        for side, again in zip(one, depth(BITCOIN, 7, 1000, 4_228_358, 50), strict=True)
        for left, right in zip(side, again, strict=True)
    )
    assert not np.array_equal(one[0][1], depth(BITCOIN, 7, 1001, 4_228_358, 50)[0][1])
    assert not np.array_equal(one[0][1], depth(BITCOIN, 8, 1000, 4_228_358, 50)[0][1])


def test_proportions_are_the_calibrated_ones():
    best, price = [], 4_228_358
    gaps, sizes = [], []
    for second in range(400):
        for side in depth(BITCOIN, 7, second, price, 300):
            best.append(side[1][0])
            sizes.append(side[1][1:].mean())
            gaps.append(np.abs(np.diff(side[0])).mean())
    trade = MEAN_TRADE / (price / 100) * 1e5
    assert np.mean(best) / trade == pytest.approx(BEST_TRADES, rel=0.15)
    assert np.mean(sizes) / trade == pytest.approx(LEVEL_TRADES, rel=0.15)
    assert np.mean(gaps) / price == pytest.approx(LEVEL_GAP, rel=0.15)


def test_bids_end_above_zero():
    pepe = next(item for item in instruments(Face.SPOT) if item.base == "PEPE")
    bids, asks = depth(pepe, 7, 1, 130, 1000)
    assert len(bids[0]) <= 130
    assert bids[0][-1] >= 1
    assert len(asks[0]) == 1000


def test_thin_markets_have_thin_books(market):
    def notional(symbol):
        bids, _ = market.book(symbol, NOW, 20)
        return sum(price * size for price, size in bids)

    assert notional("BTCUSDT") > notional("ALGOUSDT") > Decimal(1000)
