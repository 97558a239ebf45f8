"""A head that is damaged or gone: found, and made anew from what the objects themselves prove.

Every file's name holds the SHA-256 of its bytes, so that its rows are those once put. What the
names cannot tell is which of two files of the same time was the committed one: the newest head
that can be read (in the store, else in the cache) decides, and if it cannot, nothing is done.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from xq.errors import CorruptFile, StorageFailed, XqError
from xq.lake import layout
from xq.lake.disk import UNCHANGED, storage_errors
from xq.lake.layout import Dataset, Leaf
from xq.lake.lock import held
from xq.lake.objects import cache, names
from xq.lake.objects import head as heads
from xq.lake.objects.bucket import Gone, Version
from xq.lake.objects.head import Filed, Head
from xq.lake.verify import ACCEPT, Fault, Lost, Verified, facts_of
from xq.lake.wayout import REPAIRABLE, repair_command

if TYPE_CHECKING:
    from xq.lake.objects.remote import RemoteStore

_WAIT_SECONDS = 5.0
_LEDGERS = {
    "coverage.json": "what was asked of the venue",
    "facts.json": "what it was found to lack",
}


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What the newest readable head says.

    Attributes
    ----------
    ledgers
        Small files by the name of their record.
    named
        Names of the small files that there are, or may be.
    newest
        Whether it is the store's own head, of which some record is lost.
    """

    commit: str
    files: Mapping[str, Filed]
    ledgers: Mapping[str, bytes]
    named: frozenset[str]
    newest: bool


_NOTHING = _Evidence("", {}, {}, frozenset(_LEDGERS), newest=False)


def lost(store: "RemoteStore", kind: str | None) -> list[Lost]:
    """Datasets whose head cannot be read, or is not there though files are."""
    store.listed(kind)
    there, found = store.heads(kind), []
    for dataset, version in there.items():
        try:
            store.remember(dataset, store.look(dataset, version))
        except CorruptFile as error:
            found.append(_lost(store, dataset, "damaged", error.message))
    lying: dict[Dataset, int] = {}
    for item in store.bucket.list(kind or ""):
        owner = names.owner_of(item.key)
        if owner is not None and owner not in there:
            lying[owner] = lying.get(owner, 0) + 1
    for dataset, count in lying.items():
        message = f"the head is gone, or its first commit was killed; it has {count} files"
        found.append(_lost(store, dataset, "missing", message))
    return found


def _lost(store: "RemoteStore", dataset: Dataset, rule: str, message: str) -> Lost:
    url = store.bucket.url(heads.head_key(dataset))
    fault = Fault(str(dataset), rule, url, message, command(dataset))
    return Lost(dataset, fault, lambda: rebuild(store, dataset))


def command(dataset: Dataset) -> str:
    """The line that makes a dataset's head anew."""
    named = {"symbol": dataset.symbol, "timeframe": dataset.timeframe, "exchange": dataset.exchange}
    options = [f"--{name} {value}" for name, value in named.items() if value]
    return " ".join([ACCEPT, f"--kind {dataset.kind}", *options])


def rebuild(store: "RemoteStore", dataset: Dataset) -> Verified:
    """Make a head anew, or tell why that would be guessing.

    Raises
    ------
    LockHeld
        If a writer is at work on the dataset.
    StorageFailed
        If the store does not answer, or the head is being written by another.
    """
    store.establish()
    with held(layout.lock_path(store.root, dataset), _WAIT_SECONDS, str(dataset)):
        version, known = _evidence(store, dataset)
        found, faults = _proven(store, dataset)
        if known.newest:
            faults = []  # what the head does not name is nobody's
        files, unclear = _chosen(store, dataset, known, found)
        if unclear:
            return Verified(0, 0, tuple(unclear))
        same = {(p, f) for p, f in known.files.items()} == {(p, f) for p in found for f in found[p]}
        ledgers = known.ledgers if known.newest or same else {}
        _put(store, dataset, version, files, ledgers)
    notes = [f"{dataset}: head made anew from {len(files)} files, "
             f"{sum(item.facts.rows for item in files.values())} rows"]  # fmt: skip
    notes += [
        f"{dataset}: lost: {text}"
        for name, text in _LEDGERS.items()
        if name in known.named and name not in ledgers
    ]
    for period, item in files.items():
        if item not in found.get(period, ()):
            mend = repair_command(dataset) if dataset.kind in REPAIRABLE else None
            notes.append(
                f"{dataset}: lost: the file of {period}, which held {item.facts.rows} rows"
                + (f"; {mend} asks for them again" if mend else "")
            )
    size = sum(item.facts.size for item in files.values())
    return Verified(len(files), size, tuple(faults), tuple(notes))


