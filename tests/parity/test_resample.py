"""Coarser bars made on read against the venue's own bars of that length."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from xq.lake.layout import Dataset
from xq.lake.schema import KINDS
from xq.lake.sql import query
from xq.lake.writer import LakeWriter

BTC = "BTC/USDT"
JANUARY = ("2023-01-01", "2023-02-01")


@pytest.fixture(scope="module")
def root(market_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete month of minutes, and years of the venue's own hours and days."""
    root = tmp_path_factory.mktemp("lake")
    files = {"1m": "1m_full_202301", "1h": "1h", "1d": "1d"}
    for timeframe, name in files.items():
        path = market_data / "ohlcv" / f"binance_spot_BTCUSDT_{name}.parquet"
        table = pq.read_table(path).select(KINDS["ohlcv"].schema.names)
        LakeWriter(root).upsert(Dataset("ohlcv", "binance", BTC, timeframe), table)
    return root


_COMPARED = """
    select count(*) as bars,
           count(*) filter (v.open = r.open and v.high = r.high and v.low = r.low
                            and v.close = r.close) as same_prices,
           max(abs(r.volume / v.volume - 1)) as volume_error,
           any_value(r.source) as source
    from ohlcv v join resample($target, source := $source) r
      on v.exchange = r.exchange and v.symbol = r.symbol and v.ts = r.ts
    where v.timeframe = $target and v.ts >= $first and v.ts < $last
"""


@pytest.mark.parametrize(("target", "source", "bars"), [("1h", "1m", 744), ("1d", "1m", 31),
                                                        ("1d", "1h", 31)])  # fmt: skip
def test_a_month_is_the_venues_own(root: Path, target: str, source: str, bars: int) -> None:
    first, last = JANUARY
    given = {"target": target, "source": source, "first": first, "last": last}
    [row] = query(root, _COMPARED, given).to_pylist()
    assert (row["bars"], row["same_prices"], row["source"]) == (bars, bars, source)
    assert row["volume_error"] < 1e-12


def test_the_longest_bars_that_fill_a_bucket_are_taken(root: Path) -> None:
    counted = "select source, count(*) as n from resample('1d') group by all order by n desc"
    rows = {row["source"]: row["n"] for row in query(root, counted).to_pylist()}
    assert rows["1d"] == 1366  # of 2020 and later; before them only hours are stored
    assert rows["1h"] > 900
    assert "1m" not in rows


def test_a_day_with_an_outage_is_left_out_or_flagged(root: Path) -> None:
    """Binance was down on 2018-02-08 and 09: hours that no one has."""
    days = "from resample('1d', source := '1h', incomplete := {}) where ts = '2018-02-08'"
    assert query(root, days.format("false")).num_rows == 0
    [row] = query(root, days.format("true")).to_pylist()
    assert (row["complete"], row["bars"] < 24) == (False, True)
