"""The venue's prices: replay, seam, paging, and what may be seen when."""

from collections import Counter
from decimal import Decimal

import numpy as np
import pytest

from xq.errors import NoData, UnknownName, UsageError
from xq.sim.history import hourly_bars, recorded_trades
from xq.sim.instruments import (
    LISTED_MS,
    REPLAY_START_MS,
    TRADES_END_MS,
    TRADES_START_MS,
    Face,
    instruments,
)
from xq.sim.market import SimMarket
from xq.sim.tape import KLINE_COLUMNS
from xq.timeframe import DAY_MS, HOUR_MS, MINUTE_MS, Timeframe, names

LATER = TRADES_END_MS + 3 * DAY_MS
COLUMN = {name: index for index, name in enumerate(KLINE_COLUMNS)}


@pytest.fixture(scope="module")
def spot():
    return SimMarket(Face.SPOT, seed=7)


@pytest.fixture(scope="module")
def futures():
    return SimMarket(Face.FUTURES, seed=7)


def timeframe(name):
    return Timeframe.parse(name)


def test_faces_list_their_markets():
    for face, least in ((Face.SPOT, 26), (Face.FUTURES, 12)):
        items = instruments(face)
        assert items[0].id == "BTCUSDT"
        assert len(items) >= least
        assert not [name for name, count in Counter(item.id for item in items).items() if count > 1]
        for item in items:
            symbol = item.instrument.symbol
            assert item.id == symbol.base + symbol.quote
            assert symbol.is_contract is item.contract is (face is Face.FUTURES)
            assert item.instrument.min_quantity % item.instrument.lot == 0
            assert item.tick_units * Decimal(10) ** -item.price_digits == item.instrument.tick
            assert item.lot_units * Decimal(10) ** -item.quantity_digits == item.instrument.lot
    assert [item.id for item in instruments(Face.SPOT) if not item.instrument.synthetic] == [
        "BTCUSDT"
    ]
    assert all(item.instrument.synthetic for item in instruments(Face.FUTURES))


def test_synthetic_markets_say_so(spot):
    assert spot.instrument("BTCUSDT").synthetic_from_ms == TRADES_END_MS
    assert {item.synthetic_from_ms for item in spot.symbols()} == {0, TRADES_END_MS}


def test_hours_before_2024_are_the_recorded_ones(spot):
    bars = spot.bars("BTCUSDT", timeframe("1h"), REPLAY_START_MS, None, 10_000, TRADES_START_MS - 1)
    recorded = hourly_bars()
    assert np.array_equal(bars[:, 0], recorded[:, 0])
    assert np.array_equal(bars[:, 1:5], recorded[:, 1:5] / 100)
    assert bars[0, COLUMN["trades"]] == recorded[0, 7]


def test_hours_join_without_a_hole_where_trades_begin(spot):
    start = TRADES_START_MS - 2 * HOUR_MS
    bars = spot.bars("BTCUSDT", timeframe("1h"), start, None, 12, LATER)
    assert bars[:, 0].tolist() == [start + index * HOUR_MS for index in range(12)]
    closes, opens = bars[:-1, 4], bars[1:, 1]
    assert np.abs(opens / closes - 1).max() < 5e-4


@pytest.mark.parametrize("name", ["1m", "3m", "5m", "15m", "30m"])
def test_bars_finer_than_an_hour_begin_with_the_trades(spot, name):
    frame = timeframe(name)
    before = spot.bars("BTCUSDT", frame, None, TRADES_START_MS - 1, 1000, LATER)
    assert before.shape == (0, 11)
    first = spot.bars("BTCUSDT", frame, REPLAY_START_MS, None, 1, LATER)
    assert first[0, 0] == TRADES_START_MS
    assert first[0, 1] == 42283.58


def test_trades_go_on_where_the_recording_ends(spot):
    last = len(recorded_trades())
    first_id = recorded_trades().first_id
    trades = spot.trades("BTCUSDT", from_id=first_id + last - 3, limit=6, now_ms=LATER)
    assert [trade.id for trade in trades] == list(range(first_id + last - 3, first_id + last + 3))
    assert trades[2].price == Decimal("42234.01")
    assert trades[2].ts < TRADES_END_MS <= trades[3].ts < TRADES_END_MS + 2 * MINUTE_MS
    assert abs(trades[3].price / trades[2].price - 1) < Decimal("0.0005")
    assert trades[3].first_execution == trades[2].last_execution + 1


