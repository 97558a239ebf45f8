"""The local folder in front of an object store: laid out like a lake, holding committed data only.

It is brought up to date one dataset at a time, by the order of a local commit: checksums first,
then files, so that readers beside it always see whole files whose checksums are on record. What
it holds can be deleted at any time; the next reader fetches it again.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import file_digest, sha256
from pathlib import Path
from typing import TypeVar

from xq.errors import CorruptFile
from xq.lake import arrays, facts, folders, layout, manifest, parquet, remove
from xq.lake.disk import storage_errors
from xq.lake.layout import META, Dataset, Leaf
from xq.lake.manifest import Entry, Facts
from xq.lake.objects import head as heads
from xq.lake.objects import names
from xq.lake.objects.bucket import Version
from xq.lake.objects.head import Filed, Head, Known

AT_ONCE = 16
_POOL_FROM = 3
_COVERAGE, _FACTS = "coverage.json", "facts.json"

Given = TypeVar("Given")
Made = TypeVar("Made")


def record_paths(root: Path, dataset: Dataset) -> dict[str, Path]:
    """Small files of a dataset that are kept as they are, by the name of their record."""
    return {
        _COVERAGE: layout.coverage_path(root, dataset),
        _FACTS: facts.path_of(root, dataset),
    }


def known(root: Path, dataset: Dataset) -> Known | None:
    """The state of a dataset in the cache; None if there is none that can be relied on."""
    try:
        tree = json.loads(_state_path(root, dataset).read_bytes())
        files = {
            period: Filed(manifest.facts_of(row), stamp)
            for period, (row, stamp) in tree["files"].items()
        }
        return Known(Version(*tree["version"]), heads.parse(tree["head"].encode()), files)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def known_datasets(root: Path, kind: str | None = None) -> list[Dataset]:
    """Datasets the cache has a state of."""
    folder = root / heads.HEADS
    found = (
        names.dataset_of(path.parent.relative_to(folder).parts)
        for path in map(Path, sorted(folders.below(str(folder / kind if kind else folder))))
        if path.name == "head.json"
    )
    return [item for item in found if item is not None]


def absent(root: Path, dataset: Dataset, files: Mapping[str, Filed]) -> list[str]:
    """Periods whose file is not at hand, or not of its committed size."""
    folder, found = f"{root / dataset.path}/{layout.PERIOD}=", []
    for period, item in files.items():
        try:
            there = os.stat(f"{folder}{period}/{layout.PART}").st_size  # noqa: PTH116 (speed)
        except OSError:
            there = -1
        if there != item.facts.size:
            found.append(period)
    return found


def put_in_place(root: Path, dataset: Dataset, files: Mapping[str, bytes]) -> None:
    """Put files of the state on record where readers find them."""
    staging = _staging(root, dataset)
    with storage_errors(staging):
        for period, data in files.items():
            _write(layout.leaf_path(root, dataset, period), data, staging)
        shutil.rmtree(staging, ignore_errors=True)


def stale(
    root: Path, dataset: Dataset, before: Known | None, files: Mapping[str, Filed]
) -> list[str]:
    """Periods of which another version than the one in ``files`` is at hand."""
    found = []
    for leaf in layout.at_hand(root, dataset):
        item = files.get(leaf.period)
        if item is not None and _digest(leaf, before) != item.facts.sha256:
            found.append(leaf.period)
    return found


def install(
    root: Path,
    dataset: Dataset,
    after: Known,
    records: Mapping[str, bytes],
    fresh: Mapping[str, bytes],
) -> None:
    """Move the cache to another state of a dataset.

    Parameters
    ----------
    records
        Small files by record name that are to be there, `_COVERAGE` and `_FACTS` alone.
    fresh
        Files by period; every one that is stale must be among them.
    """
    before, staging = known(root, dataset), _staging(root, dataset)
    with storage_errors(staging):
        state = _state_path(root, dataset)
        state.unlink(missing_ok=True)  # a kill from here on makes the next one look at every file
        there = {leaf.period: leaf for leaf in layout.at_hand(root, dataset)}
        entries: dict[str, Entry] = {}
        for period, item in after.files.items():
            old = None
            if period in fresh and period in there:
                old = _facts(dataset, there[period], before)
            entries[period] = Entry(item.facts, None if old == item.facts else old)
        _write_manifests(root, dataset, entries, staging)
        for period, data in fresh.items():
            _write(layout.leaf_path(root, dataset, period), data, staging)
        for period in there.keys() - after.files.keys():
            shutil.rmtree(there[period].path.parent, ignore_errors=True)
        if after.files:
            (root / dataset.path).mkdir(parents=True, exist_ok=True)
        elif (root / dataset.path).is_dir():
            remove.take_away(root, dataset)
        for name, path in record_paths(root, dataset).items():
            if name in records:
                _write(path, records[name], staging)
            else:
                path.unlink(missing_ok=True)
        _write(state, _state(after), staging)
        shutil.rmtree(staging, ignore_errors=True)


def keep(path: Path, data: bytes) -> None:
    """A file of no dataset."""
    with storage_errors(path):
        _write(path, data, path.parent / "fetch" / path.name)


def drop(root: Path, dataset: Dataset) -> None:
    """Take a dataset out of the cache."""
    nothing = Known(Version(None), Head("", {}), {})
    install(root, dataset, nothing, {}, {})
    _state_path(root, dataset).unlink(missing_ok=True)


def mend(root: Path, dataset: Dataset) -> None:
    """Drop copies of files that are not the committed ones; the next reader fetches them again."""
    state = known(root, dataset)
    with storage_errors(root / dataset.path):
        for leaf in layout.at_hand(root, dataset):
            item = state.files.get(leaf.period) if state else None
            if item is None or digest_of(leaf.path) != item.facts.sha256:
                leaf.path.unlink(missing_ok=True)


def copy(root: Path, dataset: Dataset, periods: Iterable[str], into: Path) -> None:
    """The dataset's small files, and some of its files, in another root."""
    with storage_errors(into):
        for path in map(Path, folders.below(str(manifest.folder_of(root, dataset)))):
            _copy(path, manifest.folder_of(into, dataset) / path.name)
        for name, path in record_paths(root, dataset).items():
            if path.is_file():
                _copy(path, record_paths(into, dataset)[name])
        for period in periods:
            _copy(layout.leaf_path(root, dataset, period), layout.leaf_path(into, dataset, period))


