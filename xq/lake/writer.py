"""The only way rows enter the lake: checked, sorted, unique, and committed whole."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from xq.errors import CorruptFile, LockHeld
from xq.lake import arrays, coverage, layout, merge, parquet, rules
from xq.lake.disk import Disk, LocalDisk, failed, storage_errors
from xq.lake.format import check_format
from xq.lake.layout import Dataset
from xq.lake.lock import held
from xq.lake.ranges import Range, union

_WAIT_SECONDS = 5.0


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
        with self._locked(dataset):
            commit = self._commit(dataset, rows, _Repair(frozenset(without), rebuild))
            coverage.fill(self._disk, self._root, dataset, arrays.times(rows["ts"]))
            asked = _finished(dataset, asked, known_until_ms)
            coverage.record(self._disk, self._root, dataset, asked)
        return commit

    def _commit(self, dataset: Dataset, rows: pa.Table, repair: "_Repair") -> Commit:
        merges = list(self._merges(dataset, rows, repair))
        changed = [item for item in merges if item.added or item.revised or repair.without]
        self._publish(self._stage(dataset, changed))
        return Commit(
            dataset,
            added=sum(item.added for item in merges),
            revised=sum(item.revised for item in merges),
            unchanged=sum(item.unchanged for item in merges),
            files=tuple(item.path for item in changed),
        )

    def _stage(self, dataset: Dataset, changed: list[merge.Merged]) -> list[tuple[Path, Path]]:
        """Write every file before any is put in place: a full disk then changes nothing."""
        staging = layout.staging_path(self._root, dataset)
        staged = []
        with storage_errors(self._root / dataset.path):
            for number, item in enumerate(changed):
                temporary = staging / f"{number}.parquet"
                self._disk.stage(temporary, memoryview(parquet.encode(item.rows, dataset.spec)))
                staged.append((temporary, item.path))
        return staged

    def _publish(self, staged: list[tuple[Path, Path]]) -> None:
        for done, (temporary, path) in enumerate(staged):
            try:
                self._disk.publish(temporary, path)
            except OSError as error:
                state = f"; {done} of {len(staged)} files were committed, run it again"
                raise failed(error, path, state if done else "; nothing was changed") from error

    def _merges(
        self, dataset: Dataset, rows: pa.Table, repair: "_Repair"
    ) -> Iterator[merge.Merged]:
        own = arrays.times(rows["ts"])
        touched = np.sort(np.concatenate((own, np.array(sorted(repair.without), np.int64))))
        for period, start, stop in layout.split(dataset, touched):
            path = layout.leaf_path(self._root, dataset, period)
            first, last = np.searchsorted(own, [touched[start], touched[stop - 1] + 1])
            part = rows.slice(int(first), int(last - first))
            yield merge.merged(path, self._stored(path, dataset, part, repair), part, dataset.spec)

    def _stored(self, path: Path, dataset: Dataset, part: pa.Table, repair: "_Repair") -> pa.Table:
        if not path.exists():
            return part.slice(0, 0)
        try:
            stored = parquet.read(path, dataset.spec)
        except CorruptFile:
            if not repair.rebuild:
                raise
            return part.slice(0, 0)
        if repair.without:
            kept = ~np.isin(arrays.times(stored["ts"]), list(repair.without))
            stored = merge.unique(stored.take(arrays.rows_at(np.flatnonzero(kept))), dataset.spec)
        return stored

    @contextmanager
    def _locked(self, dataset: Dataset) -> Iterator[None]:
        lock = layout.lock_path(self._root, dataset)
        with held(lock, self._wait_seconds, str(dataset)):
            staging = layout.staging_path(self._root, dataset)
            self._disk.discard(staging)
            self._state_format(staging / "format.json")
            try:
                yield
            finally:
                self._disk.discard(staging)

    def _state_format(self, staged: Path) -> None:
        path = layout.format_path(self._root)
        if not path.exists():
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


@dataclass(frozen=True, slots=True)
class _Repair:
    """What a repair removes beside what it writes."""

    without: frozenset[int] = frozenset()
    rebuild: bool = False


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
