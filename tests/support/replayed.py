"""A small lake of two invented markets for the venue to replay, and everything a feed can tell."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from xq.lake.layout import Dataset
from xq.lake.reader import Lake
from xq.lake.writer import LakeWriter
from xq.sim.fair import Price
from xq.sim.instruments import Face
from xq.sim.market_lake import recordings
from xq.sim.market_replay import KINDS, ReplayFeed
from xq.timeframe import DAY_MS, HOUR_MS, MINUTE_MS, Timeframe

FROM = 1_688_169_600_000  # 2023-07-01, a Saturday
SPOT, PERPETUAL = "BTC/USDT", "BTC/USDT:USDT"
HOLE = range(600, 680)  # minutes of the first day that were not recorded
STILL = range(700, 720)  # minutes in which nothing traded
TRADED = (FROM + DAY_MS, FROM + DAY_MS + 2 * HOUR_MS)  # where single trades were recorded


def bars(seed: int, frame: Timeframe, start_ms: int, count: int, digits: int = 1) -> np.ndarray:
    """Bars as venues state them, float64 (n, 6)."""
    rng = np.random.default_rng(seed)
    close = np.round(30_000 * np.exp(np.cumsum(rng.standard_normal(count)) * 1e-3), digits)
    opened = np.round(close * np.exp(rng.standard_normal(count) * 5e-4), digits)
    high = np.round(np.maximum(opened, close) * (1 + rng.random(count) * 1e-3), digits)
    low = np.round(np.minimum(opened, close) * (1 - rng.random(count) * 1e-3), digits)
    high, low = np.maximum(high, opened), np.minimum(low, opened)
    high, low = np.maximum(high, close), np.minimum(low, close)
    volume = np.round(rng.exponential(3.0, count) + 0.01, 3)
    times = start_ms + np.arange(count) * frame.ms
    return np.column_stack((times.astype(float), opened, high, low, close, volume))


def _times(values: np.ndarray) -> pa.Array:
    return pa.array(values.astype(np.int64), pa.int64()).cast(pa.timestamp("ms", "UTC"))


def put_bars(root: Path, kind: str, symbol: str, frame: str, rows: np.ndarray) -> None:
    """Write bars into a lake."""
    names = ("open", "high", "low", "close", *(("volume",) if kind == "ohlcv" else ()))
    columns = {name: pa.array(rows[:, at]) for at, name in enumerate(names, start=1)}
    LakeWriter(root).upsert(
        Dataset(kind, "binance", symbol, frame), pa.table({"ts": _times(rows[:, 0]), **columns})
    )


def put_trades(root: Path, symbol: str, ts: np.ndarray, price: Any, quantity: Any) -> None:
    """Write trades into a lake; takers buy and sell in turn."""
    sides = ["buy" if number % 2 else "sell" for number in range(len(ts))]
    table = pa.table(
        {
            "ts": _times(ts),
            "id": pa.array(range(900, 900 + len(ts)), pa.int64()),
            "price": pa.array(price, pa.float64()),
            "quantity": pa.array(quantity, pa.float64()),
            "side": pa.array(sides),
        }
    )
    LakeWriter(root).upsert(Dataset("trades", "binance", symbol), table)


def minutes() -> np.ndarray:
    """Three days of one-minute bars with a hole and a lull."""
    rows = bars(1, Timeframe.parse("1m"), FROM, 3 * 1440)
    for number in STILL:
        rows[number, 1:5] = rows[STILL[0] - 1, 4]
        rows[number, 5] = 0.0
    return rows[[number for number in range(len(rows)) if number not in HOLE]]


def trades() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two hours of trades, several in some milliseconds."""
    rng = np.random.default_rng(2)
    ts = np.sort(rng.integers(TRADED[0], TRADED[1], 2_000))
    price = np.round(30_000 + np.cumsum(rng.standard_normal(2_000)), 1)
    return ts, price, np.round(rng.exponential(0.1, 2_000) + 0.001, 3)


