"""Mark and index bars say what the venue's own mark and index price said, and nothing earlier."""

from decimal import Decimal

import numpy as np
import pytest

from xq.sim import fair
from xq.sim.fair import Price
from xq.sim.instruments import LISTED_MS, TRADES_END_MS, Face
from xq.sim.market import SimMarket
from xq.timeframe import DAY_MS, HOUR_MS, MINUTE_MS, Timeframe

LATER = TRADES_END_MS + 3 * DAY_MS
MINUTE, HOUR, DAY = (Timeframe.parse(name) for name in ("1m", "1h", "1d"))


@pytest.fixture(scope="module")
def market() -> SimMarket:
    return SimMarket(Face.FUTURES, seed=7)


def bars(market, price, timeframe, start, count, now=LATER + DAY_MS, symbol="BTCUSDT"):
    return market.price_bars(price, symbol, timeframe, (start, None), count, now)


def told(market, price, ts_ms, symbol="BTCUSDT"):
    ask = market.mark_price if price is Price.MARK else market.index_price
    return ask(symbol, int(ts_ms))


@pytest.mark.parametrize("price", list(Price))
@pytest.mark.parametrize("symbol", ["BTCUSDT", "DOGEUSDT"])
def test_a_bar_holds_every_price_the_venue_told_in_it(market, price, symbol):
    rng = np.random.default_rng(3)
    for row in bars(market, price, MINUTE, LATER - 2 * MINUTE_MS, 5, symbol=symbol).tolist():
        opened, high, low, close = (Decimal(repr(value)) for value in row[1:5])
        assert opened == told(market, price, row[0], symbol)
        assert close == told(market, price, row[0] + MINUTE_MS - 1, symbol)
        every = {told(market, price, row[0] + n, symbol) for n in rng.integers(0, MINUTE_MS, 300)}
        assert low <= min(every)
        assert max(every) <= high


@pytest.mark.parametrize("price", list(Price))
def test_extremes_are_reached(market, price):
    """The bar is as narrow as what was told at each millisecond of it."""
    [row] = bars(market, price, MINUTE, LATER, 1).tolist()
    every = [told(market, price, LATER + n) for n in range(0, MINUTE_MS, 7)]
    path = market._tapes.path("BTC", LATER // DAY_MS).ts
    inside = path[(path >= LATER) & (path < LATER + MINUTE_MS)]
    every += [told(market, price, ts) for ts in (*inside, *(inside - 1)) if ts >= LATER]
    every.append(told(market, price, LATER + MINUTE_MS - 1))
    assert (float(max(every)), float(min(every))) == (row[2], row[3])


def test_hours_and_days_are_made_of_minutes(market):
    minutes = bars(market, Price.MARK, MINUTE, LATER, 1440)
    hours = bars(market, Price.MARK, HOUR, LATER, 24)
    [day] = bars(market, Price.MARK, DAY, LATER // DAY_MS * DAY_MS, 1)
    assert hours[:, 2].tolist() == minutes[:, 2].reshape(24, 60).max(axis=1).tolist()
    assert hours[:, 3].tolist() == minutes[:, 3].reshape(24, 60).min(axis=1).tolist()
    assert hours[:, 4].tolist() == minutes[59::60, 4].tolist()
    assert day[0] == LATER // DAY_MS * DAY_MS
    assert not minutes[:, 5].any()


@pytest.mark.parametrize("symbol", ["BTCUSDT", "DOGEUSDT"])
@pytest.mark.parametrize("span", [(LATER - 40, 90), (LATER - 5 * MINUTE_MS, 10 * MINUTE_MS)])
def test_the_mark_range_is_that_of_every_millisecond(market, symbol, span):
    start, length = span
    step = 1 if length < MINUTE_MS else 997
    low, high = market.mark_range(symbol, start, start + length)
    every = [told(market, Price.MARK, start + n, symbol) for n in range(0, length + 1, step)]
    assert low <= min(every)
    assert max(every) <= high
    if step == 1:
        assert (low, high) == (min(every), max(every))


def test_the_mark_range_of_days_is_that_of_their_bars(market):
    start, end = LATER + 7 * MINUTE_MS, LATER + 2 * DAY_MS + 11 * MINUTE_MS
    for _ in range(2):  # whole days are remembered
        rows = bars(market, Price.MARK, MINUTE, start, (end - start) // MINUTE_MS, end)
        expected = rows[:, 3].min(), rows[:, 2].max()
        found = market.mark_range("BTCUSDT", start, end - 1)
        assert found == tuple(Decimal(repr(float(value))) for value in expected)


def test_a_settlements_mark_opens_its_bar(market):
    for settled in market.funding("BTCUSDT", LATER - DAY_MS, LATER, 9):
        [row] = bars(market, Price.MARK, HOUR, settled.ts, 1).tolist()
        assert Decimal(repr(row[1])) == settled.mark


def test_nothing_after_now_is_shown(market):
    now = LATER + 17 * MINUTE_MS + 23_456
    fresh = SimMarket(Face.FUTURES, seed=7)
    for seen in (market, fresh):  # the first has the whole day in memory
        rows = bars(seen, Price.MARK, HOUR, LATER - HOUR_MS, 9, now)
        assert len(rows) == 2
        assert Decimal(repr(rows[-1, 4].item())) == told(market, Price.MARK, now)
    final = bars(market, Price.MARK, HOUR, LATER, 1)[0]
    assert rows[-1, 1] == final[1]
    assert rows[-1, 2] <= final[2]
    assert rows[-1, 3] >= final[3]


def test_bars_begin_where_the_market_was_listed(market):
    rows = market.price_bars(Price.INDEX, "ETHUSDT", DAY, (0, None), 3, LATER)
    assert rows[:, 0].tolist() == [DAY.ceil(LISTED_MS) + n * DAY_MS for n in range(3)]
    assert not len(market.price_bars(Price.INDEX, "ETHUSDT", DAY, (LATER + 1, None), 3, LATER))


def test_days_of_many_months_are_made_once(monkeypatch):
    seen, make = [], fair._make

    def counted(tapes, item, price, day, until_ms):
        seen.append(day)
        return make(tapes, item, price, day, until_ms)

    monkeypatch.setattr(fair, "_make", counted)
    market, days = SimMarket(Face.FUTURES, seed=7), 260
    for _ in range(2):
        rows = bars(market, Price.MARK, DAY, DAY.ceil(LATER), days, LATER + 300 * DAY_MS)
        assert len(rows) == days
        assert len(seen) == len(set(seen)) == days


def test_another_seed_is_another_market():
    one, two = (
        bars(SimMarket(Face.FUTURES, seed=seed), Price.MARK, HOUR, LATER, 5) for seed in (7, 8)
    )
    assert not np.array_equal(one[:, 4], two[:, 4])


def test_open_interest_is_the_seeds_and_in_whole_lots(market):
    times = [LATER + n * 5 * MINUTE_MS for n in range(3 * 288)]
    held = [market.open_interest("BTCUSDT", ts) for ts in times]
    again = [SimMarket(Face.FUTURES, seed=7).open_interest("BTCUSDT", ts) for ts in times[::-97]]
    lot = market.instrument("BTCUSDT").instrument.lot
    assert again == held[::-97]
    assert all(value > 0 and value % lot == 0 for value in held)
    assert len(set(held)) > 800
    steps = np.abs(np.diff(np.log([float(value) for value in held])))
    assert steps.max() < 0.02  # no jumps, at midnight neither
    assert market.open_interest("BTCUSDT", LATER + 299_999) == held[0]
    assert SimMarket(Face.FUTURES, seed=8).open_interest("BTCUSDT", LATER) != held[0]
