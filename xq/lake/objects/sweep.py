"""Objects that no head leads to: what writers left that were killed between two puts."""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from xq.lake.layout import META, Dataset
from xq.lake.objects import names
from xq.lake.objects.bucket import Bucket, Item
from xq.ports import Clock

if TYPE_CHECKING:
    from xq.lake.objects.remote import RemoteStore

ORPHAN_MS = 24 * 3_600_000  # younger objects may belong to a commit that is under way
_PROBE = f"{META}/probe-"
_RECORDS = f"{META}/records/"


def sweep(store: "RemoteStore", older_than_ms: int = ORPHAN_MS) -> int:
    """Delete objects of ours that are old and that no head leads to; tells how many.

    Names are never used twice, so that an object without a head stays without one once no
    commit can be under way that has put it. What lies where no head is at all stays: a head
    that was lost is made anew from it.
    """
    limit_ms = _store_now_ms(store.bucket, store.clock) - older_than_ms
    old = [item for item in store.bucket.list("") if item.modified_ms < limit_ms and is_ours(item)]
    if not old:
        return 0
    wanted: set[str] = set()
    headless: set[Dataset | None] = set()
    with store.snapshot():  # heads after objects: what is committed meanwhile is seen
        for dataset in _datasets(old):
            known = store.confirmed(dataset)
            if known is None:
                headless.add(dataset)
            else:
                wanted |= known.keys(dataset)
    orphans = [
        item.key for item in old if item.key not in wanted and _dataset_of(item.key) not in headless
    ]
    store.bucket.delete(orphans)
    return len(orphans)


def is_ours(item: Item) -> bool:
    """Whether an object has a name that only commits give."""
    if item.key.startswith(_PROBE):
        return True
    return names.is_content(item.key) and _dataset_of(item.key) is not None


def _datasets(items: Iterable[Item]) -> set[Dataset]:
    found = {_dataset_of(item.key) for item in items}
    return {item for item in found if item is not None}


def _dataset_of(key: str) -> Dataset | None:
    parts = key.removeprefix(_RECORDS).split("/")[:-1]
    if not key.startswith(_RECORDS):
        parts = parts[:-1]  # its period
    return names.dataset_of(parts) if parts else None


def probe_key(clock: Clock) -> str:
    """A name for an object that is put to learn about the store; nobody else takes it."""
    parts = (clock.now_ms(), os.getpid(), int(clock.monotonic() * 1e6))
    return _PROBE + "-".join(f"{part:x}" for part in parts)


def _store_now_ms(bucket: Bucket, clock: Clock) -> int:
    """The time by the clock that also dates the objects, or by ours if that is earlier."""
    now_ms = clock.now_ms()
    key = probe_key(clock)
    bucket.put(key, b"?")
    found = next((item.modified_ms for item in bucket.list(META) if item.key == key), now_ms)
    bucket.delete([key])
    return min(found, now_ms)
