"""The commit to an object store: new objects, then the head, by conditional put.

A writer that loses the race does its work again on what the winner left. A kill leaves either
the old dataset or the new one, and at worst objects that no head leads to, which compaction
sweeps once they are a day old.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, TypeVar

from xq.errors import LockHeld, StorageFailed, XqError
from xq.lake import layout, manifest
from xq.lake.disk import UNCHANGED, storage_errors
from xq.lake.layout import Dataset
from xq.lake.objects import cache
from xq.lake.objects import head as heads
from xq.lake.objects.bucket import AGAIN, Gone, Version
from xq.lake.objects.head import Filed, Head, Known, Record
from xq.lake.ranges import Range
from xq.lake.store import NOTHING

if TYPE_CHECKING:
    from xq.lake.objects.remote import RemoteStore

_SLOWEST_SECONDS = 6 * 3_600.0  # from the first object of a commit to its head; see `sweep`
_SLOWEST_MS = int(_SLOWEST_SECONDS * 1000)
_TRIES = 30
_PAUSE_SECONDS = (0.02, 1.0)
_UNKNOWN = "; whether it was committed is not known (xq data ls tells)"

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Push:
    """What has to be put for a state: objects by name, the head last."""

    after: Head
    files: Mapping[str, Filed]
    objects: Mapping[str, bytes]
    leaves: Mapping[str, bytes]
    records: Mapping[str, bytes]


def transact(
    store: "RemoteStore", dataset: Dataset, within: Range | None, work: Callable[[Path], Result]
) -> Result:
    """Do ``work`` on a copy of the dataset until it could be committed; for its lock's holder.

    Raises
    ------
    LockHeld
        If other writers are faster again and again.
    StorageFailed
        If the store or the disk refuses; says whether something was changed, or that it cannot.
    """
    with _saying(UNCHANGED):
        store.establish()
    scratch = layout.staging_path(store.root, dataset)
    pause = Random(store.clock.now_ms())  # noqa: S311 (spreads writers; no secret)
    for attempt in range(_TRIES):
        try:
            # An earlier put whose answer said nothing may still arrive.
            with _saying(_UNKNOWN + AGAIN if attempt else UNCHANGED), storage_errors(scratch):
                with suppress(FileNotFoundError):  # what a kill left there must not be committed
                    shutil.rmtree(scratch)
                before = _prepare(store, dataset, within, scratch)
                harmed = _harmed(dataset, before, scratch)
                result = work(scratch)
                push = _push(dataset, before, scratch, f"{store.clock.now_ms():012x}", harmed)
                ready = push is None or _sent(store, push)
            if push is None or (ready and _commit(store, dataset, before, push)):
                return result
        finally:
            with suppress(OSError):
                shutil.rmtree(scratch)
        shortest, longest = _PAUSE_SECONDS
        store.clock.sleep(pause.uniform(0, min(longest, shortest * 2**attempt)))
    raise LockHeld(
        f"{dataset} is being written by others; {_TRIES} commits lost the race",
        where=store.bucket.url(heads.head_key(dataset)),
        hint="run the same command again",
    )


def _prepare(
    store: "RemoteStore", dataset: Dataset, within: Range | None, scratch: Path
) -> Known | None:
    """Copy the newest state, so that it cannot change under the work."""
    with store.fetching(dataset):
        known = store.refreshed(dataset)
        if known is None:
            store.refuse_headless(dataset, before_ms=store.clock.now_ms() - _SLOWEST_MS)
            return None
        periods: list[str] = []
        if within != NOTHING:
            known = store.fetch(dataset, within)
            if known is None:
                return None
            periods = [name for name in known.files if layout.meets(name, within)]
        cache.copy(store.root, dataset, periods, scratch)
        return known


def _harmed(dataset: Dataset, before: Known | None, scratch: Path) -> frozenset[str]:
    """Periods whose copy is not the committed file: if the work mends one, it has to be put."""
    files = before.files if before else {}
    return frozenset(
        leaf.period
        for leaf in layout.at_hand(scratch, dataset)
        if cache.digest_of(leaf.path) != files[leaf.period].facts.sha256
    )


def _push(
    dataset: Dataset, before: Known | None, scratch: Path, stamp: str, harmed: frozenset[str]
) -> Push | None:
    """What the work changed; None if nothing."""
    old_files = before.files if before else {}
    old_records = before.head.records if before else {}
    files: dict[str, Filed] = {}
    leaves: dict[str, bytes] = {}
    objects: dict[str, bytes] = {}
    for period, entry in manifest.load(scratch, dataset).items():
        old, path = old_files.get(period), layout.leaf_path(scratch, dataset, period)
        mended = period in harmed and cache.digest_of(path) == entry.now.sha256
        if old is not None and old.facts.sha256 == entry.now.sha256 and not mended:
            files[period] = Filed(entry.now, old.stamp)
            continue
        leaves[period] = _bytes(path, entry.now.sha256)
        files[period] = Filed(entry.now, stamp)
        objects[heads.leaf_key(dataset, period, files[period])] = leaves[period]
    with storage_errors(scratch):
        kept = {
            name: path.read_bytes()
            for name, path in cache.record_paths(scratch, dataset).items()
            if path.is_file()
        }
    records: dict[str, Record] = {}
    for name, data in (heads.shards(files) | kept).items():
        old_record = old_records.get(name)
        records[name] = heads.record(data, stamp)
        if old_record is not None and old_record.sha256 == records[name].sha256:
            records[name] = old_record
        elif records[name].text is None:
            objects[heads.record_key(dataset, records[name])] = data
    if records == dict(old_records):
        return None
    return Push(Head(stamp, records), files, objects, leaves, kept)


def _bytes(path: Path, digest: str) -> bytes:
    """A file that was just written and checked; anything else is a fault of this machine."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _changed(path) from error
    if sha256(data).hexdigest() != digest:
        raise _changed(path)
    return data