@pytest.mark.parametrize("start", [LISTED_MS, REPLAY_START_MS, TRADES_START_MS, TRADES_END_MS])
@pytest.mark.parametrize("name", names())
def test_bars_are_dense_possible_and_on_their_edges(spot, futures, name, start):
    frame = timeframe(name)
    for market, symbol in ((spot, "BTCUSDT"), (spot, "SHIBUSDT"), (futures, "BTCUSDT")):
        now = max(LATER + 7 * DAY_MS, frame.end(frame.ceil(start)))
        bars = market.bars(symbol, frame, start, None, 40, now)
        ts, opened, high, low, close, volume = bars[:, :6].T
        assert 0 < len(bars) <= 40
        opens = ts.astype(np.int64)
        assert (opens[1:] == frame.end(opens[:-1])).all()
        assert all(frame.is_edge(int(edge)) for edge in ts)
        assert (bars[:, 6] == frame.end(opens) - 1).all()
        assert (high >= np.maximum(opened, close)).all()
        assert (low <= np.minimum(opened, close)).all()
        assert (low > 0).all()
        traded = bars[:, COLUMN["trades"]] >= 1
        assert ((volume > 0) == traded).all()
        assert traded[:-1].all() or name == "1s"
        assert (np.column_stack((opened, high, low))[~traded] == close[~traded, None]).all()
        assert (bars[:, COLUMN["taker_base"]] <= volume).all()
        turnover = bars[:, COLUMN["quote_volume"]]
        assert (low * volume <= turnover * (1 + 1e-12)).all()
        assert (turnover <= high * volume * (1 + 1e-12)).all()


def test_weeks_open_on_monday_and_never_halfway(spot):
    bars = spot.bars("BTCUSDT", timeframe("1w"), LISTED_MS, None, 100, LATER)
    monday = 1_679_875_200_000  # 2023-03-27, the first after the recording starts
    assert bars[0, 0] == monday
    week = hourly_bars()[48 : 48 + 168]
    assert bars[0, 1] == week[0, 1] / 100
    assert bars[0, 2] == week[:, 2].max() / 100
    assert bars[0, 5] == week[:, 5].sum() / 100_000


def test_paging_takes_the_first_from_start_and_the_last_without(spot):
    minute = timeframe("1m")
    start = TRADES_END_MS - 5 * MINUTE_MS
    page = spot.bars("ETHUSDT", minute, start + 1, None, 4, LATER)
    assert page[:, 0].tolist() == [start + index * MINUTE_MS for index in range(1, 5)]
    newest = spot.bars("ETHUSDT", minute, None, None, 4, LATER + 1)
    assert newest[-1, 0] == LATER
    until = spot.bars("ETHUSDT", minute, None, start, 2, LATER)
    assert until[:, 0].tolist() == [start - MINUTE_MS, start]
    both = spot.bars("ETHUSDT", minute, start, start + MINUTE_MS, 500, LATER)
    assert both[:, 0].tolist() == [start, start + MINUTE_MS]
    assert len(spot.bars("ETHUSDT", minute, LATER + MINUTE_MS, None, 5, LATER)) == 0
    assert len(spot.bars("ETHUSDT", minute, start, None, 0, LATER)) == 0
    assert len(spot.bars("ETHUSDT", minute, None, LISTED_MS - 1, 5, LATER)) == 0


@pytest.mark.parametrize("now", [TRADES_START_MS + 90_500, LATER + 3 * HOUR_MS + 90_500])
@pytest.mark.parametrize("name", ["1m", "5m", "1h", "4h", "1d", "1w"])
def test_open_bar_holds_exactly_the_trades_so_far(spot, name, now):
    frame = timeframe(name)
    [bar] = spot.bars("BTCUSDT", frame, None, None, 1, now)
    opened = frame.floor(now)
    begin = max(opened, TRADES_START_MS)
    trades = spot.trades("BTCUSDT", start_ms=begin, limit=10**7, now_ms=now)
    prices = [float(trade.price) for trade in trades]
    assert trades[-1].ts <= now
    assert bar[0] == opened
    assert bar[4] == prices[-1] == float(spot.last_price("BTCUSDT", now))
    if opened >= TRADES_START_MS:
        assert bar[1:4].tolist() == [prices[0], max(prices), min(prices)]
        assert bar[5] == float(sum(trade.quantity for trade in trades))


def test_a_bar_without_trades_yet_is_flat_at_the_last_price(spot):
    minute = timeframe("1m")
    page = spot.bars("ETHUSDT", minute, LATER, None, 500, LATER + DAY_MS)
    quiet = next(
        int(row[0])
        for row in page
        if spot.trades("ETHUSDT", start_ms=int(row[0]), limit=1, now_ms=LATER + DAY_MS)[0].ts
        > row[0]
    )
    [before, flat] = spot.bars("ETHUSDT", minute, None, None, 2, quiet)
    assert flat.tolist() == [quiet, *[before[4]] * 4, 0, quiet + MINUTE_MS - 1, 0, 0, 0, 0]


