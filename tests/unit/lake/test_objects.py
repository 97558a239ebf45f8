"""Commits to a bucket: races, lost answers, leftovers, damage, and what is fetched at all."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.object_store import BUCKET, ObjectStore

from xq.errors import CorruptFile, LockHeld, StorageFailed
from xq.lake import layout, parquet, store, verify
from xq.lake.audit import check
from xq.lake.coverage import Coverage
from xq.lake.damage import damage_of
from xq.lake.layout import Dataset
from xq.lake.objects import commit, head
from xq.lake.objects.bucket import Bucket, Gone, Version
from xq.lake.objects.opening import open_lake
from xq.lake.objects.remote import RemoteStore
from xq.lake.objects.sweep import sweep
from xq.lake.ranges import Range
from xq.lake.reader import Lake
from xq.lake.sql import query
from xq.lake.store import LakePath
from xq.lake.writer import LakeWriter
from xq.timeframe import Timeframe

Rows = Callable[..., object]
HOUR, START = 3_600_000, 1_704_067_200_000
H1 = Timeframe.parse("1h")
Before = Callable[[str, str], None]


class Watched(Bucket):
    """Tells a test what is about to be asked, and lets it lose an answer."""

    before: Before = staticmethod(lambda what, key: None)
    lose = 0

    def get(self, key: str, unless: Version | None = None) -> tuple[bytes, Version] | None:
        self.before("get", key)
        return super().get(key, unless)

    def put(self, key: str, data: bytes) -> None:
        self.before("put", key)
        super().put(key, data)

    def swap(self, key: str, data: bytes, before: Version | None) -> Version | None:
        self.before("swap", key)
        version = super().swap(key, data, before)
        if self.lose and "/heads/" in key:
            self.lose -= 1
            return None
        return version

    def delete(self, keys: object) -> None:
        keys = list(keys)
        self.before("delete", " ".join(keys))
        super().delete(keys)


@pytest.fixture
def machine(s3: ObjectStore, tmp_path: Path) -> Callable[[str], LakePath]:
    """A lake as one machine sees it: its own cache, its own client."""

    def root(name: str) -> LakePath:
        url = f"s3://{BUCKET}/{tmp_path.parent.name}/{tmp_path.name}"
        found = open_lake(url, tmp_path / name, s3.environ)
        place = found.store
        assert isinstance(place, RemoteStore)
        place.bucket = Watched(place.bucket._client, place.bucket.address)
        return found

    return root


def bucket_of(root: LakePath) -> Watched:
    assert isinstance(root.store, RemoteStore)
    assert isinstance(root.store.bucket, Watched)
    return root.store.bucket


def objects(root: LakePath, suffix: str = ".parquet") -> list[str]:
    return [item.key for item in bucket_of(root).list("") if item.key.endswith(suffix)]


def once(what: str, part: str, act: Callable[[], object]) -> Before:
    """Act before the first request of a kind whose key holds a part."""
    left = [act]

    def before(found: str, key: str) -> None:
        if left and found == what and part in key:
            left.pop()()

    return before


def test_a_writer_that_loses_the_race_builds_on_the_winner(
    machine: Callable[[str], LakePath], rows: Rows, hourly: Dataset
) -> None:
    one, two = machine("one"), machine("two")
    LakeWriter(two).upsert(hourly, rows(range(3)))
    win = LakeWriter(two)
    bucket_of(one).before = once("swap", "heads", lambda: win.upsert(hourly, rows([3, 4])))
    lost = LakeWriter(one).upsert(hourly, rows([4, 5], price=200.0))
    assert (lost.added, lost.revised) == (1, 1)
    for root in (one, two):
        table = Lake(root).table(hourly)
        assert table.slice(0, 4).equals(rows(range(4)))
        assert table.slice(4).equals(rows([4, 5], price=200.0))
    assert len(objects(one)) == 1, "what the loser had put is gone"


def test_two_first_commits_of_a_dataset_meet(
    machine: Callable[[str], LakePath], rows: Rows, hourly: Dataset
) -> None:
    one, two = machine("one"), machine("two")
    win = LakeWriter(two)
    bucket_of(one).before = once("swap", "heads", lambda: win.upsert(hourly, rows([1])))
    LakeWriter(one).upsert(hourly, rows([0]), covered=Range(START, START + HOUR))
    assert Lake(two).table(hourly).equals(rows(range(2)))
    assert Coverage(two).covered(hourly) == (Range(START, START + HOUR),)


def test_a_removal_that_meets_a_commit_removes_what_it_found_then(
    machine: Callable[[str], LakePath], rows: Rows, hourly: Dataset
) -> None:
    from xq.lake.remove import remove

    one, two = machine("one"), machine("two")
    LakeWriter(two).upsert(hourly, rows(range(3)))
    bucket_of(one).before = once("swap", "heads", lambda: remove(two, hourly))
    LakeWriter(one).upsert(hourly, rows([3]))
    assert Lake(two).table(hourly).equals(rows([3]))


def test_a_race_that_is_always_lost_ends(
    machine: Callable[[str], LakePath],
    rows: Rows,
    hourly: Dataset,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(commit, "_TRIES", 3)
    monkeypatch.setattr(commit, "_PAUSE_SECONDS", (0.0, 0.0))
    one, two = machine("one"), machine("two")
    hour = iter(range(1, 9))

    def win(what: str, key: str) -> None:
        if (what, "heads" in key) == ("swap", True):
            LakeWriter(two).upsert(hourly, rows([next(hour)]))

    bucket_of(one).before = win
    with pytest.raises(LockHeld, match="3 commits lost the race") as error:
        LakeWriter(one).upsert(hourly, rows([0]))
    assert (error.value.exit_code, str(error.value.where).startswith("s3://lakes/")) == (75, True)
    assert Lake(two).table(hourly).equals(rows([1, 2, 3]))
    assert len(objects(two)) == 1


def test_a_commit_whose_answer_was_lost_counts_once(
    machine: Callable[[str], LakePath], rows: Rows, hourly: Dataset
) -> None:
    root = machine("one")
    bucket_of(root).lose = 1
    assert LakeWriter(root).upsert(hourly, rows(range(3))).added == 3
    assert Lake(machine("two")).table(hourly).equals(rows(range(3)))
    assert len(objects(root)) == 1


def test_a_commit_whose_answer_was_lost_and_was_built_on_stays(
    machine: Callable[[str], LakePath], rows: Rows, hourly: Dataset
) -> None:
    """The loser of the answer must not take back the objects the next commit leads to."""
    one, two = machine("one"), machine("two")
    bucket_of(one).lose = 1
    seen = []

    def after(what: str, key: str) -> None:
        if what == "swap" and "heads" in key:
            seen.append(key)
        elif what == "get" and len(seen) == 1:
            seen.append(key)  # between the lost answer and the look at what is there
            LakeWriter(two).upsert(hourly, rows([-1]))

    bucket_of(one).before = after
    LakeWriter(one).upsert(hourly, rows(range(3)))
    assert Lake(two).table(hourly).equals(rows(range(-1, 3)))
    assert verify.verify(two, hourly).faults == ()


def test_replaced_objects_are_deleted_at_once(
    machine: Callable[[str], LakePath], rows: Rows, hourly: Dataset
) -> None:
    root = machine("one")
    for hour in range(4):
        LakeWriter(root).upsert(hourly, rows([hour]))
    assert len(objects(root)) == 1


def test_leftovers_are_swept_and_nothing_else(
    machine: Callable[[str], LakePath], rows: Rows, hourly: Dataset
) -> None:
    root = machine("one")
    LakeWriter(root).upsert(hourly, rows(range(-3, 3)))
    bucket, place = bucket_of(root), root.store
    assert isinstance(place, RemoteStore)
    stray = f"{hourly.path.as_posix()}/period=2024/{'ab' * 32}-0123456789ab.parquet"
    record = f"{head.record_folder(hourly)}/{'cd' * 32}-0123456789ab.json"
    foreign = ["notes.txt", f"{hourly.path.as_posix()}/period=2024/part.parquet", "x/y.parquet"]
    for key in (stray, record, ".xq/probe-17", *foreign):
        bucket.put(key, b"?")
    before = {item.key for item in bucket.list("")}
    assert sweep(place) == 0, "they are younger than a day"
    assert {item.key for item in bucket.list("")} == before
    assert sweep(place, older_than_ms=-60_000) == 3
    assert before - {item.key for item in bucket.list("")} == {stray, record, ".xq/probe-17"}
    assert Lake(machine("two")).table(hourly).equals(rows(range(-3, 3)))


def test_a_reader_that_is_overtaken_reads_the_newer_commit(
    machine: Callable[[str], LakePath], rows: Rows, hourly: Dataset
) -> None:
    one, two = machine("one"), machine("two")
    LakeWriter(two).upsert(hourly, rows(range(3)))
    win = LakeWriter(two)
    bucket_of(one).before = once("get", ".parquet", lambda: win.upsert(hourly, rows([3])))
    assert Lake(one).table(hourly).equals(rows(range(4)))


def test_a_file_that_is_replaced_while_it_is_verified_is_no_fault(
    machine: Callable[[str], LakePath], rows: Rows, hourly: Dataset
) -> None:
    from xq.lake.remove import remove

    one, two = machine("one"), machine("two")
    for act in (lambda: LakeWriter(two).upsert(hourly, rows([3])), lambda: remove(two, hourly)):
        LakeWriter(two).upsert(hourly, rows(range(3)))
        bucket_of(one).before = once("get", ".parquet", act)
        assert verify.verify(one, hourly).faults == ()
    assert Lake(one).datasets() == []


def test_a_copy_is_replaced_when_a_newer_commit_is_seen(
    machine: Callable[[str], LakePath], rows: Rows, hourly: Dataset
) -> None:
    """Also after a kill between the first and the last step of following the store."""
    one, two = machine("one"), machine("two")
    LakeWriter(two).upsert(hourly, rows(range(-3, 3)))
    assert Lake(one).table(hourly).num_rows == 6
    (one / head.head_key(hourly)).unlink()  # as a kill leaves it
    LakeWriter(two).upsert(hourly, rows([3]))
    assert Lake(one).table(hourly).equals(rows(range(-3, 4)))
    assert list(check(Lake(one))) == []


def test_a_newer_file_of_the_same_size_is_noticed(
    machine: Callable[[str], LakePath], rows: Rows, hourly: Dataset
) -> None:
    sizes: dict[int, float] = {}
    for price in range(1000, 2000):
        size = parquet.encode(rows(range(3), price=price), hourly.spec).size
        if size in sizes:
            break
        sizes[size] = price
    one, two = machine("one"), machine("two")
    for newest in (sizes[size], price):
        LakeWriter(two).upsert(hourly, rows(range(3), price=newest))
        assert Lake(one).table(hourly).equals(rows(range(3), price=newest))
    assert sizes[size] != price


@pytest.mark.parametrize("harm", ["flip", "gone"])
def test_a_harmed_object_is_found_and_can_be_repaired(
    machine: Callable[[str], LakePath], rows: Rows, hourly: Dataset, harm: str
) -> None:
    one, two = machine("one"), machine("two")
    LakeWriter(one).upsert(hourly, rows(range(-30, 30)), covered=Range(START, START + 30 * HOUR))
    [key] = [key for key in objects(one) if "period=2024" in key]
    found = bucket_of(one).get(key)
    assert found is not None
    if harm == "flip":
        bucket_of(one).put(key, found[0][:99] + bytes([found[0][99] ^ 1]) + found[0][100:])
    else:
        bucket_of(one).delete([key])
    with pytest.raises(CorruptFile, match="SHA-256"):
        Lake(two).table(hourly)
    with pytest.raises(CorruptFile, match="SHA-256"):
        query(two, "SELECT count(*) FROM ohlcv")
    [fault] = verify.verify(one, hourly).faults
    assert fault.rule == {"flip": "changed", "gone": "missing"}[harm]
    assert fault.path.startswith(f"s3://{BUCKET}/")
    now = START + 40 * HOUR
    if harm == "gone":
        damage = damage_of(Lake(two), hourly, now_ms=now)
        assert [item.leaf.period for item in damage.files] == ["2024"]
    LakeWriter(two).upsert(hourly, rows(range(30)), rebuild=True)
    assert verify.verify(one, hourly).faults == ()
    assert Lake(one).table(hourly).equals(rows(range(-30, 30)))


def test_verifying_drops_copies_that_are_not_the_committed_files(
    machine: Callable[[str], LakePath], rows: Rows, hourly: Dataset
) -> None:
    root = machine("one")
    LakeWriter(root).upsert(hourly, rows(range(50)))
    [leaf] = layout.leaves(root, hourly)
    data = bytearray(leaf.path.read_bytes())
    data[100] ^= 1
    leaf.path.write_bytes(data)
    assert verify.verify(root, hourly).faults == ()
    assert Lake(root).table(hourly).equals(rows(range(50)))


def test_a_damaged_head_is_an_error_of_ours(
    machine: Callable[[str], LakePath], rows: Rows, hourly: Dataset
) -> None:
    root = machine("one")
    LakeWriter(root).upsert(hourly, rows(range(3)))
    bucket_of(root).put(head.head_key(hourly), b"{}")
    with pytest.raises(CorruptFile, match="a record of the lake is damaged"):
        Lake(machine("two")).table(hourly)


def test_only_what_is_read_is_fetched(
    machine: Callable[[str], LakePath], rows: Rows, hourly: Dataset
) -> None:
    one, two = machine("one"), machine("two")
    year = range(-8760, 8760)
    LakeWriter(one).upsert(
        hourly, rows(year, price=5000.0), covered=Range(START - 8760 * HOUR, START)
    )
    fetched: list[str] = []
    bucket_of(two).before = lambda what, key: fetched.append(f"{what} {key.rpartition('.')[2]}")
    lake = Lake(two)
    assert lake.datasets()[0].rows == len(year)
    assert Coverage(two).covered(hourly) == (Range(START - 8760 * HOUR, START),)
    assert lake.gaps(hourly) == ()
    assert "get parquet" not in fetched
    assert len(lake.bars("binance", ["BTC/USDT"], H1, START, START + 5 * HOUR).ts) == 5
    assert fetched.count("get parquet") == 1
    fetched.clear()
    lake.bars("binance", ["BTC/USDT"], H1, START, START + 9 * HOUR)
    assert set(fetched) == {"get json"}, "the copy at hand serves"


def counted(s3: ObjectStore) -> dict[str, int]:
    return {name: count for name, count in s3.requests().items() if "bytes" not in name}


def test_requests_of_an_append_and_of_a_listing(
    machine: Callable[[str], LakePath], s3: ObjectStore, rows: Rows, hourly: Dataset
) -> None:
    """What the documentation tells a reader to multiply by his provider's prices."""
    root = machine("one")
    for place in range(20):
        dataset = Dataset("ohlcv", "binance", f"S{place}/USDT", "1h")
        LakeWriter(root).upsert(dataset, rows(range(3)))
    with_ledger = {"covered": Range(START, START + 4 * HOUR)}
    writer = LakeWriter(root)
    s3.requests()
    writer.upsert(dataset, rows([3]), **with_ledger)
    assert counted(s3) == {"GET": 1, "PUT": 2, "DELETE": 1}
    lake = Lake(root)
    s3.requests()
    assert len(lake.datasets()) == 20
    assert counted(s3) == {"LIST": 1}
    query(root, "SELECT count(*) FROM ohlcv")
    assert counted(s3) == {"LIST": 1}, "views and proofs ask no more"
    symbols = [f"S{place}/USDT" for place in range(20)]
    lake.bars("binance", symbols, H1, gaps="flag")
    assert counted(s3) == {"LIST": 1}, "of many symbols none is asked for alone"
    lake.bars("binance", symbols[:3], H1, gaps="flag")
    assert counted(s3) == {"GET": 3}
    cold = Lake(machine("two"))
    s3.requests()
    assert len(cold.datasets()) == 20
    assert counted(s3) == {"LIST": 1, "GET": 20}
    cold.bars("binance", symbols, H1, gaps="flag")
    assert counted(s3) == {"LIST": 1, "GET": 20}, "one file each"


