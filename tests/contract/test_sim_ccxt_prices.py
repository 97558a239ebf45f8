"""Mark price, index price and open interest of the simulated venue, read by unmodified ccxt."""

import ccxt
import pytest
from support.sim_ccxt import futures_client, raw

from xq.clock import ManualClock, SystemClock
from xq.sim.instruments import TRADES_START_MS
from xq.sim.wire.embed import ensure
from xq.timeframe import DAY_MS, HOUR_MS, MINUTE_MS

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
FIVE = 5 * MINUTE_MS


@pytest.fixture(scope="module")
def clock():
    return ManualClock(SystemClock().now_ms())


@pytest.fixture(scope="module")
def venue(tmp_path_factory, clock):
    with ensure(tmp_path_factory.mktemp("sim"), clock=clock, seed=7) as handle:
        clock.sleep(90 * 60)
        yield handle


@pytest.fixture(scope="module")
def client(venue):
    with futures_client(venue.url) as made:
        made.load_markets()
        yield made


def test_mark_bars_are_the_mark_price(client):
    now = client.fetch_time()
    rows = client.fetch_mark_ohlcv(BTC, "1m", now - 10 * MINUTE_MS + 1, 50)
    price = client.fetch_mark_price(BTC)
    assert [row[0] for row in rows] == [now // MINUTE_MS * MINUTE_MS - n * MINUTE_MS
                                        for n in range(9, -1, -1)]  # fmt: skip
    assert rows[-1][4] == price["markPrice"]
    assert all(low <= min(o, c) and max(o, c) <= high for _, o, high, low, c, _ in rows)
    assert {row[5] for row in rows} == {0.0}


def test_index_bars_are_the_index_price(client):
    rows = client.fetch_index_ohlcv(ETH, "1h", limit=3)
    assert rows[-1][4] == client.fetch_funding_rate(ETH)["indexPrice"]
    assert [row[0] for row in rows] == [TRADES_START_MS + n * HOUR_MS for n in (-1, 0, 1)]


def test_the_settlements_mark_is_the_bars_open(client):
    start = TRADES_START_MS - DAY_MS
    marks = client.fetch_mark_ohlcv(BTC, "8h", start, 4)
    settled = client.fetch_funding_rate_history(BTC, start, 4)
    assert [row[1] for row in marks] == [float(item["info"]["markPrice"]) for item in settled]


def test_open_interest_history_and_now(client):
    start = TRADES_START_MS - 2 * DAY_MS
    rows = client.fetch_open_interest_history(BTC, "5m", start, 500)
    assert [row["timestamp"] for row in rows] == [start + n * FIVE for n in range(500)]
    now = client.fetch_open_interest(BTC)
    [newest] = client.fetch_open_interest_history(BTC, "5m", limit=1)
    assert now["timestamp"] == client.fetch_time()
    assert newest["timestamp"] == now["timestamp"] // FIVE * FIVE
    assert newest["openInterestAmount"] == now["openInterestAmount"]
    [mark] = client.fetch_mark_ohlcv(BTC, "5m", newest["timestamp"], 1)
    value = newest["openInterestAmount"] * mark[1]
    assert newest["openInterestValue"] == pytest.approx(value, rel=1e-12)


def test_longer_periods_are_the_same_readings(client):
    start = TRADES_START_MS - DAY_MS
    fine = client.fetch_open_interest_history(ETH, "5m", start, 288)
    hours = client.fetch_open_interest_history(ETH, "1h", start, 24)
    assert [h["openInterestAmount"] for h in hours] == [f["openInterestAmount"] for f in fine[::12]]


def test_a_month_is_kept_and_no_more(client):
    old = TRADES_START_MS - 31 * DAY_MS
    with pytest.raises(ccxt.BadRequest, match="startTime"):
        client.fetch_open_interest_history(BTC, "1h", old, 10)


WRONG = [
    ("/fapi/v1/markPriceKlines?symbol=BTCUSDT&interval=7m", -1120),
    ("/fapi/v1/markPriceKlines?symbol=NOPE&interval=1m", -1121),
    ("/fapi/v1/indexPriceKlines?symbol=BTCUSDT&interval=1m", -1102),
    ("/fapi/v1/indexPriceKlines?pair=BTCUSDT&interval=1m&limit=1501", -1130),
    ("/fapi/v1/markPriceKlines?symbol=BTCUSDT&interval=1m&startTime=9&endTime=1", -1023),
    ("/futures/data/openInterestHist?symbol=BTCUSDT&period=1m", -1130),
    ("/futures/data/openInterestHist?symbol=BTCUSDT", -1102),
    ("/futures/data/openInterestHist?symbol=BTCUSDT&period=5m&limit=501", -1130),
    ("/fapi/v1/openInterest", -1102),
]


@pytest.mark.parametrize(("path", "code"), WRONG)
def test_refusals_have_binances_codes(venue, path, code):
    answer = raw("GET", venue.url + path)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_bars_on_the_wire_have_binances_twelve_fields(venue):
    path = (
        f"/fapi/v1/markPriceKlines?symbol=BTCUSDT&interval=1m&startTime={TRADES_START_MS}&limit=1"
    )
    [row] = raw("GET", venue.url + path).json()
    assert row[0] == TRADES_START_MS
    assert row[5:] == ["0", TRADES_START_MS + 59_999, "0", 60, "0", "0", "0"]
    assert all(isinstance(price, str) for price in row[1:5])