def test_nothing_after_now_is_shown(spot, futures):
    for market in (spot, futures):
        for now in (TRADES_END_MS - 777, TRADES_END_MS + 777, LATER + 12_345):
            assert market.trades("BTCUSDT", limit=5, now_ms=now)[-1].ts <= now
            assert market.trades("BTCUSDT", start_ms=now + 1, now_ms=now) == []
            assert market.trades("BTCUSDT", from_id=10**12, now_ms=now) == []
            bars = market.bars("BTCUSDT", timeframe("1m"), now - HOUR_MS, LATER * 2, 1000, now)
            assert bars[-1, 0] <= now


def test_trades_page_by_id_and_by_time(spot):
    whole = spot.trades("SOLUSDT", start_ms=LATER - HOUR_MS, limit=100_000, now_ms=LATER)
    assert [trade.id for trade in whole] == list(range(whole[0].id, whole[0].id + len(whole)))
    paged, cursor = [], whole[0].id
    while page := spot.trades("SOLUSDT", from_id=cursor, limit=97, now_ms=LATER):
        paged += page
        cursor = page[-1].id + 1
    assert paged == whole
    assert spot.trades("SOLUSDT", limit=10, now_ms=LATER) == whole[-10:]
    assert spot.trades("SOLUSDT", end_ms=whole[49].ts, limit=3, now_ms=LATER)[-1].ts == whole[49].ts


def test_trades_are_found_across_days(spot):
    midnight = LATER // DAY_MS * DAY_MS
    newest = spot.trades("ADAUSDT", limit=20_000, now_ms=midnight + HOUR_MS)
    assert len(newest) == 20_000
    assert newest[0].ts < midnight < newest[-1].ts
    assert newest == spot.trades(
        "ADAUSDT", from_id=newest[0].id, limit=20_000, now_ms=midnight + HOUR_MS
    )


def test_recorded_trades_come_back_unchanged(spot):
    tape = recorded_trades()
    trades = spot.trades("BTCUSDT", from_id=0, limit=1000, now_ms=LATER)
    assert [trade.id for trade in trades] == list(range(tape.first_id, tape.first_id + 1000))
    assert [int(trade.price * 100) for trade in trades] == tape.price[:1000].tolist()
    assert [trade.buyer_is_maker for trade in trades] == tape.taker_sold[:1000].tolist()


def test_unknown_symbol_suggests_and_seed_is_checked(spot):
    with pytest.raises(UnknownName, match="ETHUSDT"):
        spot.last_price("ETHUSD", LATER)
    with pytest.raises(UsageError, match="-1"):
        SimMarket(Face.SPOT, seed=-1)


def test_no_price_before_the_first_bar(spot, futures):
    with pytest.raises(NoData, match="2023-03-25"):
        spot.last_price("BTCUSDT", REPLAY_START_MS)
    assert spot.last_price("BTCUSDT", REPLAY_START_MS + HOUR_MS) == Decimal(
        int(hourly_bars()[0, 4])
    ).scaleb(-2)
    with pytest.raises(NoData):
        spot.last_price("ETHUSDT", LISTED_MS - 1)
    with pytest.raises(NoData):
        futures.mark_price("ETHUSDT", LISTED_MS - 1)
    assert spot.last_price("ETHUSDT", LISTED_MS) > 0


def test_price_range_is_that_of_the_trades(spot):
    start, end = TRADES_END_MS - MINUTE_MS, TRADES_END_MS + 2 * DAY_MS + 5
    trades = spot.trades("BTCUSDT", start_ms=start + 1, end_ms=end, limit=10**6, now_ms=LATER)
    prices = [trade.price for trade in trades]
    assert spot.price_range("BTCUSDT", start, end) == (min(prices), max(prices))


def test_price_range_of_no_trades_is_the_last_price(spot):
    last = spot.last_price("LTCUSDT", LATER)
    assert spot.price_range("LTCUSDT", LATER, LATER) == (last, last)


def test_price_range_before_the_trades_is_that_of_the_hours(spot):
    start = TRADES_START_MS - 10 * HOUR_MS
    bars = hourly_bars()[-10:]
    assert spot.price_range("BTCUSDT", start, TRADES_START_MS - 1) == (
        Decimal(int(bars[:, 3].min())).scaleb(-2),
        Decimal(int(bars[:, 2].max())).scaleb(-2),
    )