def make(root: Path, until_ms: int = FROM + 3 * DAY_MS) -> Path:
    """A lake with everything of which the first moment lies before a time."""

    def known(rows: np.ndarray) -> np.ndarray:
        return rows[rows[:, 0] < until_ms]

    put_bars(root, "ohlcv", SPOT, "1m", known(minutes()))
    hours = bars(3, Timeframe.parse("1h"), FROM - 5 * DAY_MS, 8 * 24)
    put_bars(root, "ohlcv", SPOT, "1h", known(hours))
    put_bars(root, "ohlcv", PERPETUAL, "5m", known(bars(4, Timeframe.parse("5m"), FROM, 3 * 288)))
    put_bars(root, "mark", PERPETUAL, "5m", known(bars(5, Timeframe.parse("5m"), FROM, 3 * 288)))
    ts, price, quantity = trades()
    before = ts < until_ms
    if before.any():
        put_trades(root, SPOT, ts[before], price[before], quantity[before])
    settled = FROM + np.arange(9) * 8 * HOUR_MS
    rates = np.round(np.random.default_rng(6).standard_normal(9) * 1e-4, 8)
    kept = settled < until_ms
    late = settled[kept] + np.where(settled[kept] > FROM, 3, 0)  # by some ms, as venues are
    table = pa.table({"ts": _times(late), "rate": pa.array(rates[kept])})
    LakeWriter(root).upsert(Dataset("funding", "binance", PERPETUAL), table)
    return root


def feed(root: Path, face: Face = Face.SPOT, start_ms: int = FROM, **options: Any) -> ReplayFeed:
    """The lake as a feed."""
    return ReplayFeed(face, recordings(Lake(root), None, KINDS), 7, start_ms, **options)


def questions(now_ms: int) -> list[Callable[[ReplayFeed], object]]:
    """Everything that may be asked of a feed at a moment, about BTCUSDT."""
    symbol, day = "BTCUSDT", now_ms - DAY_MS

    def frame(name: str) -> Callable[[ReplayFeed], object]:
        bar = Timeframe.parse(name)
        return lambda f: f.bars(symbol, bar, None, None, 50, now_ms).tolist()

    asked: list[Callable[[ReplayFeed], object]] = [
        *(frame(name) for name in ("1m", "5m", "15m", "1h", "4h", "8h", "12h", "1d", "1w")),
        lambda f: f.bars(symbol, Timeframe.parse("1m"), day, None, 700, now_ms).tolist(),
        lambda f: f.trades(symbol, limit=40, now_ms=now_ms),
        lambda f: f.trades(symbol, start_ms=day, limit=40, now_ms=now_ms),
        lambda f: f.last_price(symbol, now_ms),
        lambda f: f.mark_price(symbol, now_ms),
        lambda f: f.index_price(symbol, now_ms),
        lambda f: f.book(symbol, now_ms, 20),
        lambda f: f.funding(symbol, FROM, now_ms, 100),
        lambda f: f.price_range(symbol, day, now_ms),
        lambda f: f.price_bars(
            Price.MARK, symbol, Timeframe.parse("15m"), (None, None), 30, now_ms
        ).tolist(),
    ]

    def reach(above: bool) -> Callable[[ReplayFeed], object]:
        span = {"start_ms": day, "end_ms": now_ms}
        return lambda f: f.first_reach(symbol, Decimal(30_000), above=above, **span)

    return [*asked, reach(above=True), reach(above=False)]


MOMENTS = (
    FROM + 1,
    FROM + 599 * MINUTE_MS + 30_000,
    FROM + 640 * MINUTE_MS,  # in the hole
    FROM + 710 * MINUTE_MS + 5,  # in the lull
    FROM + DAY_MS - 1,
    FROM + DAY_MS + 3_633_333,  # among single trades
    FROM + DAY_MS + 7 * HOUR_MS + 59_999,
    FROM + 2 * DAY_MS + 12 * HOUR_MS + 17 * MINUTE_MS + 33_333,
)
