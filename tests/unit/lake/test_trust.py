"""No changed byte gets through, no good byte is refused, and a warm read hashes nothing."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from xq.errors import CorruptFile, DataError
from xq.lake import inventory, layout, manifest, sql, trust
from xq.lake.coverage import Coverage
from xq.lake.layout import Dataset
from xq.lake.ranges import Range
from xq.lake.reader import Lake
from xq.lake.trust import Trust
from xq.lake.verify import accept, verify
from xq.lake.writer import LakeWriter
from xq.timeframe import Timeframe

Rows = Callable[..., pa.Table]
H1 = Timeframe.parse("1h")
START, HOUR = 1_704_067_200_000, 3_600_000


@pytest.fixture
def lake(tmp_path: Path, rows: Rows, hourly: Dataset) -> Lake:
    asked = Range(START - 20 * HOUR, START + 30 * HOUR)
    LakeWriter(tmp_path).upsert(hourly, rows([*range(-20, 5), *range(8, 30)]), covered=asked)
    return Lake(tmp_path)


@pytest.fixture
def leaf(lake: Lake, hourly: Dataset) -> Path:
    return layout.leaf_path(lake.root, hourly, "2024")


def _readers(lake: Lake, dataset: Dataset) -> list[Callable[[], object]]:
    return [
        lambda: lake.bars("binance", ["BTC/USDT"], H1, gaps="drop"),
        lambda: lake.table(dataset),
        lambda: lake.scan("ohlcv").collect(),
        lambda: sql.query(lake.root, "select * from ohlcv"),
        lambda: lake.content_hash(dataset),
    ]


def test_every_flipped_bit_of_a_data_file_is_refused_by_every_reader(
    lake: Lake, leaf: Path, hourly: Dataset
) -> None:
    """Every byte, one bit of it: magic, pages, footer, length."""
    good = leaf.read_bytes()
    for place in range(len(good)):
        bad = bytearray(good)
        bad[place] ^= 1 << place % 8
        leaf.write_bytes(bad)
        with pytest.raises(CorruptFile):
            lake.table(hourly)
        if place % 97 == 0:
            for read in _readers(lake, hourly):
                with pytest.raises(CorruptFile, match="not those that were committed"):
                    read()
            assert [item.rule for item in verify(lake.root, hourly).faults] == ["changed"]
    leaf.write_bytes(good)
    assert lake.table(hourly).num_rows == 47
    for read in _readers(lake, hourly):
        read()


@pytest.mark.parametrize("name", ["manifest", "coverage"])
def test_every_flipped_bit_of_what_xq_keeps_beside_the_data_is_noticed(
    lake: Lake, leaf: Path, hourly: Dataset, name: str
) -> None:
    path = {
        "manifest": manifest.path_of(lake.root, hourly, "2024"),
        "coverage": layout.coverage_path(lake.root, hourly),
    }[name]
    good = path.read_bytes()
    for place in range(len(good)):
        bad = bytearray(good)
        bad[place] ^= 1 << place % 7
        path.write_bytes(bad)
        with pytest.raises(CorruptFile) as caught:
            manifest.load(lake.root, hourly) if name == "manifest" else Coverage(lake.root).covered(
                hourly
            )
        assert caught.value.hint
        assert "damaged" in {item.rule for item in verify(lake.root, hourly).faults}
    path.write_bytes(good)
    assert verify(lake.root, hourly).faults == ()


def test_a_flipped_format_statement_is_refused_or_means_the_same(lake: Lake) -> None:
    path = layout.format_path(lake.root)
    good = path.read_bytes()
    for place in range(len(good)):
        for bit in range(8):
            bad = bytearray(good)
            bad[place] ^= 1 << bit
            path.write_bytes(bad)
            try:
                Lake(lake.root)
            except DataError:
                continue
            assert good[place : place + 1].isspace()


def test_truncated_zeroed_and_swapped_files_are_refused(
    lake: Lake, leaf: Path, hourly: Dataset, rows: Rows
) -> None:
    good = leaf.read_bytes()
    other = Dataset("ohlcv", "binance", "ETH/USDT", "1h")
    LakeWriter(lake.root).upsert(other, rows(range(9), price=7.0))
    swapped = layout.leaf_path(lake.root, other, "2024").read_bytes()
    for bad in (good[:-1], good[: len(good) // 2], b"", bytes(len(good)), good + b"\0", swapped):
        leaf.write_bytes(bad)
        with pytest.raises(CorruptFile):
            lake.bars("binance", ["BTC/USDT"], H1, gaps="drop")


def test_a_flip_that_keeps_size_and_time_of_content_is_still_seen(
    lake: Lake, leaf: Path, hourly: Dataset
) -> None:
    """The time of the inode cannot be set back."""
    before = leaf.stat()
    lake.table(hourly)
    data = bytearray(leaf.read_bytes())
    data[50] ^= 4
    with leaf.open("r+b") as file:
        file.write(data)
    os.utime(leaf, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(CorruptFile):
        lake.table(hourly)


def test_a_warm_read_hashes_nothing(
    lake: Lake, leaf: Path, hourly: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    for item in layout.leaves(lake.root, hourly):  # older than the racy moment
        os.utime(item.path, ns=(1, 1))
    hashed: list[Path] = []
    real = trust._read

    def counting(path: Path, *, keep: bool) -> object:
        hashed.append(path)
        return real(path, keep=keep)

    monkeypatch.setattr(trust, "_read", counting)
    monkeypatch.setattr(trust, "_RACY_NS", -(10**12))
    lake.table(hourly)
    assert len(hashed) == 2
    for read in _readers(lake, hourly):
        read()
    assert len(hashed) == 2
    shutil.rmtree(lake.root / ".xq" / "verified")
    lake.table(hourly)
    assert len(hashed) == 4, "without verdicts everything is proven anew"


def test_a_verdict_given_within_the_moment_of_a_change_does_not_count(
    lake: Lake, leaf: Path, hourly: Dataset
) -> None:
    lake.table(hourly)
    known = trust._load(str(trust.folder_of(lake.root, hourly) / "2024.json")).known
    assert known["2024"][1] == trust._NO_FILE
    assert known["2024"][0] == manifest.load(lake.root, hourly)["2024"].now.sha256


def test_damaged_verdicts_only_cost_time(lake: Lake, hourly: Dataset) -> None:
    folder = trust.folder_of(lake.root, hourly)
    for text in (b"", b"{", b"{}", b'{"2024": 5}', b"\xff" * 90):
        for path in folder.iterdir():
            path.write_bytes(text)
        assert lake.table(hourly).num_rows == 47


def test_a_lake_that_cannot_be_written_is_read(
    lake: Lake, hourly: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "read-only")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    assert lake.table(hourly).num_rows == 47


def test_files_of_an_older_xq_are_read_told_and_accepted(
    lake: Lake, leaf: Path, hourly: Dataset, rows: Rows
) -> None:
    manifest.forget(lake.root, hourly)
    assert lake.table(hourly).num_rows == 47
    faults = verify(lake.root, hourly).faults
    assert [item.rule for item in faults] == ["unlisted"] * 2
    assert {item.hint for item in faults} == {"xq data verify --accept"}
    assert accept(lake.root, hourly).faults == ()
    assert verify(lake.root, hourly).faults == ()
    leaf.write_bytes(leaf.read_bytes()[:-1] + b"?")
    with pytest.raises(CorruptFile):
        lake.table(hourly)


def test_a_lost_manifest_is_mended_by_the_command_its_error_names(
    lake: Lake, hourly: Dataset, rows: Rows
) -> None:
    path = manifest.path_of(lake.root, hourly, "2024")
    path.write_bytes(path.read_bytes()[:-9])
    for work in (
        lambda: lake.table(hourly),
        lambda: LakeWriter(lake.root).upsert(hourly, rows([40])),
    ):
        with pytest.raises(CorruptFile, match="manifest of checksums is damaged") as caught:
            work()
        assert str(caught.value.hint).startswith("xq data verify --accept")
    assert accept(lake.root, hourly).faults == ()
    assert lake.table(hourly).num_rows == 47
    assert LakeWriter(lake.root).upsert(hourly, rows([40])).added == 1


def test_accepting_never_takes_rows_that_cannot_be_true(
    lake: Lake, leaf: Path, hourly: Dataset, rows: Rows
) -> None:
    import pyarrow.parquet as pq

    bad = rows([0, 1]).set_column(2, rows([0]).schema.field("high"), pa.array([1.0, 101.5]))
    for table in (bad, rows([1, 0]), rows([-5, 3])):
        pq.write_table(table, leaf)
        [fault] = accept(lake.root, hourly).faults
        assert (fault.rule, fault.path) == ("changed", str(leaf))
        with pytest.raises(CorruptFile):
            lake.table(hourly)
    assert lake.table(hourly, None, START).num_rows == 20


def test_a_file_that_is_gone_is_told(lake: Lake, leaf: Path, hourly: Dataset, rows: Rows) -> None:
    leaf.unlink()
    [fault] = verify(lake.root, hourly).faults
    assert (fault.rule, fault.path) == ("missing", str(leaf))
    assert LakeWriter(lake.root).upsert(hourly, rows(range(3))).added == 3
    assert verify(lake.root, hourly).faults == ()


def test_the_version_before_put_back_is_told(
    lake: Lake, leaf: Path, hourly: Dataset, rows: Rows
) -> None:
    old = leaf.read_bytes()
    LakeWriter(lake.root).upsert(hourly, rows([5]))
    leaf.write_bytes(old)
    assert [item.rule for item in verify(lake.root, hourly).faults] == ["older"]


def test_facts_agree_with_the_files(lake: Lake, hourly: Dataset) -> None:
    sizes = {period: size for period, _, size in layout.files(lake.root, hourly)}
    known = inventory.facts(lake.root, hourly, sizes)
    assert set(known) == {"2023", "2024"}
    with_manifest = (lake.datasets(), lake.gaps(hourly), Coverage(lake.root).covered(hourly))
    manifest.forget(lake.root, hourly)
    assert inventory.facts(lake.root, hourly, sizes) == {}
    assert with_manifest == (
        lake.datasets(), lake.gaps(hourly), Coverage(lake.root).covered(hourly)
    )  # fmt: skip
    assert lake.gaps(hourly) == (Range(START + 5 * HOUR, START + 8 * HOUR),)


def test_facts_are_those_of_the_manifest_s_entries(lake: Lake, hourly: Dataset) -> None:
    files = layout.files(lake.root, hourly)
    entries = manifest.load(lake.root, hourly)
    for period, known in inventory.facts(lake.root, hourly, {p: s for p, _, s in files}).items():
        now = entries[period].now
        assert (known.rows, known.first_ms, known.last_ms) == (now.rows, now.first_ms, now.last_ms)
        pairs = [[part.start_ms, part.end_ms] for part in now.stretches or ()]
        assert known.stretches == pairs
    assert inventory.facts(lake.root, hourly, {p: s + 1 for p, _, s in files}) == {}


def test_a_damaged_manifest_speaks_for_no_file(lake: Lake, hourly: Dataset) -> None:
    path = manifest.path_of(lake.root, hourly, "2024")
    path.write_bytes(path.read_bytes().replace(b"[", b"{", 1))
    sizes = {period: size for period, _, size in layout.files(lake.root, hourly)}
    with pytest.raises(CorruptFile):
        manifest.sized(lake.root, hourly, sizes)
    assert inventory.facts(lake.root, hourly, sizes) == {}


def test_a_commit_refuses_to_build_on_a_changed_file(
    lake: Lake, leaf: Path, hourly: Dataset, rows: Rows
) -> None:
    """Or the next commit would give damaged rows a good checksum."""
    data = bytearray(leaf.read_bytes())
    data[60] ^= 1
    leaf.write_bytes(data)
    with pytest.raises(CorruptFile):
        LakeWriter(lake.root).upsert(hourly, rows([40]))
    assert leaf.read_bytes() == data


def test_a_reader_beside_a_commit_takes_either_file(
    lake: Lake, leaf: Path, hourly: Dataset, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is replaced between being read and its manifest being read."""
    real = trust._read
    calls = 0

    def overtaken(path: Path, *, keep: bool) -> object:
        nonlocal calls
        calls += 1
        answer = real(path, keep=keep)
        if calls <= 3:
            for hour in (calls + 40, calls + 50):
                with monkeypatch.context() as patch:
                    patch.setattr(trust, "_read", real)
                    LakeWriter(lake.root).upsert(hourly, rows([hour]))
        return answer

    monkeypatch.setattr(trust, "_read", overtaken)
    [last] = [item for item in layout.leaves(lake.root, hourly) if item.period == "2024"]
    with Trust(lake.root, hourly) as found:
        assert found.table(last).num_rows == 27 + 6
    assert calls > 1
