"""Coarser bars on read: exact, complete buckets only, and never in the place of stored ones."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xq.errors import DataGap, NoData
from xq.lake.derive import finer_stored
from xq.lake.layout import Dataset
from xq.lake.reader import Lake
from xq.lake.writer import LakeWriter
from xq.timeframe import DAY_MS, HOUR_MS, Timeframe

HOUR, FOUR = Timeframe.parse("1h"), Timeframe.parse("4h")
START = 1_704_067_200_000


def hours(count: int, *, without: tuple[int, ...] = ()) -> pa.Table:
    at = np.array([n for n in range(count) if n not in without])
    base = 100.0 + at % 7
    return pa.table(
        {
            "ts": START + at * HOUR_MS,
            "open": base,
            "high": base + at % 3 + 1,
            "low": base - at % 5 - 1,
            "close": base + 0.5,
            "volume": at * 0.25,
        }
    )


def lake(root: Path, rows: pa.Table, timeframe: str = "1h") -> Lake:
    LakeWriter(root).upsert(Dataset("ohlcv", "x", "A/B", timeframe), rows)
    return Lake(root)


def test_four_hours_of_stored_hours(tmp_path: Path) -> None:
    rows = hours(24)
    stored = lake(tmp_path, rows)
    bars = stored.bars("x", ["A/B"], FOUR)
    assert stored.derived_from("x", "A/B", FOUR) == HOUR
    assert stored.derived_from("x", "A/B", HOUR) is None
    parts = np.asarray(rows["high"].to_pylist()).reshape(6, 4)
    assert bars.ts.tolist() == [START + n * 4 * HOUR_MS for n in range(6)]
    assert bars.high[:, 0].tolist() == parts.max(axis=1).tolist()
    assert bars.open[:, 0].tolist() == rows["open"].to_pylist()[::4]
    assert bars.close[:, 0].tolist() == rows["close"].to_pylist()[3::4]
    assert bars.volume[:, 0].tolist() == [
        sum(n * 0.25 for n in range(k, k + 4)) for k in range(0, 24, 4)
    ]


def test_an_incomplete_bucket_is_a_gap_and_never_a_bar(tmp_path: Path) -> None:
    stored = lake(tmp_path, hours(23, without=(5,)))
    assert stored.bars("x", ["A/B"], FOUR, gaps="drop").ts.tolist() == [
        START + n * 4 * HOUR_MS for n in (0, 2, 3, 4)
    ]
    with pytest.raises(DataGap):
        stored.bars("x", ["A/B"], FOUR)


def test_a_range_takes_whole_buckets(tmp_path: Path) -> None:
    stored = lake(tmp_path, hours(24))
    bars = stored.bars("x", ["A/B"], FOUR, START + HOUR_MS, START + 12 * HOUR_MS)
    assert bars.ts.tolist() == [START + 4 * HOUR_MS, START + 8 * HOUR_MS]


def test_stored_bars_come_first_and_the_coarsest_that_fits(tmp_path: Path) -> None:
    stored = lake(tmp_path, hours(24))
    two = lake(tmp_path, hours(1), "2h")
    assert two.derived_from("x", "A/B", FOUR) == Timeframe.parse("2h")
    lake(tmp_path, hours(1), "4h")
    assert stored.derived_from("x", "A/B", FOUR) is None
    with pytest.raises(NoData):
        stored.bars("x", ["A/B"], Timeframe.parse("30m"))


def test_minutes_make_the_venues_own_hours(tmp_path: Path, market_data: Path) -> None:
    """Binance's own hourly file is the witness."""
    minutes = pq.read_table(market_data / "ohlcv/binance_spot_BTCUSDT_1m_full_202301.parquet")
    wanted = ["ts", "open", "high", "low", "close", "volume"]
    stored = lake(tmp_path, minutes.select(wanted), "1m")
    bars = stored.bars("x", ["A/B"], HOUR)
    table = pq.read_table(market_data / "ohlcv/binance_spot_BTCUSDT_1h.parquet")
    ts = np.asarray(table["ts"].cast("int64").to_pylist())
    rows = np.searchsorted(ts, bars.ts)
    assert len(bars) == 31 * 24
    for name in ("open", "high", "low", "close"):
        assert np.array_equal(getattr(bars, name)[:, 0], table[name].to_numpy()[rows])
    assert np.allclose(bars.volume[:, 0], table["volume"].to_numpy()[rows], rtol=1e-9, atol=0)


def test_three_days_are_not_derived_for_nobody_knows_their_edges(tmp_path: Path) -> None:
    daily = Dataset("ohlcv", "binance", "BTC/USDT", "1d")
    three = Dataset("ohlcv", "binance", "BTC/USDT", "3d")
    ts = np.arange(9) * DAY_MS
    prices = {name: np.ones(9) for name in ("open", "high", "low", "close", "volume")}
    LakeWriter(tmp_path).upsert(daily, pa.table({"ts": ts, **prices}))
    assert finer_stored(tmp_path, three) is None
    assert finer_stored(tmp_path, Dataset("ohlcv", "binance", "BTC/USDT", "1w")) is not None
