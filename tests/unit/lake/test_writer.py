"""Commits: whole, sorted, unique, the same bytes for the same rows."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from xq.errors import DataError, LockHeld, PoisonRows
from xq.lake import layout
from xq.lake.coverage import Coverage
from xq.lake.layout import Dataset
from xq.lake.lock import held
from xq.lake.ranges import Range
from xq.lake.reader import Lake
from xq.lake.writer import LakeWriter

Rows = Callable[..., pa.Table]
Files = Callable[[Path], dict[str, bytes]]
START, HOUR = 1_704_067_200_000, 3_600_000


def test_one_file_per_leaf_named_as_promised(
    tmp_path: Path, rows: Rows, hourly: Dataset, files: Files
) -> None:
    commit = LakeWriter(tmp_path).upsert(hourly, rows([-1, 0, 1]))
    folder = "ohlcv/exchange=binance/symbol=BTC%2FUSDT/timeframe=1h"
    assert list(files(tmp_path)) == [
        f"{folder}/period=2023/part.parquet", f"{folder}/period=2024/part.parquet",
    ]  # fmt: skip
    assert (commit.added, commit.revised, commit.unchanged, len(commit.files)) == (3, 0, 0, 2)


def test_rows_come_back_as_they_went_in(tmp_path: Path, rows: Rows, hourly: Dataset) -> None:
    table = rows(range(-30, 30))
    LakeWriter(tmp_path).upsert(hourly, table)
    assert Lake(tmp_path).table(hourly).equals(table)


def test_writing_again_changes_nothing(tmp_path: Path, rows: Rows, hourly: Dataset) -> None:
    writer = LakeWriter(tmp_path)
    [file] = writer.upsert(hourly, rows(range(5))).files
    before = file.stat()
    commit = writer.upsert(hourly, rows([3, 2]))
    assert (commit.added, commit.revised, commit.unchanged, commit.files) == (0, 0, 2, ())
    after = file.stat()  # its time of access moves: the merge has read it
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_revised_bar_replaces_the_stored_one(tmp_path: Path, rows: Rows, hourly: Dataset) -> None:
    writer = LakeWriter(tmp_path)
    writer.upsert(hourly, rows(range(5)))
    commit = writer.upsert(hourly, rows([2, 9], price=500.0))
    assert (commit.added, commit.revised, commit.unchanged) == (1, 1, 0)
    stored = Lake(tmp_path).table(hourly)
    assert stored.num_rows == 6
    assert stored.slice(2, 1).equals(rows([2], price=500.0))


def test_of_two_rows_with_one_key_the_later_wins(
    tmp_path: Path, rows: Rows, hourly: Dataset
) -> None:
    table = pa.concat_tables([rows([4, 1]), rows([4], price=200.0)])
    LakeWriter(tmp_path).upsert(hourly, table)
    assert Lake(tmp_path).table(hourly).slice(1).equals(rows([4], price=200.0))


def test_poison_and_unfinished_bars_store_nothing(
    tmp_path: Path, rows: Rows, hourly: Dataset
) -> None:
    writer = LakeWriter(tmp_path)
    bad = rows([0, 1]).set_column(2, rows([0]).schema.field("high"), pa.array([1.0, 101.5]))
    with pytest.raises(PoisonRows, match=r"row 1: high 1\.0 is below low 99\.0"):
        writer.upsert(hourly, bad)
    with pytest.raises(PoisonRows, match="row 3: 2024-01-01T02:00:00Z is not over"):
        writer.upsert(hourly, rows([0, 1, 2]), known_until_ms=START + 3 * HOUR - 1)
    assert Lake(tmp_path).datasets() == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.drop(["close"]), "needs a column close"),
        (lambda table: table.append_column("vwap", table["close"]), "no column vwap"),
        (
            lambda table: table.set_column(1, "open", pa.array(["a"] * table.num_rows)),
            "open does not fit double",
        ),
    ],
)
def test_other_columns_are_refused(
    tmp_path: Path, rows: Rows, hourly: Dataset, change: Callable[..., pa.Table], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        LakeWriter(tmp_path).upsert(hourly, change(rows([1, 2])))


def test_optional_columns_and_several_keys(tmp_path: Path) -> None:
    dataset = Dataset("orders", run_id="live-1")
    order = {
        "ts": [1, 1], "client_id": ["b", "a"], "symbol": ["BTC/USDT"] * 2, "side": ["buy"] * 2,
        "type": ["market"] * 2, "quantity": [1, 2], "status": ["new"] * 2,
    }  # fmt: skip
    writer = LakeWriter(tmp_path)
    writer.upsert(dataset, pa.table(order))
    done = {name: values[:1] for name, values in order.items()} | {"status": ["filled"]}
    commit = writer.upsert(dataset, pa.table(done | {"filled": [1.0]}))
    assert (commit.added, commit.revised) == (0, 1)
    stored = Lake(tmp_path).table(dataset).to_pylist()
    assert [(row["client_id"], row["status"], row["filled"]) for row in stored] == [
        ("a", "new", None), ("b", "filled", 1.0),
    ]  # fmt: skip


def test_runs_with_lists_are_idempotent(tmp_path: Path) -> None:
    run = {
        "ts": [5], "run_id": ["r"], "kind": ["backtest"], "strategy": ["s"], "params": ["{}"],
        "metrics": ["{}"], "symbols": [["BTC/USDT", "ETH/USDT"]],
    }  # fmt: skip
    writer = LakeWriter(tmp_path)
    assert writer.upsert(Dataset("runs"), pa.table(run)).added == 1
    assert writer.upsert(Dataset("runs"), pa.table(run)).unchanged == 1


def test_a_held_lock_names_its_holder(tmp_path: Path, rows: Rows, hourly: Dataset) -> None:
    import os

    with (
        held(layout.lock_path(tmp_path, hourly), 0, "test"),
        pytest.raises(LockHeld, match=f"written by process {os.getpid()}; waited 0.1 s"),
    ):
        _elsewhere(lambda: LakeWriter(tmp_path, wait_seconds=0.1).upsert(hourly, rows([1])))
    other = Dataset("ohlcv", "binance", "ETH/USDT", "1h")
    with held(layout.lock_path(tmp_path, hourly), 0, "test"):
        assert LakeWriter(tmp_path, wait_seconds=0.1).upsert(other, rows([1])).added == 1


def _elsewhere(work: Callable[[], object]) -> None:
    """In another thread: a lock is held by a thread, and this one holds it already."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()


