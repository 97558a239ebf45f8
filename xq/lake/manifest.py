"""The manifest: the checksum of every file, durable before the file itself is put in place.

An entry names the file that is about to be there and the one it replaces. Whenever a writer is
killed, the file in place is one of the two, so that good data always has its checksum on record
and no second file has to change at the same instant.
"""

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xq.errors import CorruptFile
from xq.lake import folders, layout, sealed
from xq.lake.disk import Disk, failed, storage_errors
from xq.lake.layout import Dataset
from xq.lake.ranges import Range, present

_YEAR = 4  # letters of a period that name its manifest: one per year, so that none grows old
_MOST_STRETCHES = 64
_FOLDER = "manifest"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a file without reading it.

    Attributes
    ----------
    sha256
        Of all its bytes, hexadecimal.
    stretches
        Times its bars fill without a hole; None for rows that are no bars, and beyond 64.
    """

    sha256: str
    size: int
    rows: int
    first_ms: int
    last_ms: int
    stretches: tuple[Range, ...] | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """The file of one period: the one committed last, and the one it replaced, if any."""

    now: Facts
    before: Facts | None = None

    def of(self, digest: str) -> Facts | None:
        """The facts of the file with these bytes; None if it is neither."""
        if digest == self.now.sha256:
            return self.now
        if self.before is not None and digest == self.before.sha256:
            return self.before
        return None

    def sized(self, size: int) -> Facts | None:
        """The facts of the file of this size; None if it is neither or could be either."""
        fitting = [item for item in (self.now, self.before) if item and item.size == size]
        return fitting[0] if len(fitting) == 1 else None


def facts(digest: str, size: int, dataset: Dataset, ts: np.ndarray) -> Facts:
    """The facts of a file whose rows have the sorted times ``ts``, epoch ms."""
    stretches = None
    if dataset.bar is not None and dataset.spec.key == ("ts",):
        found = present(ts, dataset.bar)
        stretches = found if len(found) <= _MOST_STRETCHES else None
    return Facts(digest, size, len(ts), int(ts[0]), int(ts[-1]), stretches)


def path_of(root: Path, dataset: Dataset, period: str) -> Path:
    """The manifest that lists a period's file."""
    return folder_of(root, dataset) / name_of(period)


def name_of(period: str) -> str:
    """The name of the manifest that lists a period's file."""
    return f"{period[:_YEAR]}.json"


def folder_of(root: Path, dataset: Dataset) -> Path:
    """The manifests of a dataset."""
    return all_folders(root) / dataset.path


def all_folders(root: Path) -> Path:
    """The folder above the manifests, laid out like the lake itself."""
    return root / layout.META / _FOLDER


def load(root: Path, dataset: Dataset, periods: Iterable[str] | None = None) -> dict[str, Entry]:
    """Entries by period: of every file ever committed, or of the manifests of some periods.

    Raises
    ------
    CorruptFile
        If a manifest was changed by someone else; the hint mends it.
    """
    folder = folder_of(root, dataset)
    if periods is None:
        paths = _kept(folder)
    else:
        paths = [folder / name for name in sorted({name_of(period) for period in periods})]
    entries: dict[str, Entry] = {}
    for path in paths:
        entries |= _load(path)
    return entries


def sized(root: Path, dataset: Dataset, sizes: Mapping[str, int]) -> dict[str, list[Any]]:
    """What `Entry.sized` tells of files of these sizes, as a list of the values of `Facts`.

    Stretches are pairs in it: the histories of many symbols cost no object for each of them.

    Raises
    ------
    CorruptFile
        If a manifest was changed by someone else.
    """
    folder = f"{root}/{layout.META}/{_FOLDER}/{dataset.path}"
    found: dict[str, list[Any]] = {}
    for name in sorted({name_of(period) for period in sizes}):
        path = f"{folder}/{name}"
        with _damage_named(path):
            for period, versions in _files(path).items():
                size = sizes.get(period)
                fitting = [row for row in versions if row is not None and row[1] == size]
                if len(fitting) == 1:
                    found[period] = fitting[0]
                    _, _, _, _, _, _ = fitting[0]  # or it is none of ours
    return found


