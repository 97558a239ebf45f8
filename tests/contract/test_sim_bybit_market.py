"""Public prices of the Bybit face, read by unmodified ccxt."""

import asyncio

import ccxt
import pytest
from support.sim_bybit import BTC, async_client, get

from xq.sim.instruments import TRADES_START_MS

MINUTE, EIGHT_HOURS = 60_000, 8 * 3_600_000


def test_markets(bybit):
    market = bybit.market(BTC)
    assert market["swap"]
    assert market["linear"]
    assert market["active"]
    assert market["contractSize"] == 1
    assert (market["precision"]["price"], market["precision"]["amount"]) == (0.1, 0.001)
    assert market["limits"]["cost"]["min"] == 100
    assert market["limits"]["leverage"]["max"] == 125
    assert set(bybit.markets) == {symbol for symbol in bybit.markets if symbol.endswith(":USDT")}
    assert bybit.currencies["USDT"]["id"] == "USDT"


def test_bars_newest_first_and_paged_by_hand(bybit, url):
    query = "category=linear&symbol=BTCUSDT&interval=1&limit=3"
    rows = get(url, "/v5/market/kline", query).json()["result"]["list"]
    assert [int(row[0]) for row in rows] == [TRADES_START_MS - MINUTE * n for n in range(3)]
    since, until, found = TRADES_START_MS - 2_500 * MINUTE, TRADES_START_MS - MINUTE, []
    start = since
    while start <= until:
        page = bybit.fetch_ohlcv(BTC, "1m", start, 1000)
        found += page
        start = page[-1][0] + MINUTE
    times = [row[0] for row in found if row[0] <= until]
    assert times == list(range(since, until + 1, MINUTE))
    assert all(low <= min(o, c) and high >= max(o, c) for _, o, high, low, c, _ in found)


def test_bars_of_a_span_too_long_are_its_newest(url):
    span = f"start={TRADES_START_MS - 100 * MINUTE}&end={TRADES_START_MS - MINUTE}"
    query = f"category=linear&symbol=BTCUSDT&interval=1&limit=10&{span}"
    rows = get(url, "/v5/market/kline", query).json()["result"]["list"]
    assert [int(row[0]) for row in rows] == [TRADES_START_MS - MINUTE * n for n in range(1, 11)]


def test_bars_of_mark_index_and_premium(bybit):
    bars = {
        price: bybit.fetch_ohlcv(BTC, "1h", limit=5, params={"price": price})
        for price in ("mark", "index", "premiumIndex")
    }
    assert len({tuple(row[0] for row in rows) for rows in bars.values()}) == 1
    for mark, index, premium in zip(*bars.values(), strict=True):
        assert premium[4] == pytest.approx(mark[4] / index[4] - 1, abs=1e-6)


def test_book_trades_and_tickers_agree(bybit, clock):
    clock.sleep(3_600)
    assert bybit.fetch_time() == TRADES_START_MS + 3_600_000
    book = bybit.fetch_order_book(BTC, 50)
    assert (len(book["bids"]), len(book["asks"])) == (50, 50)
    ticker = bybit.fetch_ticker(BTC)
    assert (ticker["bid"], ticker["ask"]) == (book["bids"][0][0], book["asks"][0][0])
    trades = bybit.fetch_trades(BTC, limit=10)
    assert len(trades) == 10
    assert trades[-1]["price"] == ticker["last"]
    assert [t["timestamp"] for t in trades] == sorted(t["timestamp"] for t in trades)
    assert bybit.fetch_tickers().keys() == set(bybit.symbols)


def test_funding_and_open_interest(bybit, url):
    current = bybit.fetch_funding_rate(BTC)
    assert current["fundingTimestamp"] == TRADES_START_MS + EIGHT_HOURS
    history = bybit.fetch_funding_rate_history(BTC, limit=3)
    times = [row["timestamp"] for row in history]
    assert times == [TRADES_START_MS - step * EIGHT_HOURS for step in (2, 1, 0)]
    alone = get(url, "/v5/market/funding/history", "category=linear&symbol=BTCUSDT&startTime=1")
    assert alone.json()["retCode"] == 10001
    held = bybit.fetch_open_interest_history(BTC, "1h", limit=4)
    assert [row["timestamp"] for row in held] == [
        TRADES_START_MS - step * 60 * MINUTE for step in (3, 2, 1, 0)
    ]
    assert bybit.fetch_open_interest(BTC)["openInterestAmount"] > 0


def test_brackets(bybit):
    tiers = bybit.fetch_market_leverage_tiers(BTC)
    assert tiers[0]["maxLeverage"] == 125
    assert [t["maxNotional"] for t in tiers] == sorted(t["maxNotional"] for t in tiers)
    assert bybit.fetch_leverage_tiers().keys() == set(bybit.symbols)


def test_other_categories_are_empty_or_refused(url):
    for path in ("instruments-info", "tickers", "risk-limit"):
        found = get(url, f"/v5/market/{path}", "category=inverse").json()
        assert (found["retCode"], found["result"]["list"]) == (0, [])
    book = get(url, "/v5/market/orderbook", "category=spot&symbol=BTCUSDT").json()
    assert book["retCode"] == 10001
    assert get(url, "/v5/market/tickers", "category=stocks").json()["retCode"] == 10001


def test_asynchronous_client(url):
    async def story():
        async with async_client(url) as bybit:
            await bybit.load_markets()
            bars = await bybit.fetch_ohlcv(BTC, "1m", limit=5)
            assert len(bars) == 5
            with pytest.raises(ccxt.BadRequest):
                await bybit.fetch_ohlcv(BTC, "1M")
            assert (await bybit.fetch_balance())["USDT"]["total"] == 10_000
            order = await bybit.create_order(BTC, "limit", "buy", 0.01, 41_000)
            [found] = await bybit.fetch_open_orders(BTC)
            assert found["id"] == order["id"]
            await bybit.cancel_order(order["id"], BTC)
            assert await bybit.fetch_open_orders(BTC) == []

    asyncio.run(story())
