"""Real prices as the simulated venue's feed: only what was known, only what was traded."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
import pytest

from xq.errors import UnknownName, VenueUnclear
from xq.sim.feed import Feed
from xq.sim.instruments import Face
from xq.sim.paper import PaperFeed
from xq.timeframe import DAY_MS, HOUR_MS, MINUTE_MS, Timeframe
from xq.types import Book, Instrument, Symbol

BTC, EURO = Symbol("BTC", "USDT"), Symbol("BTC", "EUR")
PERPETUAL = Symbol("BTC", "USDT", "USDT")
T0 = 1_704_067_200_000


class Exchange:
    """A real exchange's public data: minute ``i`` after T0 opens at 100 + i and moves by ±0.5."""

    def __init__(self, now_ms: int) -> None:
        self.now_ms = now_ms
        self.asked: list[tuple[str, int]] = []

    def listed(self, contract: bool) -> Mapping[Symbol, Instrument]:
        cent, lot = Decimal("0.01"), Decimal("0.001")
        symbols = [PERPETUAL] if contract else [BTC, EURO]
        zero = Decimal(0)
        return {s: Instrument(s, cent, lot, lot, Decimal(5), zero, zero) for s in symbols}

    def bars(self, symbol: Symbol, timeframe: Timeframe, since_ms: int, limit: int) -> np.ndarray:
        self.asked.append((timeframe.name, since_ms))
        opens = np.arange(max(timeframe.ceil(since_ms), T0), self.now_ms + 1, timeframe.ms)[:limit]
        price = 100 + (opens - T0) / MINUTE_MS
        rows = [opens, price, price + 0.5, price - 0.5, price + 0.25, np.ones(len(opens))]
        return np.column_stack(rows).astype(float)

    def book(self, symbol: Symbol, depth: int) -> Book:
        self.asked.append(("book", depth))
        level = (Decimal(100), Decimal(1))
        return Book(symbol, (level,) * depth, (level,) * depth, self.now_ms)

    def funding(
        self, symbol: Symbol, since_ms: int, limit: int
    ) -> Sequence[tuple[int, Decimal, Decimal]]:
        times = range(T0, self.now_ms + 1, 8 * HOUR_MS)
        rows = [(ts + 7, Decimal("0.0001"), Decimal(100)) for ts in times if ts + 7 >= since_ms]
        return rows[:limit]


def feed_at(now_ms: int, face: Face = Face.SPOT) -> tuple[PaperFeed, Exchange]:
    exchange = Exchange(now_ms)
    return PaperFeed(face, exchange), exchange


def test_it_is_a_feed() -> None:
    feed: Feed = feed_at(T0)[0]
    assert [market.id for market in feed.symbols()] == ["BTCUSDT"]


def test_only_what_the_account_can_buy_is_listed() -> None:
    feed, _ = feed_at(T0)
    with pytest.raises(UnknownName):
        feed.instrument("BTCEUR")


def test_the_present_price_is_the_running_bars() -> None:
    now = T0 + 10 * MINUTE_MS + 20_000
    assert feed_at(now)[0].last_price("BTCUSDT", now) == Decimal("110.25")


def test_a_past_price_is_the_one_known_then() -> None:
    feed, _ = feed_at(T0 + HOUR_MS)
    assert feed.last_price("BTCUSDT", T0 + 10 * MINUTE_MS + 20_000) == Decimal(110)
    assert feed.last_price("BTCUSDT", T0 + 11 * MINUTE_MS - 1) == Decimal(110)


def test_no_price_at_all_is_said() -> None:
    with pytest.raises(VenueUnclear, match="no price of BTCUSDT"):
        feed_at(T0 - DAY_MS)[0].last_price("BTCUSDT", T0 - DAY_MS)


def test_the_minute_of_the_order_does_not_fill_it() -> None:
    now = T0 + 12 * MINUTE_MS + 5
    feed, _ = feed_at(now)
    start = T0 + 10 * MINUTE_MS + 30_000
    assert feed.price_range("BTCUSDT", start, now) == (Decimal("110.5"), Decimal("112.5"))


def test_a_range_in_the_past_knows_nothing_later() -> None:
    feed, _ = feed_at(T0 + HOUR_MS)
    start, end = T0 + 10 * MINUTE_MS, T0 + 12 * MINUTE_MS + 30_000
    assert feed.price_range("BTCUSDT", start, end) == (Decimal("109.5"), Decimal(112))


def test_the_first_reach_is_at_the_end_of_its_bar_and_inside_its_range() -> None:
    now = T0 + HOUR_MS
    feed, _ = feed_at(now)
    price = Decimal("120.4")
    trade = feed.first_reach("BTCUSDT", price, above=True, start_ms=T0, end_ms=now)
    assert trade is not None
    assert trade.ts == T0 + 21 * MINUTE_MS
    assert feed.price_range("BTCUSDT", T0, trade.ts)[1] >= price


def test_a_price_never_reached_is_none() -> None:
    now = T0 + HOUR_MS
    feed, _ = feed_at(now)
    reach = feed.first_reach("BTCUSDT", Decimal(99), above=False, start_ms=T0, end_ms=now)
    assert reach is None


def test_a_long_absence_is_read_in_coarser_bars() -> None:
    now = T0 + 30 * DAY_MS
    feed, exchange = feed_at(now)
    feed.price_range("BTCUSDT", T0, now)
    assert {name for name, _ in exchange.asked} <= {"1h", "1m"}
    assert len(exchange.asked) < 5


def test_one_present_is_read_once() -> None:
    now = T0 + HOUR_MS
    feed, exchange = feed_at(now)
    for _ in range(5):
        feed.price_range("BTCUSDT", T0 + 50 * MINUTE_MS, now)
        feed.last_price("BTCUSDT", now)
        feed.book("BTCUSDT", now, 1000)
    assert [name for name, _ in exchange.asked] == ["1m", "book"]


def test_funding_lands_on_the_venues_grid() -> None:
    feed, _ = feed_at(T0 + DAY_MS, Face.FUTURES)
    moment = T0 + 8 * HOUR_MS
    [settled] = feed.funding("BTCUSDT", moment, moment, 1)
    assert (settled.ts, settled.rate) == (moment, Decimal("0.0001"))
    assert feed_at(T0 + DAY_MS)[0].funding("BTCUSDT", moment, moment, 1) == []


def test_a_face_that_is_not_traded_is_not_asked() -> None:
    class Silent(Exchange):
        def listed(self, contract: bool) -> Mapping[Symbol, Instrument]:
            raise AssertionError("asked")

    assert PaperFeed(Face.FUTURES, Silent(T0), active=False).symbols() == ()


def test_bars_have_the_venues_columns() -> None:
    feed, _ = feed_at(T0 + HOUR_MS)
    rows = feed.bars("BTCUSDT", Timeframe.parse("1m"), T0, None, 3, T0 + HOUR_MS)
    assert rows.shape == (3, 11)
    assert rows[0].tolist()[:8] == [T0, 100, 100.5, 99.5, 100.25, 1, T0 + MINUTE_MS - 1, 100.25]
