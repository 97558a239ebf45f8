"""Compaction, removal and following a dataset."""

import os
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xq.clock import ManualClock
from xq.errors import CorruptFile, LockHeld
from xq.lake import layout, manifest, remove
from xq.lake.audit import check
from xq.lake.compact import compact
from xq.lake.follow import follow
from xq.lake.layout import Dataset
from xq.lake.lock import held
from xq.lake.reader import Lake
from xq.lake.verify import accept, verify
from xq.lake.writer import LakeWriter

Rows = Callable[..., pa.Table]
Files = Callable[[Path], dict[str, bytes]]


def test_collecting_leaves_nothing_to_compact(
    tmp_path: Path, rows: Rows, hourly: Dataset, files: Files
) -> None:
    """A hundred small commits are one file, the same bytes as one big commit."""
    writer = LakeWriter(tmp_path / "many")
    for hour in range(100):
        writer.upsert(hourly, rows([hour]))
    LakeWriter(tmp_path / "one").upsert(hourly, rows(range(100)))
    assert files(tmp_path / "many") == files(tmp_path / "one")
    done = compact(tmp_path / "many", hourly)
    assert (done.files, done.rewritten, done.bytes_before) == (1, 0, done.bytes_after)
    own = [path for path in (tmp_path / "many" / ".xq").rglob("*") if path.is_file()]
    assert len(own) <= 5


def test_foreign_files_become_ours(
    tmp_path: Path, rows: Rows, hourly: Dataset, files: Files
) -> None:
    LakeWriter(tmp_path / "one").upsert(hourly, rows(range(50)))
    leaf = layout.leaf_path(tmp_path / "two", hourly, "2024")
    leaf.parent.mkdir(parents=True)
    shuffled = pa.concat_tables([rows(range(25, 50)), rows(range(30)), rows([3])])
    pq.write_table(shuffled, leaf, row_group_size=5, compression="none")
    done = compact(tmp_path / "two", hourly)
    assert (done.rewritten, done.repeated) == (1, 6)
    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert verify(tmp_path / "two", hourly).faults == ()
    assert compact(tmp_path / "two", hourly).rewritten == 0


def test_compaction_refuses_damage_and_waits_for_writers(
    tmp_path: Path, rows: Rows, hourly: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    LakeWriter(tmp_path).upsert(hourly, rows(range(50)))
    leaf = layout.leaf_path(tmp_path, hourly, "2024")
    good = leaf.read_bytes()
    leaf.write_bytes(good[:-1] + b"x")
    with pytest.raises(CorruptFile):
        compact(tmp_path, hourly)
    leaf.write_bytes(good)
    monkeypatch.setattr("xq.lake.compact._WAIT_SECONDS", 0.05)
    from concurrent.futures import ThreadPoolExecutor

    with (
        held(layout.lock_path(tmp_path, hourly), 0, "x"),
        ThreadPoolExecutor(1) as pool,
        pytest.raises(LockHeld),
    ):
        pool.submit(compact, tmp_path, hourly).result()


def test_what_is_removed_leaves_nothing_behind(tmp_path: Path, rows: Rows, hourly: Dataset) -> None:
    other = Dataset("ohlcv", "binance", "ETH/USDT", "1h")
    writer = LakeWriter(tmp_path)
    for dataset in (hourly, other):
        writer.upsert(dataset, rows(range(-3, 3)))
    remove.remove(tmp_path, hourly)
    assert [info.dataset for info in Lake(tmp_path).datasets()] == [other]
    left = [path for path in tmp_path.rglob("*") if path.is_file() and "BTC" in str(path)]
    assert [path.suffix for path in left] == [".lock"]
    assert list(check(Lake(tmp_path))) == []
    assert writer.upsert(hourly, rows([1])).added == 1
    assert verify(tmp_path, hourly).faults == ()


@pytest.mark.parametrize("when", ["next start", "next write"])
def test_a_removal_that_was_cut_short_is_finished(
    tmp_path: Path, rows: Rows, hourly: Dataset, when: str
) -> None:
    writer = LakeWriter(tmp_path)
    writer.upsert(hourly, rows(range(5)))
    away = remove.trash_path(tmp_path, hourly)
    away.parent.mkdir(parents=True)
    (tmp_path / hourly.path).rename(away)  # and killed here
    assert Lake(tmp_path).table(hourly).num_rows == 0
    if when == "next start":
        LakeWriter(tmp_path)
        assert not manifest.folder_of(tmp_path, hourly).exists()
    else:
        writer.upsert(hourly, rows([9]))
    assert not away.exists()
    assert verify(tmp_path, hourly).faults == ()


class Acting(ManualClock):
    """Does the next thing whenever someone sleeps."""

    def __init__(self, *things: Callable[[], object]) -> None:
        super().__init__(0)
        self.things = list(things)

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.things:
            self.things.pop(0)()


def _hours(tables: "list[pa.Table]") -> list[list[int]]:
    start = 1_704_067_200_000
    return [
        [(ts - start) // 3_600_000 for ts in table["ts"].cast(pa.int64()).to_pylist()]
        for table in tables
    ]


def test_following_shows_each_new_row_once(tmp_path: Path, rows: Rows, hourly: Dataset) -> None:
    writer = LakeWriter(tmp_path)
    writer.upsert(hourly, rows(range(-5, 5)))
    clock = Acting(
        lambda: writer.upsert(hourly, rows([5])),
        lambda: None,
        lambda: writer.upsert(hourly, rows([2], price=3.0)),
        lambda: writer.upsert(hourly, rows([6, 7])),
    )
    found = follow(Lake(tmp_path), hourly, clock, tail=8, every_seconds=2.0, cycles=6)
    assert _hours(list(found)) == [[-3, -2, -1, 0, 1, 2, 3, 4], [5], [6, 7]]
    assert clock.now_ms() == 10_000


def test_following_an_empty_dataset_waits_for_its_first_rows(
    tmp_path: Path, rows: Rows, hourly: Dataset
) -> None:
    lake = Lake(tmp_path)
    clock = Acting(lambda: None, lambda: LakeWriter(tmp_path).upsert(hourly, rows(range(30))))
    assert _hours(list(follow(lake, hourly, clock, cycles=3))) == [list(range(30))]
    clock = Acting(lambda: LakeWriter(tmp_path).upsert(hourly, rows([30])))
    assert _hours(list(follow(lake, hourly, clock, tail=0, cycles=2))) == [[30]]


def test_accepting_drops_what_is_gone(tmp_path: Path, rows: Rows, hourly: Dataset) -> None:
    LakeWriter(tmp_path).upsert(hourly, rows(range(-5, 5)))
    layout.leaf_path(tmp_path, hourly, "2023").unlink()
    assert len(verify(tmp_path, hourly).faults) == 1
    assert accept(tmp_path, hourly).faults == ()
    assert verify(tmp_path, hourly).faults == ()
    assert os.listdir(manifest.folder_of(tmp_path, hourly)) == ["2024.json"]
