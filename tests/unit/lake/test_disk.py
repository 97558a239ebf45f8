"""What a commit asks of the disk: every new name durable, and no wait more than that takes."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from xq.lake.disk import failed, make_folders
from xq.lake.layout import Dataset
from xq.lake.ranges import Range
from xq.lake.writer import LakeWriter

Rows = Callable[..., pa.Table]
START, HOUR = 1_704_067_200_000, 3_600_000


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """What is synced, in order."""
    found: list[Path] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        found.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    return found


def test_every_parent_of_a_new_folder_is_synced_once(tmp_path: Path, synced: list[Path]) -> None:
    make_folders([tmp_path / "a" / "b" / "c", tmp_path / "a" / "b" / "d", tmp_path / "a"])
    assert sorted(synced) == [tmp_path, tmp_path / "a", tmp_path / "a" / "b"]
    synced.clear()
    make_folders([tmp_path / "a" / "b" / "d"])
    assert synced == []


def test_an_append_waits_for_data_checksums_and_ledger_alone(
    tmp_path: Path, rows: Rows, hourly: Dataset, synced: list[Path]
) -> None:
    writer = LakeWriter(tmp_path)
    writer.upsert(hourly, rows([0]), covered=Range(START, START + HOUR))
    synced.clear()
    writer.upsert(hourly, rows([1]), covered=Range(START + HOUR, START + 2 * HOUR))
    names = [path.relative_to(tmp_path).as_posix() for path in synced]
    assert len(names) == 6
    assert [name for name in names if "staging" not in name] == [
        f".xq/manifest/{hourly.path}", f"{hourly.path}/period=2024",
        f".xq/coverage/{hourly.path.parent}",
    ]  # fmt: skip


def test_every_folder_on_the_way_to_a_first_row_is_durable(
    tmp_path: Path, rows: Rows, hourly: Dataset, synced: list[Path]
) -> None:
    root = tmp_path / "new" / "lake"
    LakeWriter(root).upsert(hourly, rows([0]), covered=Range(START, START + HOUR))
    paths = [path for path in root.rglob("*.*") if path.is_file() and "verified" not in path.parts]
    lasting = [path for path in paths if path.suffix != ".lock"]
    assert len(lasting) == 4  # format, manifest, rows, ledger
    for path in lasting:
        within = [folder for folder in path.parents if tmp_path in (folder, *folder.parents)]
        assert set(within) <= set(synced)


def test_a_name_without_its_folder_is_no_place(tmp_path):
    said = failed(OSError(errno.EIO, "x", "2023.json"), tmp_path / "data")
    assert said.where == str(tmp_path / "data")
    said = failed(OSError(errno.EIO, "x", "/lake/2023.json"), tmp_path / "data")
    assert said.where == "/lake/2023.json"
