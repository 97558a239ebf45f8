"""Bars of seconds and of months from the simulated venue, read by unmodified ccxt."""

import ccxt
import numpy as np
import pytest
from support.sim_ccxt import futures_client, raw, spot_client

from xq.clock import ManualClock, SystemClock
from xq.sim.wire.embed import ensure
from xq.timeframe import DAY_MS, HOUR_MS, Timeframe

MONTH = Timeframe.parse("1M")
ETH = "ETH/USDT"


@pytest.fixture(scope="module")
def venue(tmp_path_factory):
    clock = ManualClock(SystemClock().now_ms())
    with ensure(tmp_path_factory.mktemp("sim"), clock=clock, seed=7) as handle:
        clock.sleep(90 * 60)
        yield handle


@pytest.fixture(scope="module")
def spot(venue):
    with spot_client(venue.url) as made:
        made.load_markets()
        yield made


@pytest.fixture(scope="module")
def futures(venue):
    with futures_client(venue.url) as made:
        made.load_markets()
        yield made


def test_seconds_make_the_minute_that_the_venue_tells(spot):
    start = spot.fetch_time() // HOUR_MS * HOUR_MS - HOUR_MS
    seconds = np.array(spot.fetch_ohlcv(ETH, "1s", start, 1000))
    minutes = np.array(spot.fetch_ohlcv(ETH, "1m", start, 10))
    assert seconds[:, 0].tolist() == [start + n * 1000 for n in range(1000)]
    quiet = seconds[:, 5] == 0
    assert quiet.any()
    assert (np.ptp(seconds[quiet, 1:5], axis=1) == 0).all()  # the price before
    assert (seconds[1:, 1][quiet[1:]] == seconds[:-1, 4][quiet[1:]]).all()
    for at, minute in enumerate(minutes):
        inside = seconds[at * 60 : at * 60 + 60]
        traded = inside[inside[:, 5] > 0]
        told = [traded[0, 1], traded[:, 2].max(), traded[:, 3].min(), inside[-1, 4]]
        assert told == minute[1:5].tolist()
        assert traded[:, 5].sum() == pytest.approx(minute[5])


def test_pages_of_seconds_go_over_midnight(spot):
    midnight = spot.fetch_time() // DAY_MS * DAY_MS
    rows = spot.fetch_ohlcv(ETH, "1s", midnight - 5_000, 10)
    assert [row[0] - midnight for row in rows] == [n * 1000 for n in range(-5, 5)]
    assert all(low <= min(o, c) and max(o, c) <= high for _, o, high, low, c, _ in rows)


def test_the_newest_second_is_the_one_now(spot):
    rows = spot.fetch_ohlcv(ETH, "1s", limit=3)
    now = spot.fetch_time() // 1000 * 1000
    assert [row[0] - now for row in rows] == [-2000, -1000, 0]


def test_months_open_on_the_first_and_close_with_the_last(spot):
    rows = spot.public_get_klines({"symbol": "BTCUSDT", "interval": "1M", "limit": 5})
    opens = [int(row[0]) for row in rows]
    newest = MONTH.floor(spot.fetch_time())
    assert opens == [MONTH.shift(newest, n) for n in range(-4, 1)]
    assert [int(row[6]) + 1 for row in rows] == [MONTH.end(ts) for ts in opens]
    days = spot.fetch_ohlcv("BTC/USDT", "1d", opens[2], 31)
    inside = [row for row in days if row[0] < opens[3]]
    month = [float(text) for text in rows[2][1:6]]
    assert month[0] == inside[0][1]
    assert month[1:4] == [max(r[2] for r in inside), min(r[3] for r in inside), inside[-1][4]]
    assert month[4] == pytest.approx(sum(row[5] for row in inside))


def test_contracts_have_months_and_no_seconds(venue, futures):
    assert futures.fetch_ohlcv("ETH/USDT:USDT", "1M", limit=2)
    with pytest.raises(ccxt.BadRequest, match="-1120"):
        futures.fetch_ohlcv("ETH/USDT:USDT", "1s", limit=2)
    for path, name in (("klines", "symbol"), ("markPriceKlines", "symbol"),
                       ("indexPriceKlines", "pair")):  # fmt: skip
        answer = raw("GET", f"{venue.url}/fapi/v1/{path}?{name}=ETHUSDT&interval=1s")
        assert (answer.status_code, answer.json()["code"]) == (400, -1120)
