"""The recorded history is the exchange's, row for row."""

import csv
import hashlib
import io
import runpy
import sys
import zipfile
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from xq.errors import CorruptFile
from xq.sim import history
from xq.sim.instruments import REPLAY_START_MS, TRADES_END_MS, TRADES_START_MS
from xq.sim.tape import (
    CLOSE,
    HIGH,
    LOW,
    OPEN,
    TAKER_TURNOVER,
    TAKER_VOLUME,
    TIME,
    TRADES,
    TURNOVER,
    VOLUME,
    klines,
    minute_bars,
    resample,
)
from xq.timeframe import HOUR_MS, MINUTE_MS, Timeframe

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "xq" / "sim" / "data"
HOUR, MINUTE = Timeframe.parse("1h"), Timeframe.parse("1m")

# The exchange's own hourly columns of 2024-01-01, from the day's klines: volume, turnover, number
# of executions, taker volume, taker turnover. The trades must add up to them.
KLINES_20240101 = (
    (1271.68108, 53957248.973789, 47134, 682.57581, 28957416.819645),
    (1196.37856, 50984893.3481416, 50396, 712.32227, 30355645.3482764),
    (685.2198, 29167377.9732375, 29863, 288.98864, 12301017.299762),
    (794.80391, 33709050.2741136, 38620, 356.37209, 15112996.3758499),
    (715.4176, 30271621.000739, 36038, 371.12012, 15703618.9319853),
    (736.53152, 31159533.4764102, 32200, 340.69312, 14414594.8709419),
)


def as_klines(bars, timeframe):
    return klines(bars, timeframe, history.PRICE_DIGITS, history.QUANTITY_DIGITS)


def columns(path):
    table = pq.read_table(path)
    ts = table["ts"].cast("int64").to_numpy()
    names = ("open", "high", "low", "close", "volume")
    return ts, np.column_stack([table[name].to_numpy() for name in names])


def test_hours_equal_the_exchange_bar_for_bar(market_data):
    ts, values = columns(market_data / "ohlcv" / "binance_spot_BTCUSDT_1h.parquet")
    recorded = ts >= REPLAY_START_MS
    ours = as_klines(history.hourly_bars(), HOUR)
    assert np.array_equal(ours[:, 0], ts[recorded])
    assert np.array_equal(ours[:, 1:6], values[recorded])


def test_minutes_of_the_trades_equal_the_exchange_bar_for_bar(market_data):
    name = "binance_spot_BTCUSDT_1m_20240101_h00-06.parquet"
    ts, values = columns(market_data / "ohlcv" / name)
    ours = as_klines(minute_bars(history.recorded_trades()), MINUTE)
    assert np.array_equal(ours[:, 0], ts)
    assert np.array_equal(ours[:, 1:6], values)


def test_trades_equal_the_independent_copy_row_for_row(market_data):
    name = "binance_spot_BTCUSDT_aggtrades_20240101_h00-06.parquet"
    table = pq.read_table(market_data / "trades" / name)
    tape = history.recorded_trades()
    assert np.array_equal(tape.ts, table["ts"].cast("int64").to_numpy())
    assert np.array_equal(tape.price / 100, table["price"].to_numpy())
    assert np.array_equal(tape.quantity / 100_000, table["amount"].to_numpy())
    assert np.array_equal(tape.taker_sold, np.array(table["side"].to_pylist()) == "sell")
    assert np.array_equal(tape.first_id + np.arange(len(tape)), table["id"].to_numpy())


def test_trades_add_up_to_every_kline_column_of_their_hours():
    hours = as_klines(resample(minute_bars(history.recorded_trades()), HOUR), HOUR)
    assert [tuple(row) for row in hours[:, [5, 7, 8, 9, 10]].tolist()] == list(KLINES_20240101)


def test_hours_are_dense_and_possible():
    bars = history.hourly_bars()
    assert bars.shape == (6768, 10)
    assert bars[0, TIME] == REPLAY_START_MS
    assert bars[-1, TIME] == TRADES_START_MS - HOUR_MS
    assert (np.diff(bars[:, TIME]) == HOUR_MS).all()
    assert (bars[:, HIGH] >= np.maximum(bars[:, OPEN], bars[:, CLOSE])).all()
    assert (bars[:, LOW] <= np.minimum(bars[:, OPEN], bars[:, CLOSE])).all()
    assert (bars[:, LOW] * bars[:, VOLUME] <= bars[:, TURNOVER]).all()
    assert (bars[:, TURNOVER] <= bars[:, HIGH] * bars[:, VOLUME]).all()
    assert (bars[:, TAKER_VOLUME] <= bars[:, VOLUME]).all()
    assert (bars[:, TAKER_TURNOVER] <= bars[:, TURNOVER]).all()
    assert (bars[:, TRADES] > 0).all()


