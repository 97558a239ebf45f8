"""A lake in an object store, seen through its cache."""

import json
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from xq.clock import SystemClock
from xq.errors import StorageFailed
from xq.lake import layout
from xq.lake.disk import UNCHANGED
from xq.lake.layout import Dataset
from xq.lake.lock import held
from xq.lake.manifest import Facts
from xq.lake.objects import cache, commit
from xq.lake.objects import head as heads
from xq.lake.objects.bucket import Bucket, Gone, Version
from xq.lake.objects.head import Known
from xq.lake.objects.sweep import probe_key, sweep
from xq.lake.objects.sync import Sync, wanted
from xq.lake.ranges import Range
from xq.lake.store import NOTHING, Proof
from xq.ports import Clock

if TYPE_CHECKING:
    from xq.lake.verify import Lost

Result = TypeVar("Result")


class RemoteStore(Sync):
    """A lake whose datasets lie in a bucket.

    Parameters
    ----------
    root
        Folder of the cache.
    """

    def __init__(self, root: Path, bucket: Bucket, clock: Clock | None = None) -> None:
        super().__init__(root, bucket)
        self.clock = clock or SystemClock()
        self._established = False

    def opened(self) -> None:
        """Have the format version at hand; asks once."""
        if self._established:
            return
        try:
            found = self.bucket.get(heads.FORMAT_KEY)
        except Gone:
            for _ in self.bucket.list(heads.HEADS):  # tells a missing bucket from a new lake
                break
            return
        if found is not None:
            cache.keep(layout.format_path(self.root), found[0])
            self._established = True

    def establish(self) -> None:
        """Found the lake, once it is sure that the store keeps two writers apart.

        Raises
        ------
        StorageFailed
            If it does not.
        """
        self.opened()
        if self._established:
            return
        key = probe_key(self.clock)
        first = self.bucket.swap(key, b"1", None)
        again = self.bucket.swap(key, b"2", None)
        second = self.bucket.swap(key, b"3", first)
        late = self.bucket.swap(key, b"4", first)
        self.bucket.delete([key])
        if first is None or again is not None or second is None or late is not None:
            raise StorageFailed(
                "the store does not honour conditional puts (If-None-Match, If-Match), so two "
                f"writers would overwrite each other{UNCHANGED}",
                where=str(self.bucket.address),
                hint="see docs/lake/object-stores.md for stores that do",
            )
        self.bucket.swap(heads.FORMAT_KEY, json.dumps({"format": layout.FORMAT}).encode(), None)
        self.opened()

    def heads(self, kind: str | None = None) -> dict[Dataset, Version]:
        """Every head there is now."""
        prefix = heads.HEADS if kind is None else f"{heads.HEADS}/{kind}"
        return {
            dataset: item.version
            for item in self.bucket.list(prefix)
            if (dataset := heads.dataset_of(item.key)) is not None
        }

    def catalogue(self, kind: str | None = None) -> None:
        """Bring the records of every dataset up to date: one listing, and what changed."""
        if self.listed(kind):
            return
        there = self.heads(kind)
        for dataset, known in cache.each(
            lambda item: (item, self.look(item, there[item])), sorted(there, key=lambda i: i.path)
        ):
            self.remember(dataset, known)
        for dataset in cache.known_datasets(self.root, kind):
            if dataset not in there:
                self.refresh(dataset)

    def bring(self, dataset: Dataset, within: Range | None = None) -> None:
        """Have a dataset at hand, with the files that may hold a time, or all.

        Raises
        ------
        CorruptFile
            If the dataset's head is damaged.
        StorageFailed
            If the store does not answer.
        """
        known = self.confirmed(dataset)
        if known is None or within == NOTHING:
            return
        if cache.absent(self.root, dataset, wanted(known, within)):
            with self.fetching(dataset):
                self.fetch(dataset, within)

    def bring_kinds(self, kinds: Iterable[str]) -> None:
        """Have every file of some kinds at hand."""
        named = sorted(set(kinds))
        with self.snapshot():
            for kind in named:
                self.catalogue(kind)
            found = [item for kind in named for item in cache.known_datasets(self.root, kind)]
            self._fetch_all(found, None)

    def bring_all(self, datasets: Sequence[Dataset], within: Range | None = None) -> None:
        """Have some datasets at hand: many at once, and one listing where that asks less."""
        with self.snapshot():
            if len(datasets) > cache.AT_ONCE:
                for kind in sorted({item.kind for item in datasets}):
                    self.catalogue(kind)
            else:
                unseen = [item for item in datasets if not self.seen(item)]
                for dataset, known in cache.each(lambda i: (i, self.refresh(i)), unseen):
                    self.remember(dataset, known)
            self._fetch_all(datasets, within)

    def _fetch_all(self, datasets: Sequence[Dataset], within: Range | None) -> None:
        def fetch(dataset: Dataset) -> None:
            with self.fetching(dataset):
                self.fetch(dataset, within)

        lacking = []
        for dataset in datasets:
            known = self.confirmed(dataset)
            if known is not None and cache.absent(self.root, dataset, wanted(known, within)):
                lacking.append(dataset)
        cache.each(fetch, lacking)

    def facts(self, dataset: Dataset) -> dict[str, Facts]:
        """Every committed file by period."""
        known = self.confirmed(dataset)
        return {} if known is None else {name: item.facts for name, item in known.files.items()}

    def proof(self, dataset: Dataset) -> list[Proof]:
        """Every file of a dataset, hashed now in the store; bad copies in the cache are dropped."""
        known = self.confirmed(dataset)
        if known is None:
            return []
        with self.fetching(dataset):
            cache.mend(self.root, dataset)

        found = cache.each(lambda name: self._proof(dataset, name, known), sorted(known.files))
        return [item for item in found if item is not None]

    def _proof(self, dataset: Dataset, period: str, known: Known) -> Proof | None:
        """What one file is now; None if a commit took it away meanwhile."""
        while (item := known.files.get(period)) is not None:
            url = self.bucket.url(heads.leaf_key(dataset, period, item))
            try:
                digest = sha256(self.file(dataset, period, item)).hexdigest()
                return Proof(url, item.facts, digest)
            except Gone:
                newer = self.refresh(dataset)
            if newer is None:
                return None
            if newer.files.get(period) == item:
                return Proof(url, item.facts, None)
            known = newer
        return None

    def records(self) -> tuple[int, int]:
        """Number and bytes of everything that is no file of a dataset."""
        sizes = [item.size for item in self.bucket.list(layout.META)]
        return len(sizes), sum(sizes)

    def transact(
        self,
        root: Path,
        dataset: Dataset,
        wait_seconds: float,
        within: Range | None,
        work: Callable[[Path], Result],
    ) -> Result:
        """Do ``work`` on a copy, and make its changes the dataset by one conditional put."""
        with held(layout.lock_path(root, dataset), wait_seconds, str(dataset)):
            return commit.transact(self, dataset, within, work)

    def lost(self, kind: str | None = None) -> "list[Lost]":
        """Datasets whose head is damaged or gone."""
        from xq.lake.objects import rescue

        return rescue.lost(self, kind)

    def sweep(self) -> int:
        """Remove what killed writers left behind and nobody can want; tells how many objects."""
        return sweep(self)

    def set_aside(self, root: Path, path: Path) -> None:
        """Keep a file that belongs to no dataset."""
        self.bucket.put(path.relative_to(root).as_posix(), path.read_bytes())