@pytest.mark.parametrize("above", [True, False])
def test_first_reach_is_the_first_trade_beyond(spot, above):
    end = LATER + DAY_MS
    low, high = spot.price_range("BTCUSDT", LATER, end)
    last = spot.last_price("BTCUSDT", LATER)
    price = (last + high) / 2 if above else (last + low) / 2
    found = spot.first_reach("BTCUSDT", price, above=above, start_ms=LATER, end_ms=end)
    trades = spot.trades("BTCUSDT", start_ms=LATER + 1, end_ms=end, limit=10**6, now_ms=end)
    assert found == next(
        trade for trade in trades if (trade.price >= price if above else trade.price <= price)
    )
    beyond = high + 1 if above else low - 1
    assert spot.first_reach("BTCUSDT", beyond, above=above, start_ms=LATER, end_ms=end) is None


def test_perpetual_stays_near_its_coin_recorded_or_not(spot, futures):
    for start in (REPLAY_START_MS, TRADES_START_MS - 10 * HOUR_MS, TRADES_END_MS + DAY_MS):
        ours = futures.bars("BTCUSDT", timeframe("1h"), start, None, 48, LATER)[:, 4]
        coin = spot.bars("BTCUSDT", timeframe("1h"), start, None, 48, LATER)[:, 4]
        assert np.abs(ours / coin - 1).max() < 0.004
        assert np.abs(ours / coin - 1).max() > 0
    minutes = spot.bars("BTCUSDT", timeframe("1m"), TRADES_START_MS, None, 360, LATER)[:, 4]
    ours = futures.bars("BTCUSDT", timeframe("1m"), TRADES_START_MS, None, 360, LATER)[:, 4]
    assert np.abs(ours / minutes - 1).max() < 0.004


def test_mark_price_is_near_the_last_and_on_the_tick(spot, futures):
    for item in futures.symbols():
        now = LATER + 31 * MINUTE_MS
        mark, last = futures.mark_price(item.id, now), futures.last_price(item.id, now)
        assert mark % item.instrument.tick == 0
        assert abs(mark / last - 1) < Decimal("0.002")
        assert abs(futures.index_price(item.id, now) / last - 1) < Decimal("0.004")
    assert spot.mark_price("BTCUSDT", LATER) == spot.last_price("BTCUSDT", LATER)
    assert spot.index_price("BTCUSDT", LATER) == spot.last_price("BTCUSDT", LATER)


def test_mark_price_bounces_less_than_the_last(futures):
    moments = range(LATER, LATER + HOUR_MS, 2_000)
    last = [float(futures.last_price("XRPUSDT", now)) for now in moments]
    mark = [float(futures.mark_price("XRPUSDT", now)) for now in moments]
    assert np.abs(np.diff(mark)).sum() < np.abs(np.diff(last)).sum()


def test_funding_falls_every_eight_hours_and_pays_on_the_mark(futures, spot):
    rows = futures.funding("BTCUSDT", TRADES_START_MS - DAY_MS, LATER, 1000)
    assert [row.ts for row in rows] == list(range(TRADES_START_MS - DAY_MS, LATER + 1, 8 * HOUR_MS))
    for row in rows:
        assert abs(row.rate) <= Decimal("0.003")
        assert row.mark == futures.mark_price("BTCUSDT", row.ts)
    assert futures.funding("BTCUSDT", TRADES_START_MS, LATER, 2) == rows[3:5]
    assert futures.funding("BTCUSDT", TRADES_START_MS + 1, TRADES_START_MS + 2, 2) == []
    assert futures.funding("BTCUSDT", 0, LATER, 1)[0].ts == LISTED_MS + 8 * HOUR_MS
    assert spot.funding("BTCUSDT", TRADES_START_MS, LATER, 100) == []


def test_funding_estimate_becomes_the_settlement(futures, spot):
    settlement = LATER // DAY_MS * DAY_MS + 8 * HOUR_MS
    [paid] = futures.funding("ETHUSDT", settlement, settlement, 1)
    early = futures.funding_estimate("ETHUSDT", settlement - 7 * HOUR_MS)
    late = futures.funding_estimate("ETHUSDT", settlement - 1)
    assert early.ts == late.ts == paid.ts
    assert abs(late.rate - paid.rate) <= Decimal("0.00000001")
    assert futures.funding_estimate("ETHUSDT", settlement).ts == settlement + 8 * HOUR_MS
    with pytest.raises(UsageError, match="ETHUSDT on spot"):
        spot.funding_estimate("ETHUSDT", LATER)


def test_funding_is_mostly_the_interest_rate_but_not_always(futures):
    rates = [row.rate for row in futures.funding("BTCUSDT", LISTED_MS, LATER, 1000)]
    usual = rates.count(Decimal("0.00010000")) / len(rates)
    assert 0.4 < usual < 0.95
    assert min(rates) < 0 < max(rates)
