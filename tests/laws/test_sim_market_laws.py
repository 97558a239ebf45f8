"""Laws of the simulated prices, at any seed, market, time and order of questions."""

from decimal import Decimal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from xq.sim.basis import FUNDING_MS, Basis
from xq.sim.instruments import LISTED_MS, TRADES_END_MS, TRADES_START_MS, Face, instruments
from xq.sim.market import SimMarket
from xq.sim.spine import Spine
from xq.sim.tape import KLINE_COLUMNS
from xq.timeframe import DAY_MS, HOUR_MS, MINUTE_MS, Timeframe, names

MINUTE = Timeframe.parse("1m")
OPEN_TIME, OPEN, HIGH, LOW, CLOSE, VOLUME = range(6)
SUMMED = [KLINE_COLUMNS.index(name) for name in ("volume", "quote_volume", "trades", "taker_base")]

SPINE = Spine(5)
USED = {face: SimMarket(face, seed=5) for face in Face}  # asked by every example, in any order

markets = st.sampled_from([(face, item.id) for face in Face for item in instruments(face)])
moments = st.one_of(
    st.integers(TRADES_START_MS, TRADES_START_MS + 3 * DAY_MS),
    st.integers(TRADES_END_MS - MINUTE_MS, TRADES_END_MS + MINUTE_MS),
    st.integers(TRADES_START_MS, TRADES_START_MS + 3000 * DAY_MS),
)
frames = st.sampled_from([Timeframe.parse(name) for name in names()])
some = settings(max_examples=40, deadline=None)


@some
@given(
    markets,
    moments,
    st.sampled_from([f for f in names() if f not in ("1s", "1m", "3d", "1w", "1M")]),
)
def test_coarse_bars_are_the_sum_of_their_minutes(market, now, name):
    face, symbol = market
    frame = Timeframe.parse(name)
    [bar] = USED[face].bars(symbol, frame, None, None, 1, now)
    begin = int(bar[OPEN_TIME])
    if begin < TRADES_START_MS:
        return
    minutes = USED[face].bars(symbol, MINUTE, begin, None, 1440, now)
    assert bar[OPEN] == minutes[0, OPEN]
    assert bar[CLOSE] == minutes[-1, CLOSE]
    traded = minutes[minutes[:, VOLUME] > 0]
    if len(traded):
        assert (bar[HIGH], bar[LOW]) == (traded[:, HIGH].max(), traded[:, LOW].min())
    assert np.allclose(bar[SUMMED], minutes[:, SUMMED].sum(axis=0), rtol=1e-12)


@some
@given(markets, moments)
def test_trades_are_their_minute(market, now):
    face, symbol = market
    begin = MINUTE.floor(now)
    trades = USED[face].trades(symbol, start_ms=begin, limit=100_000, now_ms=now)
    [bar] = USED[face].bars(symbol, MINUTE, begin, None, 1, now)
    assert bar[OPEN_TIME] == begin
    assert bar[CLOSE] == float(USED[face].last_price(symbol, now))
    if trades:
        prices = [trade.price for trade in trades]
        corners = [prices[0], max(prices), min(prices), prices[-1]]
        assert bar[OPEN : CLOSE + 1].tolist() == [float(price) for price in corners]
        assert bar[VOLUME] == float(sum(trade.quantity for trade in trades))
        assert bar[7] == float(sum(trade.quantity * trade.price for trade in trades))
        assert bar[8] == trades[-1].last_execution - trades[0].first_execution + 1
        bought = [trade.quantity for trade in trades if not trade.buyer_is_maker]
        assert bar[9] == float(sum(bought, Decimal(0)))
    else:
        assert bar[VOLUME] == 0


@some
@given(markets, moments, frames, st.integers(0, 400 * DAY_MS))
def test_closed_bars_never_change(market, now, frame, passed):
    face, symbol = market
    then = USED[face].bars(symbol, frame, None, None, 12 if frame.is_month else 30, now)
    closed = then[then[:, 6] < now]
    if not len(closed):
        return
    start = int(closed[0, OPEN_TIME])
    later = USED[face].bars(symbol, frame, start, None, len(closed), now + passed)
    assert np.array_equal(later, closed)