def _evidence(store: "RemoteStore", dataset: Dataset) -> tuple[Version | None, _Evidence]:
    """The version to replace, and the newest head that can be read."""
    version = None
    try:
        data, version = store.bucket.get(heads.head_key(dataset)) or (b"", None)
        return version, _of_head(store, dataset, heads.parse(data))
    except Gone:
        pass
    except (ValueError, TypeError, KeyError):
        pass
    known = cache.known(store.root, dataset)
    if known is None:
        return version, _NOTHING
    kept = {}
    for name, path in cache.record_paths(store.root, dataset).items():
        record = known.head.records.get(name)
        if record is not None and cache.digest_of(path) == record.sha256:
            with storage_errors(path):
                kept[name] = path.read_bytes()
    return version, _Evidence(
        known.head.commit, known.files, kept, _named(known.head), newest=False
    )


def _of_head(store: "RemoteStore", dataset: Dataset, head: Head) -> _Evidence:
    files: dict[str, Filed] = {}
    ledgers, whole = {}, True
    for name, item in head.records.items():
        try:
            data = store.content(dataset, item)
            if name in _LEDGERS:
                ledgers[name] = data
            else:
                files |= heads.files_of(data)
        except (Gone, CorruptFile, ValueError, TypeError, KeyError):
            whole = whole and name in _LEDGERS
    return _Evidence(head.commit, files, ledgers, _named(head), newest=whole)


def _named(head: Head) -> frozenset[str]:
    return frozenset(name for name in head.records if name in _LEDGERS)


def _proven(store: "RemoteStore", dataset: Dataset) -> tuple[dict[str, list[Filed]], list[Fault]]:
    """Files by period whose bytes are those of their name and whose rows can be true."""
    found: dict[str, list[Filed]] = {}
    faults = []
    keys = [item.key for item in store.bucket.list(dataset.path.as_posix())]
    for key in sorted(key for key in keys if names.owner_of(key) == dataset):
        period = key.split("/")[-2].partition("=")[2]
        digest, stamp = key.rpartition("/")[2].partition(".")[0].split("-")
        try:
            data = (store.bucket.get(key) or (b"",))[0]
            if sha256(data).hexdigest() != digest:
                raise CorruptFile("its bytes are not those of its name (SHA-256)")
            leaf = Leaf(layout.leaf_path(store.root, dataset, period), period)
            found.setdefault(period, []).append(Filed(facts_of(dataset, leaf, data), stamp))
        except Gone:
            continue
        except (StorageFailed, OSError):
            raise
        except XqError as error:
            message = f"left out: {error.message}"
            faults.append(
                Fault(str(dataset), "changed", store.bucket.url(key), message, command(dataset))
            )
    return found, faults


def _chosen(
    store: "RemoteStore",
    dataset: Dataset,
    known: _Evidence,
    found: Mapping[str, list[Filed]],
) -> tuple[dict[str, Filed], list[Fault]]:
    """One file per period, and the periods of which it cannot be told which one."""
    files: dict[str, Filed] = {}
    unclear: list[Fault] = []
    for period in sorted({*known.files, *found}):
        told, here = known.files.get(period), found.get(period, [])
        newer = [item for item in here if item != told and item.stamp > known.commit]
        if known.newest or (told in here and not newer) or not here:
            if told is not None:
                files[period] = told
        elif len({item.facts.sha256 for item in here}) == 1:
            files[period] = max(here, key=lambda item: item.stamp)
        else:
            unclear += [_doubt(store, dataset, period, item, told) for item in here]
    return files, unclear


def _doubt(
    store: "RemoteStore", dataset: Dataset, period: str, item: Filed, told: Filed | None
) -> Fault:
    from xq.clock import iso

    facts = item.facts
    when = iso(int(item.stamp, 16))
    message = f"{facts.rows} rows, {iso(facts.first_ms)} to {iso(facts.last_ms)}, put at {when}"
    message += ", the newest this machine knew" if item == told else ""
    return Fault(
        str(dataset), "ambiguous", store.bucket.url(heads.leaf_key(dataset, period, item)),
        f"{message}; one of several files of {period}{UNCHANGED}",
        "delete those that are not wanted in the store, then run the same command again",
    )  # fmt: skip


def _put(
    store: "RemoteStore",
    dataset: Dataset,
    version: Version | None,
    files: Mapping[str, Filed],
    ledgers: Mapping[str, bytes],
) -> None:
    stamp = f"{store.clock.now_ms():012x}"
    records = {}
    for name, data in (heads.shards(files) | dict(ledgers)).items():
        records[name] = heads.record(data, stamp)
        if records[name].text is None:
            store.bucket.put(heads.record_key(dataset, records[name]), data)
    key = heads.head_key(dataset)
    if store.bucket.swap(key, Head(stamp, records).dump(), version) is None:
        raise StorageFailed(
            f"the head is being written by another{UNCHANGED}",
            where=store.bucket.url(key),
            hint="xq data verify",
        )
    with store.fetching(dataset):
        store.refreshed(dataset)
