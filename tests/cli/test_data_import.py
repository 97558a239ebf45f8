"""``xq data import`` of freqtrade's files and Binance's dumps, one or many, again and again."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from pyarrow import csv, feather

Run = Callable[..., Any]
KLINES = ["open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume",
          "count", "taker_buy_volume", "taker_buy_quote_volume", "ignore"]  # fmt: skip


@pytest.fixture
def bars(market_data: Path) -> pa.Table:
    """Three days of recorded hours."""
    path = market_data / "ohlcv" / "binance_spot_ETHUSDT_1h.parquet"
    return pq.ParquetFile(path).read().slice(0, 72)


def _klines(bars: pa.Table, per_ms: int = 1) -> pa.Table:
    """As Binance's dumps have them: twelve columns."""
    ts = pc.multiply(bars["ts"].cast(pa.int64()), per_ms)
    columns = [ts, *(bars[name] for name in bars.column_names[1:])]
    filler = [pa.array([0] * bars.num_rows)] * 6
    return pa.table([*columns, *filler], names=KLINES)


def _text(table: pa.Table, *, header: bool) -> bytes:
    sink = io.BytesIO()
    csv.write_csv(table, sink, csv.WriteOptions(include_header=header, quoting_style="none"))
    return sink.getvalue()


def _zip(path: Path, text: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(path.with_suffix(".csv").name, text)


def _part(tmp_path: Path, symbol: str) -> pa.Table:
    name = symbol.replace("/", "%2F").replace(":", "%3A")
    [path] = (tmp_path / "data").glob(f"*/*/symbol={name}/**/part.parquet")
    return pq.ParquetFile(path).read()


@pytest.mark.parametrize("ending", ["feather", "json", "json.gz", "parquet"])
def test_freqtrades_files_of_every_ending(
    xq: Run, bars: pa.Table, tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"ETH_USDT-1h.{ending}"
    dated = bars.rename_columns(["date", *bars.column_names[1:]])
    if ending == "feather":
        feather.write_feather(dated, str(path), compression="lz4")
    elif ending == "parquet":
        pq.write_table(dated, path)
    else:
        rows = [[ts, *cells] for ts, *cells in zip(
            bars["ts"].cast(pa.int64()).to_pylist(),
            *(bars[name].to_pylist() for name in bars.column_names[1:]), strict=True)]  # fmt: skip
        data = json.dumps(rows).encode()
        if ending == "json.gz":
            import gzip

            data = gzip.compress(data)
        path.write_bytes(data)
    [report] = xq("data", "import", path).rows
    assert (report["layout"], report["symbol"], report["timeframe"]) == (
        "freqtrade", "ETH/USDT", "1h"
    )  # fmt: skip
    assert (report["rows"], report["added"], report["error"]) == (72, 72, None)
    assert _part(tmp_path, "ETH/USDT").equals(bars.cast(_part(tmp_path, "ETH/USDT").schema))


@pytest.mark.parametrize("per_ms", [1, 1000])
@pytest.mark.parametrize("header", [False, True])
def test_a_folder_of_binances_dumps_is_taken_whole_and_once(
    xq: Run, bars: pa.Table, tmp_path: Path, *, header: bool, per_ms: int
) -> None:
    folder = tmp_path / "spot" / "daily" / "klines" / "ETHUSDT" / "1h"
    for day in range(3):
        text = _text(_klines(bars.slice(24 * day, 24), per_ms), header=header)
        _zip(folder / f"ETHUSDT-1h-2022-01-0{day + 1}.zip", text)
    (folder / "ETHUSDT-1h-2022-01.csv").write_bytes(_text(_klines(bars, per_ms), header=header))
    rows = xq("data", "import", folder).rows
    assert [row["added"] for row in rows] == [24, 24, 24, 0]
    assert {(row["symbol"], row["timeframe"], row["exchange"]) for row in rows} == {
        ("ETH/USDT", "1h", "binance")
    }
    again = xq("data", "import", folder, folder).rows
    assert (len(again), sum(row["added"] + row["revised"] for row in again)) == (8, 0)
    assert _part(tmp_path, "ETH/USDT")["close"].equals(bars["close"])


def test_perpetuals_are_told_by_folder_or_flag(xq: Run, bars: pa.Table, tmp_path: Path) -> None:
    text = _text(_klines(bars.slice(0, 24)), header=True)
    _zip(tmp_path / "futures" / "um" / "ETHUSDT-1h-2022-01-01.zip", text)
    _zip(tmp_path / "ETHUSDT-1h-2022-01-01.zip", text)
    [by_folder] = xq("data", "import", tmp_path / "futures").rows
    [by_flag] = xq("data", "import", tmp_path / "ETHUSDT-1h-2022-01-01.zip", "--futures").rows
    assert by_folder["symbol"] == by_flag["symbol"] == "ETH/USDT:USDT"
    assert (by_flag["added"], by_flag["unchanged"]) == (0, 24)


def test_the_tape_and_funding_of_binances_dumps(xq: Run, tmp_path: Path, market_data: Path) -> None:
    name = "binance_spot_BTCUSDT_aggtrades_20240101_h00-06.parquet"
    tape = pq.ParquetFile(market_data / "trades" / name).read().slice(0, 1000)
    tape = tape.set_column(0, "ts", tape["ts"].cast(pa.int64()))
    columns = [tape[name].to_pylist() for name in ("id", "price", "amount", "ts", "side")]
    cells = zip(*columns, strict=True)
    lines = [f"{i},{p},{q},1,2,{ts},{side == 'sell'},True" for i, p, q, ts, side in cells]
    _zip(tmp_path / "BTCUSDT-aggTrades-2024-01-01.zip", "\n".join(lines).encode())
    [report] = xq("data", "import", "BTCUSDT-aggTrades-2024-01-01.zip").rows
    assert (report["kind"], report["symbol"], report["added"]) == ("trades", "BTC/USDT", 1000)
    assert _part(tmp_path, "BTC/USDT")["side"].to_pylist() == tape["side"].to_pylist()

    (tmp_path / "BTCUSDT-fundingRate-2024-01.csv").write_text(
        "calc_time,funding_interval_hours,last_funding_rate\n"
        "1704067200001,8,0.00037409\n1704096000000,8,0.00031\n"
    )
    [report] = xq("data", "import", "BTCUSDT-fundingRate-2024-01.csv").rows
    assert (report["kind"], report["symbol"], report["added"]) == (
        "funding", "BTC/USDT:USDT", 2
    )  # fmt: skip
    [row] = xq("sql", "select sum(rate) as rate from funding").rows
    assert row["rate"] == pytest.approx(0.00068409)


def test_a_refused_file_harms_no_other_and_is_named(
    xq: Run, bars: pa.Table, tmp_path: Path
) -> None:
    upside_down = bars["high"].to_pylist()
    upside_down[5] = 1.0
    bad = bars.set_column(2, "high", pa.array(upside_down))
    pq.write_table(bars, tmp_path / "ETH_USDT-1h.parquet")
    pq.write_table(bad, tmp_path / "SOL_USDT-1h.parquet")
    (tmp_path / "BTC_USDT-1h.json").write_text("{")
    result = xq("data", "import", *sorted(tmp_path.glob("*_USDT-1h.*")))
    assert result.exit_code == 4
    assert [row["added"] for row in result.rows] == [0, 72, 0]
    assert "row 6: high 1.0 is below low" in result.stderr
    assert result.stderr.endswith("error: 2 of 3 files were refused, the others are in\n")

    [report] = xq("data", "import", "SOL_USDT-1h.parquet", "--quarantine").rows
    assert (report["added"], report["quarantined"], report["gaps"]) == (71, 1, 1)
    [kept] = xq("data", "quarantine").rows
    assert (kept["line"], kept["rule"], kept["source"]) == (
        6, "high_below_low", "SOL_USDT-1h.parquet"
    )  # fmt: skip
    xq("data", "import", "SOL_USDT-1h.parquet", "--quarantine").check(0)
    assert len(xq("data", "quarantine").rows) == 1


def test_the_dirty_recording_goes_in_without_its_off_grid_rows(xq: Run, market_data: Path) -> None:
    dirty = market_data / "dirty" / "gapless_BTCUSDT_1h_slices.parquet"
    [report] = xq("data", "import", dirty, "--quarantine").rows
    assert (report["rows"], report["quarantined"]) == (317, 43)
    [row] = xq("sql", "select count(*) as n, any_value(rule) as rule from quarantine").rows
    assert row == {"n": 43, "rule": "off_grid"}


def test_wrong_arguments_and_files_that_are_none(xq: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    xq("data", "import", tmp_path / "empty").check(4, "")
    _zip(tmp_path / "BTCUSDT-1h-2024-01-01.zip", b"")
    result = xq("data", "import", "BTCUSDT-1h-2024-01-01.zip")
    assert (result.exit_code, "no rows" in result.stderr) == (4, True)
    (tmp_path / "ETHUSDT-1h-2024-01-01.zip").write_bytes(b"PK\x03\x04broken")
    result = xq("data", "import", "ETHUSDT-1h-2024-01-01.zip")
    assert (result.exit_code, "not a readable ZIP" in result.stderr) == (4, True)
    both = sorted(tmp_path.glob("*.zip"))
    result = xq("data", "import", *both, "--symbol", "BTC/USDT")
    assert (result.exit_code, "one --symbol for files of 2 symbols" in result.stderr) == (2, True)