def test_the_next_writer_sweeps_what_a_killed_one_left(tmp_path: Path, hourly: Dataset) -> None:
    left = layout.staging_path(tmp_path, hourly) / "0.parquet"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    with held(layout.lock_path(tmp_path, hourly), 0, "test"):
        _elsewhere(lambda: LakeWriter(tmp_path))
        assert left.exists(), "a writer at work must not lose its files"
    LakeWriter(tmp_path)
    assert not left.exists()


def test_the_lake_states_its_format(tmp_path: Path, rows: Rows, hourly: Dataset) -> None:
    LakeWriter(tmp_path).upsert(hourly, rows([1]))
    path = tmp_path / ".xq" / "format.json"
    assert json.loads(path.read_text()) == {"format": 1}
    for text in ('{"format": 2}', "nonsense"):
        path.write_text(text)
        for opened in (LakeWriter, Lake):
            with pytest.raises(DataError, match="this xq knows 1"):
                opened(tmp_path)


def test_an_unfinished_end_is_not_covered(tmp_path: Path, rows: Rows, hourly: Dataset) -> None:
    asked = Range(START, START + 10 * HOUR)
    now = START + 2 * HOUR + 5
    LakeWriter(tmp_path).upsert(hourly, rows([0]), covered=asked, known_until_ms=now)
    assert Coverage(tmp_path).covered(hourly) == (Range(START, START + 2 * HOUR),)
    assert Coverage(tmp_path).venue_has_none(hourly) == (Range(START + HOUR, START + 2 * HOUR),)