@settings(max_examples=15, deadline=None)
@given(markets, moments, frames)
def test_a_fresh_market_gives_the_same_answers(market, now, frame):
    face, symbol = market
    fresh, used = SimMarket(face, seed=5), USED[face]
    assert np.array_equal(
        fresh.bars(symbol, frame, None, None, 10, now),
        used.bars(symbol, frame, None, None, 10, now),
    )
    assert fresh.trades(symbol, limit=3, now_ms=now) == used.trades(symbol, limit=3, now_ms=now)
    assert fresh.mark_price(symbol, now) == used.mark_price(symbol, now)
    assert fresh.book(symbol, now, 5) == used.book(symbol, now, 5)
    span = (symbol, now - DAY_MS, now, 5)
    assert fresh.funding(*span) == used.funding(*span)


@some
@given(markets, moments, frames, st.integers(1, 50))
def test_pages_are_the_whole(market, now, frame, page):
    face, symbol = market
    start = max(frame.shift(now, -60), now - 420 * DAY_MS, LISTED_MS)
    whole = USED[face].bars(symbol, frame, start, None, 1000, now)
    if not len(whole):
        return
    cursor, pages = int(whole[0, OPEN_TIME]), []
    while len(rows := USED[face].bars(symbol, frame, cursor, None, page, now)):
        pages.append(rows)
        cursor = frame.end(int(rows[-1, OPEN_TIME]))
    assert np.array_equal(np.concatenate(pages), whole)


@some
@given(markets, moments, st.integers(1, 40))
def test_book_is_never_crossed(market, now, limit):
    face, symbol = market
    item = USED[face].instrument(symbol)
    bids, asks = USED[face].book(symbol, now, limit)
    last = USED[face].last_price(symbol, now)
    assert bids[0][0] <= last <= asks[0][0]
    assert bids[0][0] < asks[0][0]
    for price, quantity in (*bids, *asks):
        assert price > 0 < quantity
        assert price % item.instrument.tick == 0
        assert quantity % item.instrument.lot == 0


@some
@given(markets, moments, st.integers(0, 4 * HOUR_MS))
def test_price_range_holds_every_price_shown(market, start, span):
    face, symbol = market
    low, high = USED[face].price_range(symbol, start, start + span)
    assert low <= USED[face].last_price(symbol, start + span) <= high
    for price, above in ((high, True), (low, False)):
        found = USED[face].first_reach(
            symbol, price, above=above, start_ms=start, end_ms=start + span
        )
        if found is None:  # nothing traded: the range is the last price from before
            assert low == high
        else:
            assert found.price == price
            assert start < found.ts <= start + span


@some
@given(markets, moments, st.lists(st.integers(0, 30_000), min_size=2, max_size=8))
def test_the_last_price_is_that_of_the_last_trade_however_it_was_asked(market, now, steps):
    face, symbol = market
    moments_ = [now + step for step in steps]
    answers = [USED[face].last_price(symbol, moment) for moment in moments_]
    for moment, price in zip(moments_, answers, strict=True):
        trades = USED[face].trades(symbol, end_ms=moment, limit=1, now_ms=moment)
        assert not trades or price == trades[-1].price
        for start in (now - 1, *moments_):
            inside = USED[face].trades(
                symbol, start_ms=start + 1, end_ms=moment, limit=100_000, now_ms=moment
            )
            prices = [trade.price for trade in inside] or [price]
            if TRADES_START_MS <= start < moment:
                low, high = USED[face].price_range(symbol, start, moment)
                assert (low, high) == (min(prices), max(prices))


@some
@given(moments)
def test_the_basis_of_one_moment_is_that_of_a_row_of_moments(now):
    basis = Basis(SPINE, 5, "BTC")
    row = basis.at(np.array([now - 1, now, now + FUNDING_MS]))
    assert abs(basis.at_one(now) - float(row[1])) <= 1e-18
