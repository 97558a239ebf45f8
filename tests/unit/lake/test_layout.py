"""Paths, leaves and names of datasets."""

from pathlib import Path

import numpy as np
import pytest

from xq.errors import UnknownName
from xq.lake import layout
from xq.lake.layout import Dataset
from xq.lake.schema import KINDS, kind_of
from xq.timeframe import names


def _ts(*texts: str) -> np.ndarray:
    return np.array(texts, dtype="datetime64[ms]").astype(np.int64)


@pytest.mark.parametrize(
    ("timeframe", "period"),
    [("1m", "2024-02"), ("3m", "2024-02"), ("5m", "2024"), ("1h", "2024"), ("8h", "2024"),
     ("12h", "all"), ("1d", "all"), ("1w", "all")],
)  # fmt: skip
def test_a_leaf_is_sized_by_the_timeframe(timeframe: str, period: str) -> None:
    dataset = Dataset("ohlcv", "binance", "BTC/USDT", timeframe)
    assert list(layout.split(dataset, _ts("2024-02-29T10:00"))) == [(period, 0, 1)]


def test_trades_have_daily_leaves_and_runs_yearly_ones() -> None:
    times = _ts("2023-12-31T23:59:59", "2024-01-01T00:00")
    trades = list(layout.split(Dataset("trades", "binance", "BTC/USDT"), times))
    assert trades == [("2023-12-31", 0, 1), ("2024-01-01", 1, 2)]
    assert [part[0] for part in layout.split(Dataset("runs"), times)] == ["2023", "2024"]


def test_no_rows_have_no_leaf() -> None:
    for timeframe in ("1m", "1d"):
        dataset = Dataset("ohlcv", "binance", "BTC/USDT", timeframe)
        assert list(layout.split(dataset, _ts())) == []


def test_every_row_lies_in_the_range_of_its_leaf() -> None:
    times = np.arange(*_ts("2022-11-01", "2025-03-01"), 6 * 3_600_000)
    for timeframe in names():
        dataset = Dataset("ohlcv", "binance", "BTC/USDT", timeframe)
        stop = 0
        for period, start, after in layout.split(dataset, times):
            within = layout.period_range(period)
            assert within.start_ms <= times[start]
            assert times[after - 1] < within.end_ms
            assert (start, layout.is_period(period)) == (stop, True)
            stop = after
        assert stop == len(times)


@pytest.mark.parametrize("text", ["2024-13", "24", "2024-1", "", "abcd", "2024-02-30", "ALL"])
def test_strange_folders_are_no_periods(text: str) -> None:
    assert not layout.is_period(text)


def test_datasets_are_found_again_by_their_paths(tmp_path: Path) -> None:
    known = [
        Dataset("ohlcv", "binance", "BTC/USDT:USDT", "1m"),
        Dataset("ohlcv", "sim", "1000PEPE/USDT", "1h"),
        Dataset("trades", "binance", "BTC/USDT"),
        Dataset("equity", run_id="live/sim trend=x%"),
        Dataset("runs"),
    ]
    for dataset in known:
        (tmp_path / dataset.path).mkdir(parents=True)
    (tmp_path / "ohlcv" / "exchange=x" / "readme").mkdir(parents=True)
    (tmp_path / "ohlcv" / "exchange=binance" / "symbol=A%2FB" / "timeframe=7m").mkdir(parents=True)
    found = list(layout.datasets(tmp_path))
    assert sorted(map(str, known)) == sorted(str(item) for item in found if item.timeframe != "7m")
    assert all("/" not in part for item in known for part in item.path.parts)


@pytest.mark.parametrize(
    "arguments",
    [("ohlcv", "binance", "BTC/USDT"), ("ohlcv", "binance", "", "1h"), ("runs", "binance"),
     ("trades", "binance", "BTC/USDT", "1h"), ("equity",)],
)  # fmt: skip
def test_a_dataset_is_named_by_its_kind_s_folders_and_nothing_else(
    arguments: tuple[str, ...],
) -> None:
    with pytest.raises(ValueError, match="is named by"):
        Dataset(*arguments)


def test_an_unknown_kind_is_refused_with_a_suggestion() -> None:
    with pytest.raises(UnknownName, match="did you mean 'ohlcv'"):
        kind_of("ohlc")


def test_every_kind_is_ordered_by_time_first_and_has_its_key() -> None:
    for kind in KINDS.values():
        assert kind.key[0] == "ts"
        assert not any(kind.schema.field(name).nullable for name in kind.key)
        assert not set(kind.partition) & set(kind.schema.names)
        assert len(set(kind.columns)) == len(kind.columns)


@pytest.mark.parametrize("timeframe", ["1m", "1h", "1d"])
def test_rows_are_cut_where_the_calendar_changes(timeframe: str) -> None:
    ts = _ts("1969-12-31T23:59", "1970-01-01T00:00", "2023-12-31T23:59", "2024-01-01T00:00",
             "2024-02-29T12:00", "2024-03-01T00:00")  # fmt: skip
    found = list(layout.split(Dataset("ohlcv", "x", "A/B", timeframe), ts))
    assert [start for _, start, _ in found] == [0, *(stop for _, _, stop in found)][:-1]
    assert found[-1][2] == len(ts)
    unit = layout.leaf_unit(Dataset("ohlcv", "x", "A/B", timeframe))
    names = {str(np.datetime64(int(at), "ms").astype(f"M8[{unit}]")) if unit else "all"
             for at in ts}  # fmt: skip
    assert [period for period, _, _ in found] == sorted(names)


def test_a_time_beyond_the_calendar_ends_too() -> None:
    ts = np.array([0, 2**62, 2**62 + 1], dtype=np.int64)
    assert [stop for _, _, stop in layout.split(Dataset("ohlcv", "x", "A/B", "1m"), ts)][-1] == 3


def test_files_are_told_with_their_sizes_and_folders_are_no_files(tmp_path: Path) -> None:
    dataset = Dataset("ohlcv", "x", "A/B", "1h")
    for year in ("2023", "2024"):
        path = layout.leaf_path(tmp_path, dataset, year)
        path.parent.mkdir(parents=True)
        path.write_bytes(b"x" * int(year))
    layout.leaf_path(tmp_path, dataset, "2025").mkdir(parents=True)
    found = layout.files(tmp_path, dataset)
    assert [(period, size) for period, _, size in found] == [("2023", 2023), ("2024", 2024)]
    assert [leaf.path for leaf in layout.leaves(tmp_path, dataset)] == [
        Path(path) for _, path, _ in found
    ]
    late = layout.files(tmp_path, dataset, layout.period_range("2024"))
    assert [period for period, _, _ in late] == ["2024"]
