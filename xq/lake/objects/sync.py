"""How the cache follows the store: what a head leads to is fetched, then put in place."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import sha256
from pathlib import Path

from xq.errors import CorruptFile, StorageFailed
from xq.lake import layout
from xq.lake.layout import Dataset
from xq.lake.lock import held
from xq.lake.objects import cache, names
from xq.lake.objects import head as heads
from xq.lake.objects.bucket import Bucket, Gone, Version
from xq.lake.objects.head import Filed, Head, Known, Record
from xq.lake.ranges import Range

_FETCH_WAIT_SECONDS = 600.0  # for another process of this machine that fetches the same files
_TRIES = 20  # a reader that is overtaken by writers more often than this gives up
_MANIFEST = "manifest/"

# What was looked at since the outermost snapshot began: by cache folder and dataset.
_seen: ContextVar[dict[tuple[Path, Dataset], Known | None] | None] = ContextVar(
    "seen", default=None
)

_listed: ContextVar[set[tuple[Path, str | None]] | None] = ContextVar("listed", default=None)


class Sync:
    """Keeps a cache folder like a bucket.

    Parameters
    ----------
    root
        Folder of the cache.
    """

    def __init__(self, root: Path, bucket: Bucket) -> None:
        self.root = root
        self.bucket = bucket

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """A while in which a dataset that was looked at once need not be asked for again."""
        if _seen.get() is not None:
            yield
            return
        tokens = _seen.set({}), _listed.set(set())
        try:
            yield
        finally:
            _seen.reset(tokens[0])
            _listed.reset(tokens[1])

    def confirmed(self, dataset: Dataset) -> Known | None:
        """The state of a dataset, asked for unless it was in this snapshot."""
        seen = _seen.get()
        if seen is None:
            return self.refresh(dataset)
        place = (self.root, dataset)
        if place not in seen:
            seen[place] = self.refresh(dataset)
        return seen[place]

    def seen(self, dataset: Dataset) -> bool:
        """Whether a dataset was looked at in this snapshot."""
        return (self.root, dataset) in (_seen.get() or {})

    def refresh(self, dataset: Dataset) -> Known | None:
        """Bring the cache's state of a dataset up to date; None if it has never had any."""
        known = cache.known(self.root, dataset)
        try:
            if not self.bucket.get(heads.head_key(dataset), known.version if known else None):
                return known
        except Gone:
            if known is None:
                return None
        with self.fetching(dataset):
            return self.refreshed(dataset)

    @contextmanager
    def fetching(self, dataset: Dataset) -> Iterator[None]:
        """Change what the cache holds of a dataset, alone on this machine."""
        with held(
            cache.sync_lock(self.root, dataset), _FETCH_WAIT_SECONDS, f"the cache of {dataset}"
        ):
            yield

    def refreshed(self, dataset: Dataset) -> Known | None:
        """`refresh` for the holder of `fetching`."""
        missed: Version | None = None
        for _ in range(_TRIES):
            known = cache.known(self.root, dataset)
            try:
                found = self.bucket.get(heads.head_key(dataset), known.version if known else None)
            except Gone:
                if known is not None:
                    self.refuse_headless(dataset)
                    cache.drop(self.root, dataset)
                self.remember(dataset, None)
                return None
            if found is None:
                self.remember(dataset, known)
                return known
            file = self._or_nothing if found[1].same(missed) else self.file
            try:
                return self._take(dataset, self._parsed(dataset, found[0]), found[1], file)
            except Gone as gone:
                if found[1].same(missed):
                    reason = "the head leads to it, and it is gone"
                    raise self._damaged(dataset, str(gone), reason) from None
                missed = found[1]  # a writer was faster: what that head leads to is deleted
        raise self._lost(dataset)

    def refuse_headless(self, dataset: Dataset, before_ms: int | None = None) -> None:
        """Refuse to take a dataset for a new one whose head is gone while its files are there.

        Parameters
        ----------
        before_ms
            Only files older than this count: younger ones may be of a first commit.
        """
        for item in self.bucket.list(dataset.path.as_posix()):
            old = before_ms is None or item.modified_ms < before_ms
            if old and names.owner_of(item.key) == dataset:
                raise self._damaged(
                    dataset, heads.head_key(dataset), "the head is gone, and its files are there"
                )

    def take(
        self,
        dataset: Dataset,
        after: Known,
        have: Mapping[str, bytes],
        records: Mapping[str, bytes],
    ) -> None:
        """Move the cache to a state this process has just committed."""
        before = cache.known(self.root, dataset)
        stale = cache.stale(self.root, dataset, before, after.files)
        fresh = {period: data for period, data in have.items() if period in after.files}
        for period in stale:
            if period not in fresh:
                fresh[period] = self.file(dataset, period, after.files[period])
        cache.install(self.root, dataset, after, records, fresh)
        self.remember(dataset, after)

    def fetch(self, dataset: Dataset, within: Range | None) -> Known | None:
        """Get the files that are not at hand; for the holder of `fetching`.

        A file that is gone from the store becomes an empty one here, and one that was changed
        there comes as it is: whoever reads it finds that it is not the committed one.
        """
        known = cache.known(self.root, dataset) or self.refreshed(dataset)
        for _ in range(_TRIES):
            if known is None:
                return None
            files = known.files
            missing = cache.absent(self.root, dataset, wanted(known, within))
            try:
                found = cache.each(
                    lambda period, files=files: (  # type: ignore[misc]
                        period, self.file(dataset, period, files[period])
                    ),
                    missing,
                )  # fmt: skip
            except Gone:
                newer = self.refreshed(dataset)
                if newer is None or newer.head.commit != known.head.commit:
                    known = newer
                    continue
                found = [(name, self._or_nothing(dataset, name, files[name])) for name in missing]
            cache.put_in_place(self.root, dataset, dict(found))
            return known
        raise self._lost(dataset)

    def look(self, dataset: Dataset, version: Version) -> Known | None:
        """`refresh` for those who know the version from a listing."""
        before = cache.known(self.root, dataset)
        if before is not None and before.version.same(version):
            return before
        with self.fetching(dataset):
            return self.refreshed(dataset)

    def listed(self, kind: str | None) -> bool:
        """Whether a kind was listed in this snapshot; notes that it is now."""
        seen = _listed.get()
        if seen is None:
            return False
        if (self.root, kind) in seen or (self.root, None) in seen:
            return True
        seen.add((self.root, kind))
        return False

    def remember(self, dataset: Dataset, known: Known | None) -> None:
        """Note a state for the rest of the snapshot."""
        seen = _seen.get()
        if seen is not None:
            seen[self.root, dataset] = known

    def _take(
        self,
        dataset: Dataset,
        head: Head,
        version: Version,
        file: Callable[[Dataset, str, Filed], bytes],
    ) -> Known:
        before = cache.known(self.root, dataset)
        contents = {name: self.content(dataset, item) for name, item in head.records.items()}
        files: dict[str, Filed] = {}
        for name, data in contents.items():
            if name.startswith(_MANIFEST):
                files |= self._files(dataset, data)
        after = Known(version, head, files)
        stale = cache.stale(self.root, dataset, before, files)
        fresh = dict(cache.each(lambda name: (name, file(dataset, name, files[name])), stale))
        others = {name: data for name, data in contents.items() if not name.startswith(_MANIFEST)}
        cache.install(self.root, dataset, after, others, fresh)
        self.remember(dataset, after)
        return after

    def content(self, dataset: Dataset, item: Record) -> bytes:
        """The bytes of a record of the head."""
        if item.text is not None:
            return item.text.encode()
        key = heads.record_key(dataset, item)
        found = self.bucket.get(key)
        data = found[0] if found else b""
        if sha256(data).hexdigest() != item.sha256:
            raise self._damaged(dataset, key, "its bytes do not match its checksum")
        return data

    def file(self, dataset: Dataset, period: str, item: Filed) -> bytes:
        """The bytes of a file; asked for twice if they are not the right ones."""
        key, data = heads.leaf_key(dataset, period, item), b""
        for _ in range(2):
            found = self.bucket.get(key)
            data = found[0] if found else b""
            if sha256(data).hexdigest() == item.facts.sha256:
                break
        return data

    def _or_nothing(self, dataset: Dataset, period: str, item: Filed) -> bytes:
        try:
            return self.file(dataset, period, item)
        except Gone:
            return b""

    def _parsed(self, dataset: Dataset, data: bytes) -> Head:
        try:
            return heads.parse(data)
        except (ValueError, TypeError, KeyError) as error:
            raise self._damaged(dataset, heads.head_key(dataset), str(error)) from error

    def _files(self, dataset: Dataset, data: bytes) -> dict[str, Filed]:
        try:
            return heads.files_of(data)
        except (ValueError, TypeError, KeyError) as error:
            raise self._damaged(dataset, heads.head_key(dataset), str(error)) from error

    def _damaged(self, dataset: Dataset, key: str, reason: str) -> CorruptFile:
        from xq.lake.objects.rescue import command

        return CorruptFile(
            f"a record of the lake is damaged: {reason}",
            where=self.bucket.url(key),
            hint=f"{command(dataset)}   # makes the head anew from its files",
        )

    def _lost(self, dataset: Dataset) -> StorageFailed:
        return StorageFailed(
            f"{dataset} changes faster than it can be read",
            where=self.bucket.url(heads.head_key(dataset)),
            hint="run the same command again",
        )


def wanted(known: Known, within: Range | None) -> dict[str, Filed]:
    """The files of a state that may hold a time."""
    return {name: item for name, item in known.files.items() if layout.meets(name, within)}
