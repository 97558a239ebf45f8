"""The ledger of what was asked: a range without bars is either unknown or a fact."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xq.errors import CorruptFile
from xq.lake import arrays, inventory, layout, sealed, store
from xq.lake.disk import Disk, LocalDisk, failed, storage_errors
from xq.lake.layout import Dataset
from xq.lake.ranges import Range, intersect, present, subtract, union
from xq.lake.trust import Trust

_WAIT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Ledger:
    """What is known about a dataset beyond its rows.

    Attributes
    ----------
    covered
        Ranges that were fetched to their end.
    empty
        Ranges inside them for which the venue has no bars.
    """

    covered: tuple[Range, ...] = ()
    empty: tuple[Range, ...] = ()

    def record(self, fetched: Range, without: tuple[Range, ...] = ()) -> "Ledger":
        """The ledger after a fetch; the newer fetch decides what is empty inside its range."""
        kept = subtract(self.empty, [fetched])
        return Ledger(union([*self.covered, fetched]), union([*kept, *without]))


class Coverage:
    """Which ranges of a dataset need not be asked for again.

    Parameters
    ----------
    root
        Folder of the lake.
    """

    def __init__(self, root: Path, *, disk: Disk | None = None) -> None:
        self._root = root
        self._disk = disk or LocalDisk()

    def covered(self, dataset: Dataset, within: Range | None = None) -> tuple[Range, ...]:
        """Ranges that were fetched and whose rows are still there.

        For kinds with bars the files are looked at: what the ledger claims but the files have
        lost counts as never asked, so that the next collect brings it back.

        Parameters
        ----------
        within
            All that matters to the caller; ranges elsewhere may be left out.

        Raises
        ------
        CorruptFile
            If the ledger or a file of the dataset cannot be read.
        """
        ledger = load(self._root, dataset)
        if dataset.bar is None or not ledger.covered:
            return ledger.covered
        stored = inventory.stretches(self._root, dataset, dataset.bar, within)
        return intersect(ledger.covered, [*stored, *ledger.empty])

    def known_until(self, dataset: Dataset) -> int:
        """The end of all that was ever fetched, epoch ms; 0 if nothing was."""
        return max((item.end_ms for item in load(self._root, dataset).covered), default=0)

    def venue_has_none(self, dataset: Dataset) -> tuple[Range, ...]:
        """Ranges the venue was asked for and has no bars in."""
        return load(self._root, dataset).empty

    def add(self, dataset: Dataset, *fetched: Range) -> None:
        """Record completed fetches; bars missing from the files are the venue's own holes.

        Raises
        ------
        LockHeld
            If another run writes the dataset.
        StorageFailed
            If the ledger cannot be written.
        """
        asked = union(fetched)
        if not asked:
            return
        within = Range(asked[0].start_ms, asked[-1].end_ms)

        def work(root: Path) -> None:
            with storage_errors(layout.coverage_path(root, dataset)):
                record(self._disk, root, dataset, fetched)

        store.of(self._root).transact(self._root, dataset, _WAIT_SECONDS, within, work)


def record(disk: Disk, root: Path, dataset: Dataset, fetched: Sequence[Range]) -> None:
    """`Coverage.add` for a caller that already holds the dataset's lock; may raise `OSError`."""
    asked = union(fetched)
    if not asked:
        return
    before = load(root, dataset)
    after = before
    bar = dataset.bar
    stored: tuple[Range, ...] = ()
    if bar is not None:
        whole = Range(asked[0].start_ms, asked[-1].end_ms)
        stored = inventory.stretches(root, dataset, bar, whole)
    for item in asked:
        without: tuple[Range, ...] = ()
        if bar is not None:
            without = subtract([Range(bar.ceil(item.start_ms), bar.ceil(item.end_ms))], stored)
        after = after.record(item, without)
    if after != before:
        _save(disk, root, dataset, after)


def fill(disk: Disk, root: Path, dataset: Dataset, ts: np.ndarray) -> None:
    """Strike from the venue's holes what has rows now; for a caller that holds the lock.

    May raise `OSError`.
    """
    before = load(root, dataset)
    if dataset.bar is None or not before.empty:
        return
    after = Ledger(before.covered, subtract(before.empty, present(ts, dataset.bar)))
    if after != before:
        _save(disk, root, dataset, after)


def stored_times(root: Path, dataset: Dataset, within: Range | None = None) -> np.ndarray:
    """(T,) int64: the ``ts`` of every stored row, oldest first, epoch ms."""
    parts = []
    with Trust(root, dataset) as trust:
        for leaf in layout.leaves(root, dataset, within):
            parts.append(arrays.times(trust.table(leaf, ["ts"])["ts"]))
    ts = np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
    return ts if within is None else _inside(ts, within)


def _inside(ts: np.ndarray, within: Range) -> np.ndarray:
    return ts[np.searchsorted(ts, within.start_ms) : np.searchsorted(ts, within.end_ms)]


def load(root: Path, dataset: Dataset) -> Ledger:
    """The ledger of a dataset; empty if none was written.

    Raises
    ------
    CorruptFile
        If the file is not a ledger.
    """
    store.of(root).bring(dataset, store.NOTHING)
    path = layout.coverage_path(root, dataset)
    try:
        tree = sealed.parse(path.read_bytes())
        return Ledger(
            *(tuple(Range(int(a), int(b)) for a, b in tree[name]) for name in ("covered", "empty"))
        )
    except FileNotFoundError:
        return Ledger()
    except OSError as error:
        raise failed(error, path) from error
    except (ValueError, TypeError, KeyError) as error:
        raise CorruptFile(
            f"not a coverage ledger: {error}",
            where=str(path),
            hint=f"rm {path}   # the next xq collect writes it anew",
        ) from error


def _save(disk: Disk, root: Path, dataset: Dataset, ledger: Ledger) -> None:
    path = layout.coverage_path(root, dataset)
    tree = {
        "format": layout.FORMAT,
        "covered": [[item.start_ms, item.end_ms] for item in ledger.covered],
        "empty": [[item.start_ms, item.end_ms] for item in ledger.empty],
    }
    staged = layout.staging_path(root, dataset) / "coverage.json"
    disk.stage(staged, sealed.dump(tree))
    disk.publish(staged, path)