def test_every_minute_of_the_trades_has_one():
    tape = history.recorded_trades()
    assert np.array_equal(
        np.unique(tape.ts // MINUTE_MS) * MINUTE_MS,
        np.arange(TRADES_START_MS, TRADES_END_MS, MINUTE_MS),
    )
    assert (np.diff(tape.raw) > 0).all()


def test_history_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        history.hourly_bars()[0, 0] = 1


def test_readme_names_the_bytes_and_the_licences():
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    packed = sorted(FOLDER.glob("*.npz"))
    assert [path.name for path in packed] == [history.HOURS_FILE, history.TRADES_FILE]
    for path in packed:
        assert hashlib.sha256(path.read_bytes()).hexdigest() in readme
    for name in ("LICENSE-gapless-crypto-clickhouse", "LICENSE-rangebar"):
        assert f"({name})" in readme
        assert "MIT License" in (FOLDER / name).read_text(encoding="utf-8")
    assert sum(path.stat().st_size for path in packed) < 2_000_000


@pytest.mark.parametrize("content", [None, b"", b"not an archive", b"PK\x03\x04 cut off"])
def test_a_damaged_file_is_one_clear_error(tmp_path, monkeypatch, content):
    monkeypatch.setattr(history, "_FOLDER", tmp_path)
    if content is not None:
        (tmp_path / history.HOURS_FILE).write_bytes(content)
    with pytest.raises(CorruptFile) as caught:
        history.hourly_bars.__wrapped__()
    assert caught.value.where == str(tmp_path / history.HOURS_FILE)


HOUR_HEADER = (
    "date,open,high,low,close,volume,close_time,quote_asset_volume,number_of_trades,"
    "taker_buy_base_asset_volume,taker_buy_quote_asset_volume"
)


def build(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["build_history.py", *map(str, arguments)])
    runpy.run_path(str(ROOT / "tools" / "build_history.py"), run_name="__main__")


def sources(folder, price="27480.77"):
    """The two source files as their packages hold them, with known defects around the range."""
    numbers = f"{price},27490,27400.1,27450,12.5,x,343000.1234567,40,6.25,171500.5"
    hours = folder / "hours.csv"
    hours.write_text(
        "\n".join(
            (
                "# Generated",
                HOUR_HEADER,
                f"2018-02-09 09:28:14,{numbers}",
                f"2023-03-25 00:00:00,{numbers}",
                f"2024-01-01 00:00:00,{numbers}",
            )
        ),
        encoding="utf-8",
    )
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["9", "42283.58", "0.00069", "100", "101", TRADES_START_MS, "True", "True"])
    rows.writerow(["10", "42283.6", "0.5", "102", "102", TRADES_END_MS - 6000, "False", "True"])
    rows.writerow(["11", "1", "1", "103", "103", TRADES_END_MS, "False", "True"])
    trades = folder / "trades.zip"
    with zipfile.ZipFile(trades, "w") as archive:
        archive.writestr("trades.csv", text.getvalue())
    return hours, trades


def test_builder_keeps_the_clean_range_and_the_same_bytes(tmp_path, monkeypatch):
    hours, trades = sources(tmp_path)
    first, second = tmp_path / "1", tmp_path / "2"
    for folder in (first, second):
        folder.mkdir()
        build(monkeypatch, hours, trades, folder)
    for name in (history.HOURS_FILE, history.TRADES_FILE):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    monkeypatch.setattr(history, "_FOLDER", first)
    assert history.hourly_bars.__wrapped__().tolist() == [
        [
            *(REPLAY_START_MS, 2748077, 2749000, 2740010, 2745000),
            *(1250000, 3430001234567, 40, 625000, 1715005000000),
        ]
    ]


def test_builder_unpacks_to_what_it_packed(tmp_path, monkeypatch):
    tape = history.recorded_trades().rows(1000, 2000)
    np.savez_compressed(
        tmp_path / history.TRADES_FILE, allow_pickle=False, **history.pack_trades(tape)
    )
    monkeypatch.setattr(history, "_FOLDER", tmp_path)
    again = history.recorded_trades.__wrapped__()
    assert again.first_id == tape.first_id
    for name in ("ts", "price", "quantity", "taker_sold", "raw"):
        assert np.array_equal(getattr(again, name), getattr(tape, name)), name


def test_builder_refuses_numbers_finer_than_the_units(tmp_path, monkeypatch):
    hours, trades = sources(tmp_path, price="27480.777")
    with pytest.raises(SystemExit, match=r"27480\.777"):
        build(monkeypatch, hours, trades, tmp_path)
    assert not list(tmp_path.glob("*.npz"))