def _changed(path: Path) -> StorageFailed:
    return StorageFailed(
        "a file changed between writing and sending it; nothing was changed",
        where=str(path),
        hint="run the same command again",
    )


@contextmanager
def _saying(consequence: str) -> Iterator[None]:
    """What an error means for the lake, if it does not say so itself."""
    try:
        yield
    except StorageFailed as error:
        if UNCHANGED in error.message:
            raise
        message = error.message.removesuffix(AGAIN) + consequence
        raise StorageFailed(message, where=error.where, hint=error.hint) from error


def _sent(store: "RemoteStore", push: Push) -> bool:
    """Put everything but the head; False if that took too long."""
    began = store.clock.monotonic()
    cache.each(lambda item: store.bucket.put(*item), list(push.objects.items()))
    # A sweep could take the first objects for orphans.
    return store.clock.monotonic() - began <= _SLOWEST_SECONDS


def _commit(store: "RemoteStore", dataset: Dataset, before: Known | None, push: Push) -> bool:
    """Whether the dataset is now what the push says."""
    with _saying(_UNKNOWN + AGAIN):
        version = _swapped(store, dataset, before, push)
    if version is None:
        return False
    after = Known(version, push.after, push.files)
    # It is committed: a cache that cannot follow now is brought up to date by the next reader.
    with suppress(XqError, Gone, OSError), store.fetching(dataset):
        # A newer state may be there by now, which is not replaced.
        if before == cache.known(store.root, dataset):
            store.take(dataset, after, push.leaves, push.records)
        else:
            store.refreshed(dataset)
    if before is not None:
        replaced = before.keys(dataset) - after.keys(dataset)
        with suppress(XqError, Gone):  # what stays is swept later
            store.bucket.delete(sorted(replaced))
    return True


def _swapped(
    store: "RemoteStore", dataset: Dataset, before: Known | None, push: Push
) -> Version | None:
    """The version of the new head; None if somebody else was faster.

    Raises
    ------
    StorageFailed
        If neither the answer nor a look at the head tells what became of it.
    """
    data, seen = push.after.dump(), before.version if before else None
    try:
        version = store.bucket.swap(heads.head_key(dataset), data, seen)
    except StorageFailed:
        version = _mine(store, dataset, before, push)
        if version is None:
            raise
        return version
    return version or _mine(store, dataset, before, push)


def _mine(
    store: "RemoteStore", dataset: Dataset, before: Known | None, push: Push
) -> Version | None:
    """The version of this very head, if an answer that was lost had put it in place after all.

    If another head is there, what was put for this one is removed, unless the winner built on
    it. If nobody was faster, the put may be under way still: its objects stay.
    """
    try:
        found = store.bucket.get(heads.head_key(dataset))
    except Gone:
        return None
    if found is None:
        return None
    if found[0] == push.after.dump():
        return found[1]
    if before is not None and before.version.same(found[1]):
        return None
    with suppress(XqError, Gone):
        with store.fetching(dataset):
            now = store.refreshed(dataset)
        if now is not None:
            store.bucket.delete(sorted(set(push.objects) - now.keys(dataset)))
    return None
