"""A head that was damaged or deleted by hand: told, and made anew without a guess."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.object_store import BUCKET, ObjectStore

from xq.errors import CorruptFile
from xq.lake import store, verify
from xq.lake.coverage import Coverage
from xq.lake.layout import Dataset
from xq.lake.objects import head
from xq.lake.objects.bucket import Bucket
from xq.lake.objects.opening import open_lake
from xq.lake.objects.remote import RemoteStore
from xq.lake.objects.sweep import sweep
from xq.lake.ranges import Range
from xq.lake.reader import Lake
from xq.lake.store import LakePath
from xq.lake.verify import Verified
from xq.lake.writer import LakeWriter

Rows = Callable[..., object]
Machine = Callable[[str], LakePath]
HOUR, START = 3_600_000, 1_704_067_200_000
ASKED = Range(START - 5 * HOUR, START + 5 * HOUR)


@pytest.fixture
def machine(s3: ObjectStore, tmp_path: Path) -> Machine:
    url = f"s3://{BUCKET}/{tmp_path.parent.name}/{tmp_path.name}"
    return lambda name: open_lake(url, tmp_path / name, s3.environ)


def store_of(root: LakePath) -> RemoteStore:
    assert isinstance(root.store, RemoteStore)
    return root.store


def bucket_of(root: LakePath) -> Bucket:
    return store_of(root).bucket


def harm(root: LakePath, dataset: Dataset, how: str) -> None:
    key = head.head_key(dataset)
    if how == "gone":
        bucket_of(root).delete([key])
        return
    found = bucket_of(root).get(key)
    assert found is not None
    data = found[0]
    bucket_of(root).put(key, data[:120] + bytes([data[120] ^ 1]) + data[121:])


def mend(root: LakePath) -> Verified:
    with store.of(root).snapshot():
        [item] = store.of(root).lost()
        return item.rebuild()


@pytest.fixture
def filled(machine: Machine, rows: Rows, hourly: Dataset) -> LakePath:
    """Two files, of 2023 and 2024, and what was asked."""
    root = machine("one")
    LakeWriter(root).upsert(hourly, rows(range(-5, 5)), covered=ASKED)
    return root


@pytest.mark.parametrize("how", ["gone", "flipped"])
def test_the_machine_that_knew_the_head_makes_it_anew_whole(
    machine: Machine, filled: LakePath, rows: Rows, hourly: Dataset, how: str
) -> None:
    harm(filled, hourly, how)
    with pytest.raises(CorruptFile) as error:
        Lake(filled).table(hourly)
    assert str(error.value.hint).startswith("xq data verify --accept --kind ohlcv --symbol BTC/USD")
    with pytest.raises(CorruptFile):
        LakeWriter(filled).upsert(hourly, rows([7]))
    done = mend(filled)
    assert (done.files, done.faults, len(done.notes)) == (2, (), 1)
    two = machine("two")
    assert Lake(two).table(hourly).equals(rows(range(-5, 5)))
    assert Coverage(two).covered(hourly) == (ASKED,)
    assert verify.verify(two, hourly).faults == ()
    assert store.of(two).lost() == []
    LakeWriter(two).upsert(hourly, rows([7]))
    assert Lake(filled).table(hourly).num_rows == 11


@pytest.mark.parametrize("how", ["gone", "flipped"])
def test_another_machine_makes_it_from_the_files_and_tells_what_is_lost(
    machine: Machine, filled: LakePath, rows: Rows, hourly: Dataset, how: str
) -> None:
    harm(filled, hourly, how)
    two = machine("two")
    done = mend(two)
    assert done.notes[0].endswith("head made anew from 2 files, 10 rows")
    assert "lost: what was asked of the venue" in done.notes[1]
    for root in (two, filled):
        assert Lake(root).table(hourly).equals(rows(range(-5, 5)))
        assert Coverage(root).covered(hourly) == ()


def test_two_files_of_one_time_are_not_chosen_from(
    machine: Machine, filled: LakePath, rows: Rows, hourly: Dataset
) -> None:
    """A commit that was killed before its head looks like one that was not."""
    other = machine("two")
    before = {item.key for item in bucket_of(filled).list("ohlcv")}
    kept = {key: bucket_of(filled).get(key) for key in before if "period=2024" in key}
    LakeWriter(other).upsert(hourly, rows([3, 9], price=7.0))
    for key, found in kept.items():
        assert found is not None
        bucket_of(filled).put(key, found[0])
    harm(filled, hourly, "gone")
    done = mend(other)
    assert done.faults == ()
    assert Lake(other).table(hourly).num_rows == 11, "this machine knew the newest"
    harm(filled, hourly, "gone")
    for name in ("one", "three"):
        done = mend(machine(name))
        assert [fault.rule for fault in done.faults] == ["ambiguous", "ambiguous"]
        assert "nothing was changed" in done.faults[0].message
    keys = {item.key for item in bucket_of(filled).list("ohlcv")}
    bucket_of(filled).delete([key for key in keys if "period=2024" in key and key not in before])
    assert mend(machine("three")).faults == ()
    assert Lake(machine("four")).table(hourly).equals(rows(range(-5, 5)))


def test_a_file_that_is_lost_as_well_is_told_and_left_to_repair(
    machine: Machine, filled: LakePath, rows: Rows, hourly: Dataset
) -> None:
    [key] = [item.key for item in bucket_of(filled).list("ohlcv") if "period=2023" in item.key]
    bucket_of(filled).put(key, b"not what its name says")
    harm(filled, hourly, "gone")
    blind = mend(machine("two"))
    assert [fault.message[:9] for fault in blind.faults] == ["left out:"]
    assert Lake(machine("two")).table(hourly).equals(rows(range(5)))
    harm(filled, hourly, "flipped")
    done = mend(filled)
    assert [
        note for note in done.notes if "the file of 2023, which held 5 rows; xq data repair" in note
    ]
    [fault] = verify.verify(filled, hourly).faults
    assert (fault.rule, "period=2023" in fault.path) == ("changed", True)
    with pytest.raises(CorruptFile, match="SHA-256"):
        Lake(machine("three")).table(hourly)


def test_a_record_that_is_gone_is_not_taken_for_a_race(
    machine: Machine, rows: Rows, hourly: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head, "_INLINE", 10)
    one = machine("one")
    LakeWriter(one).upsert(hourly, rows(range(-3, 3)), covered=ASKED)
    bucket_of(one).delete([item.key for item in bucket_of(one).list(".xq/records")])
    with pytest.raises(CorruptFile, match="the head leads to it, and it is gone"):
        Lake(machine("two")).table(hourly)
    assert mend(machine("two")).files == 2
    assert Lake(machine("three")).table(hourly).equals(rows(range(-3, 3)))


def test_files_without_a_head_are_swept_by_nobody_and_old_ones_not_written_over(
    machine: Machine,
    filled: LakePath,
    rows: Rows,
    hourly: Dataset,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    harm(filled, hourly, "gone")
    two = machine("two")
    assert sweep(store_of(two), older_than_ms=-60_000) == 0
    monkeypatch.setattr("xq.lake.objects.commit._SLOWEST_MS", -60_000)
    with pytest.raises(CorruptFile, match="the head is gone, and its files are there"):
        LakeWriter(two).upsert(hourly, rows([1]))
    monkeypatch.undo()
    assert LakeWriter(two).upsert(hourly, rows([1])).added == 1, "as after a first commit's kill"


def test_a_lake_that_was_deleted_whole_is_an_empty_one(
    filled: LakePath, rows: Rows, hourly: Dataset
) -> None:
    bucket_of(filled).delete([item.key for item in bucket_of(filled).list("")])
    assert Lake(filled).datasets() == []
    assert LakeWriter(filled).upsert(hourly, rows([1])).added == 1
