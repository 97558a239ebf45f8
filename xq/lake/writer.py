"""The only way rows enter the lake: checked, sorted, unique, and committed whole."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from xq.errors import CorruptFile, LockHeld
from xq.lake import arrays, coverage, layout, merge, remove, rules, store
from xq.lake.commit import Change, publish
from xq.lake.disk import UNCHANGED, Disk, LocalDisk, is_there, storage_errors
from xq.lake.format import check_format
from xq.lake.layout import Dataset, Leaf
from xq.lake.lock import held
from xq.lake.manifest import Facts
from xq.lake.ranges import Range, union
from xq.lake.review import Review
from xq.lake.trust import Trust

_WAIT_SECONDS = 5.0
_UNRECORDED = "; the rows were committed, run it again to record what they cover"


@dataclass(frozen=True, slots=True)
class Commit:
    """What an upsert changed.

    Attributes
    ----------
    added, revised, unchanged
        Rows that are new, that replaced other values, and that were there already.
    files
        Files written; empty if nothing changed.
    """

    dataset: Dataset
    added: int
    revised: int
    unchanged: int
    files: tuple[Path, ...]


class LakeWriter:
    """Brings rows into a lake.

    Parameters
    ----------
    root
        Folder of the lake; created at the first commit.
    wait_seconds
        How long to wait for another writer of the same dataset.
    disk
        Where commits go; only tests give one.

    Raises
    ------
    DataError
        If the lake was written by a newer xq.
    """

    def __init__(
        self, root: Path, *, wait_seconds: float = _WAIT_SECONDS, disk: Disk | None = None
    ) -> None:
        self._root = root
        self._wait_seconds = wait_seconds
        self._disk = disk or LocalDisk()
        check_format(root)
        with storage_errors(root, ""):
            self._sweep()

    def upsert(
        self,
        dataset: Dataset,
        table: pa.Table,
        *,
        covered: Range | Sequence[Range] = (),
        known_until_ms: int | None = None,
        without: Sequence[int] = (),
        rebuild: bool = False,
        review: Review | None = None,
    ) -> Commit:
        """Add rows; a row whose key is stored replaces the stored one.

        When this returns, the rows survive a power cut. When it raises, files are as before;
        only a kill between two renames can leave the older files of a multi-file upsert new.

        Parameters
        ----------
        table
            Columns of the kind in any order; optional ones may be absent. Rows in any order; of
            two with one key the later wins.
        covered
            What was asked of the venue, recorded once the rows are durable; bars missing in it
            are recorded as the venue's own holes. It may be without rows.
        known_until_ms
            The present; rows that are not over by then are refused.
        without
            Times whose stored rows are removed, for repairs: what is kept elsewhere as poison.
        rebuild
            Whether a stored file that cannot be read is replaced instead of refused.
        review
            Holds the new rows against the stored ones first; it may refuse.

        Raises
        ------
        PoisonRows
            If a row cannot be true or is unfinished; nothing is stored.
        DataError
            If a column is missing, unknown or of another type.
        LockHeld
            If another writer holds the dataset.
        CorruptFile
            If a stored file that has to be merged cannot be read.
        StorageFailed
            If the disk refuses.
        """
        fresh = merge.conform(table, dataset.spec, str(dataset))
        found = rules.validate_rows(
            fresh, dataset.spec, timeframe=dataset.bar, known_until_ms=known_until_ms
        )
        real = [poison for poison in found if poison.rule != "duplicate"]
        rules.refuse(real, where=str(dataset))
        rows = merge.unique(fresh, dataset.spec)
        asked = (covered,) if isinstance(covered, Range) else tuple(covered)
        asked = _finished(dataset, asked, known_until_ms)
        repair = _Repair(frozenset(without), rebuild, review)

        def work(root: Path) -> Commit:
            if review is not None:
                review.begin()
            with self._at_work(root, dataset):
                commit = self._commit(root, dataset, rows, repair)
                stays = commit.files and root == self._root  # not what was done on a copy
                ledger = layout.coverage_path(root, dataset)
                with storage_errors(ledger, _UNRECORDED if stays else UNCHANGED):
                    coverage.fill(self._disk, root, dataset, arrays.times(rows["ts"]))
                    coverage.record(self._disk, root, dataset, asked)
            return commit

        touched = _touched(arrays.times(rows["ts"]), asked, without)
        place = store.of(self._root)
        with storage_errors(self._root / dataset.path, ""):
            return place.transact(self._root, dataset, self._wait_seconds, touched, work)

    def _commit(self, root: Path, dataset: Dataset, rows: pa.Table, repair: "_Repair") -> Commit:
        with Trust(root, dataset) as trust:
            changes = list(_changes(root, dataset, rows, trust, repair))
            if repair.review is not None:
                repair.review.settle()
            merges = [item.merged for item in changes]
            wanted = [
                item
                for item in changes
                if item.merged.added or item.merged.revised or repair.without
            ]
            publish(self._disk, root, dataset, wanted, trust)
        return Commit(
            dataset,
            added=sum(item.added for item in merges),
            revised=sum(item.revised for item in merges),
            unchanged=sum(item.unchanged for item in merges),
            files=tuple(layout.leaf_path(self._root, dataset, item.leaf.period) for item in wanted),
        )

    @contextmanager
    def _at_work(self, root: Path, dataset: Dataset) -> Iterator[None]:
        staging = layout.staging_path(root, dataset)
        self._disk.discard(staging)
        remove.finish(root, dataset.slug)
        with storage_errors(staging):
            staging.mkdir(parents=True, exist_ok=True)  # need not survive a power cut
        self._state_format(root, staging / "format.json")
        try:
            yield
        finally:
            self._disk.discard(staging)

    def _state_format(self, root: Path, staged: Path) -> None:
        path = layout.format_path(root)
        if not is_there(path):
            with storage_errors(path):
                self._disk.stage(staged, json.dumps({"format": layout.FORMAT}).encode())
                self._disk.publish(staged, path)

    def _sweep(self) -> None:
        """Remove what killed writers left staged, unless someone is writing there now."""
        for folder in staged_folders(self._root):
            lock = self._root / layout.META / "locks" / f"{folder.name}.lock"
            try:
                with held(lock, 0.0, folder.name):
                    self._disk.discard(folder)
            except LockHeld:
                continue
        remove.finish_all(self._root)


@dataclass(frozen=True, slots=True)
class _Repair:
    """What a repair removes beside what it writes, and who looks at it before."""

    without: frozenset[int] = frozenset()
    rebuild: bool = False
    review: Review | None = None

    def keep(self, stored: pa.Table, dataset: Dataset) -> pa.Table:
        """The stored rows that stay."""
        if not self.without or not len(stored):
            return stored
        kept = ~np.isin(arrays.times(stored["ts"]), list(self.without))
        return merge.unique(stored.take(arrays.rows_at(np.flatnonzero(kept))), dataset.spec)


def _changes(
    root: Path, dataset: Dataset, rows: pa.Table, trust: Trust, repair: _Repair
) -> Iterator[Change]:
    own = arrays.times(rows["ts"])
    touched = own
    if repair.without:
        touched = np.sort(np.concatenate((own, np.array(sorted(repair.without), np.int64))))
    for period, start, stop in layout.split(dataset, touched):
        leaf = Leaf(layout.leaf_path(root, dataset, period), period)
        first, last = np.searchsorted(own, [touched[start], touched[stop - 1] + 1])
        part = rows.slice(int(first), int(last - first))
        stored, before = part.slice(0, 0), None
        if is_there(leaf.path):
            stored, before = _stored(leaf, part, trust, repair)
            if repair.review is not None:
                part = repair.review.admit(stored, part)
        kept = repair.keep(stored, dataset)
        yield Change(leaf, merge.merged(leaf.path, kept, part, dataset.spec), before)


def _touched(ts: np.ndarray, asked: Sequence[Range], without: Sequence[int]) -> Range:
    """The time whose files an upsert looks at."""
    starts = [*ts[:1].tolist(), *(item.start_ms for item in asked), *without]
    ends = [*ts[-1:].tolist(), *(item.end_ms - 1 for item in asked), *without]
    return Range(min(starts), max(ends) + 1) if starts else store.NOTHING


def _stored(
    leaf: Leaf, part: pa.Table, trust: Trust, repair: _Repair
) -> tuple[pa.Table, Facts | None]:
    try:
        return trust.whole(leaf)
    except CorruptFile:
        if not repair.rebuild:
            raise
        return part.slice(0, 0), None


def staged_folders(root: Path) -> tuple[Path, ...]:
    """Folders with files that were staged and not committed."""
    folder = root / layout.META / "staging"
    return tuple(sorted(folder.iterdir())) if folder.is_dir() else ()


def _finished(
    dataset: Dataset, asked: Sequence[Range], known_until_ms: int | None
) -> tuple[Range, ...]:
    """What was asked and is over: a bar that may still come is no hole of the venue."""
    if known_until_ms is None:
        return union(asked)
    limit = dataset.bar.floor(known_until_ms) if dataset.bar else known_until_ms
    return union(Range(item.start_ms, min(item.end_ms, limit)) for item in asked)
