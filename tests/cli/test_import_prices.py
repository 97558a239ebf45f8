"""Files of mark and index bars and of open interest: none is taken for bars of trades."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import feather

from xq.lake.layout import Dataset
from xq.lake.reader import Lake
from xq.lake.writer import LakeWriter

Run = Callable[..., Any]
START = 1_704_067_200_000
HOUR = 3_600_000
PERPETUAL = "BTC/USDT:USDT"
METRICS = (
    "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio\n"
    "2024-01-01 00:05:00,BTCUSDT,80000.5,3400000000.25,1.2\n"
    "2024-01-01 00:10:00,BTCUSDT,80001.5,3400000100.25,1.3\n"
)


def _kline(hour: int) -> str:
    ts = START + hour * HOUR
    return f"{ts},42000.1,42010,41990,42005,0,{ts + HOUR - 1},0,3600,0,0,0"


def _zip(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(path.with_suffix(".csv").name, text)
    return path


def _prices() -> pa.Table:
    return pa.table(
        {
            "ts": pa.array([START, START + HOUR], pa.timestamp("ms", "UTC")),
            "open": [10.0, 11.0],
            "high": [12.0, 12.0],
            "low": [9.0, 10.0],
            "close": [11.0, 11.5],
        }
    )


@pytest.mark.parametrize("kind", ["mark", "index"])
def test_binances_dumps_of_price_bars(xq: Run, tmp_path: Path, kind: str) -> None:
    folder = f"data/futures/um/daily/{kind}PriceKlines/BTCUSDT/1h"
    path = _zip(tmp_path / folder / "BTCUSDT-1h-2024-01-01.zip", f"{_kline(0)}\n{_kline(1)}\n")
    row = xq("data", "import", path).rows[0]
    assert (row["kind"], row["symbol"], row["timeframe"], row["added"]) == (
        kind,
        PERPETUAL,
        "1h",
        2,
    )
    assert xq("data", "import", tmp_path / "data/futures").rows[0]["unchanged"] == 2


def test_binances_metrics_are_open_interest(xq: Run, tmp_path: Path) -> None:
    path = _zip(tmp_path / "BTCUSDT-metrics-2024-01-01.zip", METRICS)
    row = xq("data", "import", path).rows[0]
    assert (row["kind"], row["symbol"], row["timeframe"]) == ("open_interest", PERPETUAL, "5m")
    assert row["ignored"] == ["symbol", "count_toptrader_long_short_ratio"]
    [first, _] = xq("sql", "select ts, quantity, notional from open_interest order by ts").rows
    assert first == {
        "ts": "2024-01-01T00:05:00Z", "quantity": 80000.5, "notional": 3400000000.25,
    }  # fmt: skip
    assert xq("data", "check").exit_code == 0


def test_freqtrades_index_bars_are_no_trades(xq: Run, tmp_path: Path) -> None:
    path = tmp_path / "BTC_USDT_USDT-1h-index.feather"
    feather.write_feather(_prices().rename_columns(["date", "open", "high", "low", "close"]), path)
    row = xq("data", "import", path).rows[0]
    assert (row["kind"], row["symbol"], row["added"]) == ("index", PERPETUAL, 2)


def test_the_premium_is_no_price(xq: Run, tmp_path: Path) -> None:
    path = _zip(tmp_path / "premiumIndexKlines/BTCUSDT-1h-2024-01-01.zip", _kline(0))
    result = xq("data", "import", path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "bars of the premium are no kind of the lake" in result.stderr


@pytest.mark.parametrize("kind", ["mark", "index"])
def test_plain_files_are_what_the_caller_says(xq: Run, tmp_path: Path, kind: str) -> None:
    pq.write_table(_prices(), tmp_path / "mine.parquet")
    line = ("data", "import", tmp_path / "mine.parquet", "--symbol", PERPETUAL)
    assert xq(*line, "--kind", kind).rows[0]["kind"] == kind
    assert xq(*line).exit_code == 4  # as bars of trades they lack a volume
    named = _zip(tmp_path / "BTCUSDT-1h-2024-01-01.zip", _kline(0))
    result = xq("data", "import", named, "--kind", kind)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"the name of the file says ohlcv, found --kind {kind}" in result.stderr


@pytest.mark.parametrize("kind", ["mark", "index"])
def test_check_judges_index_bars_as_it_does_mark_bars(xq: Run, tmp_path: Path, kind: str) -> None:
    ts = [START + n * HOUR for n in range(80)]
    close = [100.0 + n % 5 for n in range(80)]
    close[40] *= 100
    sides = {"open": close, "high": [c + 1 for c in close], "low": [c - 1 for c in close]}
    rows = pa.table({"ts": ts, **sides, "close": close})
    LakeWriter(tmp_path / "data").upsert(Dataset(kind, "binance", PERPETUAL, "1h"), rows)
    rules = {row["rule"] for row in xq("data", "check", "--kind", kind).rows}
    assert "scaled_100" in rules, rules
    one = xq("data", "check", "--kind", kind, "--symbol", PERPETUAL, "--timeframe", "1h")
    assert {row["rule"] for row in one.rows} == rules


def test_open_interest_cannot_be_negative(tmp_path: Path) -> None:
    from xq.errors import PoisonRows

    rows = pa.table({"ts": [START], "quantity": [-1.0], "notional": [1.0]})
    with pytest.raises(PoisonRows, match="quantity is -1"):
        LakeWriter(tmp_path).upsert(Dataset("open_interest", "x", PERPETUAL, "5m"), rows)
    off = pa.table({"ts": [START + 1], "quantity": [1.0], "notional": [1.0]})
    with pytest.raises(PoisonRows, match="no 5m edge"):
        LakeWriter(tmp_path).upsert(Dataset("open_interest", "x", PERPETUAL, "5m"), off)


def test_rules_of_trading_as_they_were_known(xq: Run, tmp_path: Path) -> None:
    """A bar closed before the venue was asked knows no rules, a later one the newest."""
    sim = ("--exchange", "sim", "--symbol", PERPETUAL)
    xq("collect", *sim, "--kind", "instruments").check(0)
    [stored] = xq("sql", "select ts, tick from instruments").rows
    xq("collect", *sim, "--timeframe", "1h", "--days", "1").check(0)
    asked = "select count(*) n, count(instruments_tick) known from ohlcv_instruments"
    assert xq("sql", asked).rows == [{"n": 24, "known": 0}]
    lake, dataset = Lake(tmp_path / "data"), Dataset("instruments", "sim", PERPETUAL)
    row = lake.table(dataset).to_pylist()[0]
    earlier = {name: [value] for name, value in (row | {"tick": 0.5}).items()}
    earlier["ts"] = [1_704_067_200_000 - 12 * HOUR]
    LakeWriter(tmp_path / "data").upsert(
        dataset, pa.table(earlier, schema=lake.table(dataset).schema)
    )
    assert xq("sql", asked).rows == [{"n": 24, "known": 13}]
    ticks = "select distinct instruments_tick t from ohlcv_instruments where instruments_tick > 0"
    assert xq("sql", ticks).rows == [{"t": 0.5}]
    assert stored["tick"] == 0.1