def sync_lock(root: Path, dataset: Dataset) -> Path:
    """Held by whoever changes what the cache holds of a dataset."""
    return root / META / "locks" / f"{dataset.slug}.fetch.lock"


def digest_of(path: Path) -> str:
    """SHA-256 of a file; empty if there is none."""
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def each(work: Callable[[Given], Made], items: list[Given]) -> list[Made]:
    """Do something for many, some at once: each waits for the network alone."""
    if len(items) < _POOL_FROM:
        return [work(item) for item in items]
    with ThreadPoolExecutor(min(AT_ONCE, len(items))) as pool:
        return list(pool.map(work, items))


def _digest(leaf: Leaf, before: Known | None) -> str:
    """SHA-256 of a file at hand: from the state if there is one, else from its bytes."""
    if before is not None and leaf.period in before.files:
        return before.files[leaf.period].facts.sha256
    return digest_of(leaf.path)


def _facts(dataset: Dataset, leaf: Leaf, before: Known | None) -> Facts | None:
    """What the file at hand holds; None if it is no file of the lake, which nobody may read."""
    if before is not None and leaf.period in before.files:
        return before.files[leaf.period].facts
    try:
        data = leaf.path.read_bytes()
        ts = arrays.times(parquet.read(leaf.path, dataset.spec, ["ts"])["ts"])
        return manifest.facts(sha256(data).hexdigest(), len(data), dataset, ts)
    except (OSError, CorruptFile, LookupError):
        return None


def _write_manifests(
    root: Path, dataset: Dataset, entries: Mapping[str, Entry], staging: Path
) -> None:
    folder, names = manifest.folder_of(root, dataset), set()
    years: dict[str, dict[str, Entry]] = {}
    for period, entry in entries.items():
        years.setdefault(manifest.name_of(period), {})[period] = entry
    for name, part in years.items():
        _write(folder / name, manifest.dump(part), staging)
        names.add(name)
    for path in folder.glob("*.json"):
        if path.name not in names:
            path.unlink(missing_ok=True)


def _state(item: Known) -> bytes:
    files = {
        period: [manifest.row_of(file.facts), file.stamp] for period, file in item.files.items()
    }
    version = [item.version.e_tag, item.version.version]
    return json.dumps(
        {"version": version, "head": item.head.dump().decode(), "files": files}
    ).encode()


def _state_path(root: Path, dataset: Dataset) -> Path:
    return root / heads.head_key(dataset)


def _staging(root: Path, dataset: Dataset) -> Path:
    return root / META / "fetch" / dataset.slug


def _write(path: Path, data: bytes, staging: Path) -> None:
    """Whole or not at all; not synced, since a cache that is lost can be fetched again."""
    staging.mkdir(parents=True, exist_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = staging / "part"
    staged.write_bytes(data)
    staged.replace(path)


def _copy(path: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, to)
