"""Coarser rows of every kind that has them in SQL, by the one rule of `resample`."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from xq.errors import UnknownName, UsageError
from xq.lake.layout import Dataset
from xq.lake.reader import Lake
from xq.lake.schema import KINDS
from xq.lake.sql import query
from xq.lake.sql_macros import RESAMPLES
from xq.lake.writer import LakeWriter
from xq.timeframe import HOUR_MS, MINUTE_MS, Timeframe

START = 1_704_067_200_000
MARKET = ("binance", "A/B:B")
LOST = 90  # a minute that is not there, in the second hour


def prices(count: int, *, step: int = MINUTE_MS, without: int | None = LOST) -> pa.Table:
    at = np.array([n for n in range(count) if n != without])
    base = 100.0 + at % 17 * 0.1
    columns = {"open": base, "high": base + 0.3, "low": base - 0.7, "close": base + 0.1}
    return pa.table({"ts": START + at * step, **columns})


def tape(ids: list[int], step: int = 20_000) -> pa.Table:
    at = np.array(ids)
    return pa.table({
        "ts": pa.array(START + at * step).cast(pa.timestamp("ms", "UTC")), "id": at,
        "price": 100.0 + at * 7 % 13, "quantity": 1.0 + at % 3, "side": ["buy"] * len(at),
    }, schema=KINDS["trades"].schema)  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    writer = LakeWriter(tmp_path)
    for kind in ("mark", "index"):
        writer.upsert(Dataset(kind, *MARKET, "1m"), prices(240))
    held = pa.table({"ts": START + np.arange(36) * 5 * MINUTE_MS,
                     "quantity": np.arange(36.0), "notional": np.arange(36.0) * 100})  # fmt: skip
    writer.upsert(Dataset("open_interest", *MARKET, "5m"), held.slice(0, 30))
    return tmp_path


@pytest.mark.parametrize("kind", ["mark", "index"])
def test_prices_are_those_that_every_other_reader_makes(root: Path, kind: str) -> None:
    made = query(root, f"select * from resample_{kind}('1h') order by ts")
    wanted = Lake(root).table(Dataset(kind, *MARKET, "1h"))
    assert wanted.num_rows == 3  # the second hour lacks a minute
    for name in ("ts", "open", "high", "low", "close"):
        assert made[name].to_pylist() == wanted[name].to_pylist()
    assert "volume" not in made.column_names
    assert set(made["source"].to_pylist()) == {"1m"}
    some = query(root, f"select bars, complete from resample_{kind}('1h', incomplete := true) "
                       "where not complete")  # fmt: skip
    assert some.to_pylist() == [{"bars": 59, "complete": False}]


def test_own_long_bars_come_before_made_ones(root: Path) -> None:
    LakeWriter(root).upsert(Dataset("mark", *MARKET, "15m"), prices(4, step=15 * MINUTE_MS))
    asked = "select source, bars from resample_mark('1h') order by ts limit 2"
    assert query(root, asked).to_pylist()[0] == {"source": "15m", "bars": 4}
    only = "select count(*) as n from resample_mark('1h', source := '1m')"
    assert query(root, only).to_pylist() == [{"n": 3}]


def test_open_interest_is_the_last_level_inside(root: Path) -> None:
    rows = query(root, "select * from resample_open_interest('1h') order by ts").to_pylist()
    assert [(row["quantity"], row["notional"], row["bars"]) for row in rows] == [
        (11.0, 1100.0, 12), (23.0, 2300.0, 12),
    ]  # fmt: skip
    every = "from resample_open_interest('1h', incomplete := true) order by ts"
    assert query(root, every)["quantity"].to_pylist() == [11.0, 23.0, 29.0]


def test_trades_make_bars_where_none_is_missing(root: Path) -> None:
    """Three a minute; ids 31 and 50 to 80 were never stored."""
    ids = [n for n in range(1, 130) if n != 31 and not 50 <= n < 81]
    LakeWriter(root).upsert(Dataset("trades", *MARKET), tape(ids))
    rows = query(root, "select * from resample_trades('1m') order by ts").to_pylist()
    minutes = [int((row["ts"] - datetime(2024, 1, 1, tzinfo=UTC)).total_seconds()) // 60
               for row in rows]  # fmt: skip
    whole = [m for m in range(1, 43) if all(n in ids for n in range(3 * m - 1, 3 * m + 4))]
    assert minutes == whole
    assert {10, 16, 27, 43}.isdisjoint(minutes)
    for row, minute in zip(rows, minutes, strict=True):
        at = np.arange(3 * minute, 3 * minute + 3)
        price, quantity = 100.0 + at * 7 % 13, 1.0 + at % 3
        assert [row[name] for name in ("open", "high", "low", "close", "volume", "trades")] == [
            price[0], price.max(), price.min(), price[-1], quantity.sum(), 3,
        ]  # fmt: skip
    every = query(root, "select * from resample_trades('1m', incomplete := true)")
    assert every.num_rows > len(rows)


def test_trades_of_other_markets_prove_nothing(root: Path) -> None:
    LakeWriter(root).upsert(Dataset("trades", *MARKET), tape([4, 5, 6]))
    LakeWriter(root).upsert(Dataset("trades", "binance", "C/D"), tape([*range(1, 4), *range(7, 9)]))
    asked = "select count(*) as n from resample_trades('1m'{})"
    assert query(root, asked.format("")).to_pylist() == [{"n": 0}]
    named = asked.format(", market := 'C/D', incomplete := true")
    assert query(root, named).to_pylist() == [{"n": 3}]


@pytest.mark.parametrize("name", RESAMPLES)
def test_every_kind_refuses_the_same(root: Path, name: str) -> None:
    LakeWriter(root).upsert(Dataset("trades", *MARKET), tape([1]))
    bars = prices(3, without=None).append_column("volume", [[1.0] * 3])
    LakeWriter(root).upsert(Dataset("ohlcv", *MARKET, "1m"), bars)
    with pytest.raises(UnknownName, match="no timeframe named '7h'"):
        query(root, f"from {name}('7h')")
    with pytest.raises(UsageError, match="3d bars open on days of the venue's own choice"):
        query(root, f"from {name}('3d')")
    assert query(root, f"from {name}('1M')").num_rows == 0
    assert query(root, f"from {name}('1M', incomplete := true)").num_rows == 1


def test_only_the_files_of_its_kind_are_looked_at(root: Path) -> None:
    for file in (root / "index").rglob("part.parquet"):
        file.write_bytes(b"not Parquet")
    assert query(root, "from resample_mark('1h')").num_rows == 3


def test_months_of_marks(root: Path) -> None:
    hours = prices(31 * 24 + 29 * 24 + 5, step=HOUR_MS, without=None)
    LakeWriter(root).upsert(Dataset("mark", "binance", "C/D:D", "1h"), hours)
    asked = "select bars, ts from resample_mark('1M', market := 'C/D:D') order by ts"
    assert [row["bars"] for row in query(root, asked).to_pylist()] == [744, 696]
    month = Lake(root).table(Dataset("mark", "binance", "C/D:D", "1M"))
    assert month["ts"].cast("int64").to_pylist() == Timeframe.parse("1M").open_of(
        np.array([648, 649])
    ).tolist()  # fmt: skip