def test_records_too_large_for_the_head_are_objects(
    machine: Callable[[str], LakePath],
    rows: Rows,
    hourly: Dataset,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(head, "_INLINE", 10)
    one, two = machine("one"), machine("two")
    for hour in range(3):
        LakeWriter(one).upsert(hourly, rows([hour]), covered=Range(START, START + 3 * HOUR))
    assert Lake(two).table(hourly).equals(rows(range(3)))
    assert Coverage(two).covered(hourly) == Coverage(one).covered(hourly)
    [*records] = [key for key in objects(one, ".json") if key.startswith(".xq/records/")]
    assert len(records) == 2, "replaced ones are deleted"
    found = bucket_of(one).get(records[0])
    assert found is not None
    bucket_of(one).put(records[0], found[0][:-2] + b"? ")
    with pytest.raises(CorruptFile, match="do not match its checksum"):
        Lake(machine("three")).table(hourly)


def test_a_cache_is_not_taken_for_a_lake(
    machine: Callable[[str], LakePath], rows: Rows, hourly: Dataset
) -> None:
    from xq.errors import ConfigError

    root = machine("one")
    LakeWriter(root).upsert(hourly, rows([1]))
    for open_it in (Lake, LakeWriter):
        with pytest.raises(ConfigError, match="the cache of s3://lakes/"):
            open_it(Path(root))


def test_a_failed_commit_leaves_no_trace_in_the_cache(
    machine: Callable[[str], LakePath], rows: Rows, hourly: Dataset
) -> None:
    root = machine("one")
    LakeWriter(root).upsert(hourly, rows(range(3)))

    def refuse() -> None:
        raise StorageFailed("the object store cannot be reached")

    bucket_of(root).before = once("swap", "heads", refuse)
    with pytest.raises(StorageFailed):
        LakeWriter(root).upsert(hourly, rows([3]))
    assert Lake(root).table(hourly).equals(rows(range(3)))
    assert LakeWriter(root).upsert(hourly, rows([3])).added == 1
    assert Lake(machine("two")).table(hourly).equals(rows(range(4)))


def test_a_head_that_nobody_wrote_is_not_a_dataset(
    machine: Callable[[str], LakePath], rows: Rows, hourly: Dataset
) -> None:
    root = machine("one")
    LakeWriter(root).upsert(hourly, rows([1]))
    for key in (".xq/heads/nonsense/head.json", ".xq/heads/ohlcv/a=b/head.json", ".xq/heads/x"):
        bucket_of(root).put(key, b"?")
    assert [info.dataset for info in Lake(machine("two")).datasets()] == [hourly]
    with pytest.raises(Gone):
        bucket_of(root).get("nothing")
    assert store.of(root) is root.store
