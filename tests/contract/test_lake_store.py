"""What every place a lake is kept in must do: a folder, and a bucket seen from two machines."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from support.google_store import GoogleStore
from support.object_store import BUCKET, ObjectStore

from xq.clock import ManualClock
from xq.errors import CorruptFile, DataError, LockHeld, PoisonRows
from xq.lake import facts, hashing, inventory, layout, parquet, quarantine, store, usage
from xq.lake.audit import check
from xq.lake.compact import compact
from xq.lake.coverage import Coverage
from xq.lake.facts import Fact, What
from xq.lake.follow import follow
from xq.lake.gaps import gaps
from xq.lake.layout import Dataset
from xq.lake.lock import held
from xq.lake.objects.opening import open_lake
from xq.lake.ranges import Range
from xq.lake.reader import Lake
from xq.lake.remove import remove
from xq.lake.schema import KINDS
from xq.lake.sql import query
from xq.lake.verify import accept, verify
from xq.lake.writer import LakeWriter
from xq.timeframe import Timeframe

HOUR, START = 3_600_000, 1_704_067_200_000  # 2024-01-01
BTC = Dataset("ohlcv", "binance", "BTC/USDT", "1h")
ETH = Dataset("ohlcv", "binance", "ETH/USDT", "1h")
H1 = Timeframe.parse("1h")

Place = Callable[..., Path]


# A URL beside "folder" and "s3" lets the suite run against another store by hand, with what its
# client reads from the environment: XQ_TEST_STORE=az://lakes AZURE_STORAGE_USE_EMULATOR=true …
OTHER = os.environ.get("XQ_TEST_STORE", "")
ENVIRON = {
    name: text for name, text in os.environ.items() if name.startswith(("AZURE_", "GOOGLE_"))
}


@pytest.fixture(params=["folder", "s3", "gs", *filter(None, [OTHER])])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """The root of one lake, as a machine sees it: ``place()``, ``place("elsewhere")``."""
    if request.param == "folder":
        return lambda machine="here": tmp_path / "lake"
    environ, store = ENVIRON, request.param
    if store == "s3":
        server: ObjectStore = request.getfixturevalue("s3")
        environ, store = server.environ, f"s3://{BUCKET}"
    elif store == "gs":
        google: GoogleStore = request.getfixturevalue("gcs")
        environ, store = google.environ, f"gs://{BUCKET}"
    url = f"{store}/{tmp_path.parent.name}/{tmp_path.name}"
    return lambda machine="here": open_lake(url, tmp_path / machine, environ)


def bars(hours: "range | list[int]", price: float = 100.0) -> pa.Table:
    at = np.asarray(hours, dtype=np.int64)
    close = price + at.astype(float) / 7
    columns = [at * HOUR + START, close, close + 1, close - 1, close, np.ones(len(at))]
    schema = KINDS["ohlcv"].schema
    return pa.Table.from_arrays(
        [pa.array(column).cast(field.type) for column, field in zip(columns, schema, strict=True)],
        schema=schema,
    )


def span(first: int, stop: int) -> Range:
    return Range(START + first * HOUR, START + stop * HOUR)


def rules(root: Path, dataset: Dataset = BTC) -> list[str]:
    return [fault.rule for fault in verify(root, dataset).faults]


def test_rows_come_back_here_and_elsewhere(place: Place) -> None:
    table = bars(range(-30, 30))
    commit = LakeWriter(place()).upsert(BTC, table)
    assert (commit.added, len(commit.files)) == (60, 2)
    assert [path.is_relative_to(place()) for path in commit.files] == [True, True]
    assert Lake(place()).table(BTC).equals(table)
    assert Lake(place("elsewhere")).table(BTC).equals(table)


def test_an_empty_lake_is_an_answer(place: Place) -> None:
    lake = Lake(place())
    assert lake.datasets() == []
    assert lake.table(BTC).num_rows == 0
    assert query(place(), "SELECT count(*) AS n FROM ohlcv").to_pylist() == [{"n": 0}]
    assert list(check(lake)) == []


def test_a_file_has_the_same_bytes_wherever_it_is_kept(place: Place, tmp_path: Path) -> None:
    for root in (place(), tmp_path / "plain"):
        LakeWriter(root).upsert(BTC, bars(range(-5, 5)), covered=span(-5, 6))
    kept, plain = (
        {leaf.period: leaf.path.read_bytes() for leaf in layout.leaves(root, BTC)}
        for root in (place(), tmp_path / "plain")
    )
    assert kept == plain


def test_writing_again_changes_nothing(place: Place) -> None:
    writer = LakeWriter(place())
    writer.upsert(BTC, bars(range(5)), covered=span(0, 5))
    before = layout.leaves(place(), BTC)[0].path.stat()
    commit = LakeWriter(place("elsewhere")).upsert(BTC, bars([3, 2]), covered=span(2, 4))
    assert (commit.added, commit.revised, commit.unchanged, commit.files) == (0, 0, 2, ())
    after = layout.leaves(place(), BTC)[0].path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_reader_that_is_open_sees_what_another_machine_commits(place: Place) -> None:
    here, there = Lake(place()), LakeWriter(place("elsewhere"))
    there.upsert(BTC, bars(range(5)))
    assert here.table(BTC).num_rows == 5
    there.upsert(BTC, bars([2, 9], price=500.0))
    assert here.table(BTC).slice(2, 1).equals(bars([2], price=500.0))
    assert here.bars("binance", ["BTC/USDT"], H1, gaps="flag").ts[-1] == START + 9 * HOUR


def test_two_machines_add_to_one_file_in_turn(place: Place) -> None:
    one, two = LakeWriter(place()), LakeWriter(place("elsewhere"))
    for hour in range(6):
        (two if hour % 2 else one).upsert(BTC, bars([hour]), covered=span(hour, hour + 1))
    for root in (place(), place("elsewhere"), place("third")):
        assert Lake(root).table(BTC).equals(bars(range(6)))
        assert Coverage(root).covered(BTC) == (span(0, 6),)
        assert Lake(root).gaps(BTC) == ()


def test_the_ledger_and_the_facts_come_along(place: Place) -> None:
    known = Fact(What.VENUE_HAS_NONE, START, START + HOUR, "binance", "asked twice", 7)
    LakeWriter(place()).upsert(BTC, bars([0, 1, 4]), covered=span(0, 6))
    Coverage(place()).add(BTC, span(6, 8))
    facts.record(place(), BTC, [known])
    other = place("elsewhere")
    assert Coverage(other).venue_has_none(BTC) == (span(2, 4), span(5, 8))
    assert facts.load(other, BTC) == (known,)
    assert [gap.whose for gap in gaps(Lake(other), BTC)] == ["venue", "venue"]
    LakeWriter(other).upsert(BTC, bars([2]))
    assert Coverage(place()).venue_has_none(BTC) == (span(3, 4), span(5, 8))


def test_what_was_asked_without_rows_is_remembered(place: Place) -> None:
    LakeWriter(place()).upsert(BTC, bars([]), covered=span(0, 3))
    assert Coverage(place("elsewhere")).venue_has_none(BTC) == (span(0, 3),)
    assert Lake(place("elsewhere")).datasets() == []


def test_a_removed_dataset_is_gone_everywhere_and_can_come_back(place: Place) -> None:
    for dataset in (BTC, ETH):
        LakeWriter(place()).upsert(dataset, bars(range(5)), covered=span(0, 5))
    assert len(Lake(place("elsewhere")).datasets()) == 2
    remove(place(), BTC)
    other = Lake(place("elsewhere"))
    assert other.table(BTC).num_rows == 0
    assert [info.dataset for info in other.datasets()] == [ETH]
    assert Coverage(place("elsewhere")).covered(BTC) == ()
    LakeWriter(place("elsewhere")).upsert(BTC, bars([7]))
    assert Lake(place()).table(BTC).equals(bars([7]))
    remove(place(), Dataset("ohlcv", "binance", "NONE/USDT", "1h"))


def test_compaction_keeps_rows_and_is_done_once(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr(parquet, "_ROW_GROUP", 7)
        LakeWriter(place()).upsert(BTC, bars(range(-20, 30)), covered=span(-20, 30))
    done = compact(place("elsewhere"), BTC)
    assert (done.files, done.rewritten, done.repeated) == (2, 2, 0)
    assert compact(place(), BTC).rewritten == 0
    assert Lake(place()).table(BTC).equals(bars(range(-20, 30)))
    assert Coverage(place()).covered(BTC) == (span(-20, 30),)


def test_refused_rows_leave_everything_as_it_was(place: Place) -> None:
    writer = LakeWriter(place())
    writer.upsert(BTC, bars(range(5)))
    with pytest.raises(PoisonRows):
        writer.upsert(BTC, bars([6], price=float("nan")))
    assert Lake(place("elsewhere")).table(BTC).equals(bars(range(5)))


def test_sql_frames_and_listings_agree(place: Place) -> None:
    writer = LakeWriter(place())
    for dataset, hours in ((BTC, range(-3, 4)), (ETH, range(2))):
        writer.upsert(dataset, bars(hours))
    root = place("elsewhere")
    asked = query(root, "SELECT symbol, count(*) AS n FROM ohlcv GROUP BY ALL ORDER BY ALL")
    assert asked.to_pylist() == [{"symbol": "BTC/USDT", "n": 7}, {"symbol": "ETH/USDT", "n": 2}]
    lake = Lake(root)
    assert lake.scan("ohlcv", symbol="BTC/USDT").collect().height == 7
    connection = lake.duckdb()
    assert connection.sql("SELECT count(*) FROM ohlcv").fetchall() == [(9,)]
    connection.close()
    infos = {info.dataset: info for info in lake.datasets("ohlcv")}
    assert [(infos[item].rows, infos[item].missing) for item in (BTC, ETH)] == [(7, 0), (2, 0)]
    sizes = {item: inventory.sizes(root, item) for item in (BTC, ETH)}
    assert {item: sum(sizes[item].values()) for item in sizes} == {
        item: infos[item].bytes for item in infos
    }
    used = {item.dataset: (item.files, item.bytes) for item in usage.usage(root)}
    assert used[BTC] == (2, infos[BTC].bytes)
    assert used[None][0] > 0
    assert lake.content_hash(BTC) == hashing.hash_table(bars(range(-3, 4)))


def test_coarser_bars_are_made_of_finer_ones(place: Place) -> None:
    LakeWriter(place()).upsert(BTC, bars(range(8)))
    lake = Lake(place("elsewhere"))
    assert lake.derived_from("binance", "BTC/USDT", Timeframe.parse("4h")) == H1
    assert len(lake.bars("binance", ["BTC/USDT"], Timeframe.parse("4h")).ts) == 2


def test_following_shows_rows_as_they_are_committed(place: Place) -> None:
    writer, seen = LakeWriter(place("elsewhere")), []
    writer.upsert(BTC, bars(range(-2, 3)))
    for shown in follow(Lake(place()), BTC, ManualClock(0), tail=2, cycles=3):
        seen.append(shown)
        if len(seen) == 1:
            writer.upsert(BTC, bars([3]))
    assert [part.num_rows for part in seen] == [2, 1]
    assert seen[1].equals(bars([3]))


def test_verifying_a_sound_lake_finds_nothing(place: Place) -> None:
    LakeWriter(place()).upsert(BTC, bars(range(-5, 5)))
    found = verify(place("elsewhere"), BTC)
    assert (found.files, found.faults) == (2, ())
    assert found.bytes == sum(inventory.sizes(place(), BTC).values())
    assert accept(place(), BTC).faults == ()
    assert rules(place()) == []
    assert list(check(Lake(place("elsewhere")))) == []


def test_quarantined_rows_and_files_are_kept(place: Place) -> None:
    writer = LakeWriter(place())
    writer.upsert(BTC, bars(range(5)))
    [leaf] = layout.leaves(place(), BTC)
    copy = quarantine.keep_file(place(), BTC, leaf)
    assert copy.read_bytes() == leaf.path.read_bytes()
    bad = quarantine.BadRow(START, 3, "negative_volume", "volume is -1", "{}")
    assert quarantine.keep(writer, BTC, "bars.csv", [bad], at_ms=START) == 1
    assert Lake(place("elsewhere")).table(quarantine.DATASET)["line"].to_pylist() == [3]


def test_one_writer_per_dataset_on_one_machine(place: Place) -> None:
    writer = LakeWriter(place(), wait_seconds=0.0)
    with held(layout.lock_path(place(), BTC), 0.0, "BTC"), pytest.raises(LockHeld):
        writer.upsert(BTC, bars([1]))
    writer.upsert(BTC, bars([1]))
    assert Lake(place("elsewhere")).table(BTC).num_rows == 1


def test_a_lake_of_a_newer_xq_is_refused(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as newer:
        newer.setattr(layout, "FORMAT", 99)
        LakeWriter(place()).upsert(BTC, bars([1]))
    for open_it in (Lake, LakeWriter):
        with pytest.raises(DataError, match="the lake has format 99"):
            open_it(place("elsewhere"))


def test_a_changed_copy_at_hand_is_never_returned(place: Place) -> None:
    LakeWriter(place()).upsert(BTC, bars(range(50)))
    [leaf] = layout.leaves(place(), BTC)
    data = bytearray(leaf.path.read_bytes())
    data[100] ^= 1
    leaf.path.write_bytes(data)
    with pytest.raises(CorruptFile, match="SHA-256"):
        Lake(place()).table(BTC)
    with pytest.raises(CorruptFile, match="SHA-256"):
        query(place(), "SELECT * FROM ohlcv")


def test_a_snapshot_is_a_place_where_everything_still_works(place: Place) -> None:
    root = place()
    with store.of(root).snapshot():
        LakeWriter(root).upsert(BTC, bars(range(3)))
        assert Lake(root).table(BTC).num_rows == 3
        LakeWriter(root).upsert(BTC, bars(range(5)))
        assert Lake(root).table(BTC).num_rows == 5
        remove(root, BTC)
        assert Lake(root).table(BTC).num_rows == 0