def _load(path: Path | str) -> dict[str, Entry]:
    with _damage_named(path):
        return {period: _entry(item) for period, item in _files(path).items()}


def _files(path: Path | str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 (thousands of them in one listing)
            data = file.read()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise failed(error, Path(path)) from error
    files: dict[str, Any] = sealed.parse(data)["files"]
    return files


@contextmanager
def _damage_named(path: Path | str) -> Iterator[None]:
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise CorruptFile(
            f"the manifest of checksums is damaged: {error}",
            where=str(path),
            hint="xq data verify --accept   # reads every row and writes it anew",
        ) from error


def publish(
    disk: Disk, root: Path, dataset: Dataset, changed: Mapping[str, Entry], among: Path
) -> None:
    """Make entries durable, before any file they announce is put in place.

    Parameters
    ----------
    among
        Folder for staged files.
    """
    shards = _sharded(root, dataset, changed)
    _write(disk, {path: _load(path) | new for path, new in shards.items()}, among)


def replace(
    disk: Disk, root: Path, dataset: Dataset, entries: Mapping[str, Entry], among: Path
) -> None:
    """Write the manifests of a dataset anew from these entries and no others."""
    shards = _sharded(root, dataset, entries)
    _write(disk, shards, among)
    folder = folder_of(root, dataset)
    for path in _kept(folder):
        if path not in shards:
            with storage_errors(path):
                path.unlink()


def _kept(folder: Path) -> list[Path]:
    return [folder / name for name in folders.names(str(folder)) if name.endswith(".json")]


def forget(root: Path, dataset: Dataset) -> None:
    """Drop a dataset's manifests: its files are read as they are until the next commit."""
    folder = folder_of(root, dataset)
    with storage_errors(folder), suppress(FileNotFoundError):
        shutil.rmtree(folder)


def _sharded(
    root: Path, dataset: Dataset, entries: Mapping[str, Entry]
) -> dict[Path, dict[str, Entry]]:
    shards: dict[Path, dict[str, Entry]] = {}
    for period, entry in entries.items():
        shards.setdefault(path_of(root, dataset, period), {})[period] = entry
    return shards


def _write(disk: Disk, shards: Mapping[Path, Mapping[str, Entry]], among: Path) -> None:
    staged: list[tuple[Path, Path]] = []
    for path, entries in shards.items():
        temporary = among / f"manifest-{path.name}"
        with storage_errors(path):
            disk.stage(temporary, dump(entries))
        staged.append((temporary, path))
    for temporary, path in staged:
        with storage_errors(path):
            disk.publish(temporary, path)


def dump(entries: Mapping[str, Entry]) -> bytes:
    """The bytes of a manifest."""
    files = {period: _tree(entry) for period, entry in entries.items()}
    return sealed.dump({"format": layout.FORMAT, "files": files})


def _tree(entry: Entry) -> list[Any]:
    return [row_of(entry.now), None if entry.before is None else row_of(entry.before)]


def row_of(item: Facts) -> list[Any]:
    """Facts as plain values."""
    stretches = None
    if item.stretches is not None:
        stretches = [[part.start_ms, part.end_ms] for part in item.stretches]
    return [item.sha256, item.size, item.rows, item.first_ms, item.last_ms, stretches]


def _entry(tree: Sequence[Any]) -> Entry:
    now, before = tree
    return Entry(facts_of(now), None if before is None else facts_of(before))


def facts_of(row: Sequence[Any]) -> Facts:
    """Facts from plain values."""
    digest, size, rows, first_ms, last_ms, stretches = row
    parts = None if stretches is None else tuple(Range(a, b) for a, b in stretches)
    return Facts(digest, size, rows, first_ms, last_ms, parts)
