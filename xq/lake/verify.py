"""Every file against its checksum, now; and the way back when the manifest itself is lost."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from xq.errors import CorruptFile, XqError
from xq.lake import arrays, coverage, layout, manifest, parquet, rules, store, trust
from xq.lake.disk import Disk, LocalDisk, is_there, storage_errors
from xq.lake.layout import Dataset, Leaf
from xq.lake.manifest import Entry
from xq.lake.store import Proof
from xq.lake.trust import Trust
from xq.lake.wayout import REPAIRABLE

_WAIT_SECONDS = 5.0
ACCEPT = "xq data verify --accept"
REPAIR = "xq data repair"


@dataclass(frozen=True, slots=True)
class Fault:
    """A file that is not what was committed.

    Attributes
    ----------
    rule
        ``changed`` (other bytes), ``missing`` (committed and gone), ``older`` (the version
        before the last commit), ``unlisted`` (no checksum on record), ``damaged`` (a manifest
        or ledger whose own checksum fails), ``ambiguous`` (one of several files of the same
        time in an object store, without a head that says which).
    """

    dataset: str
    rule: str
    path: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification looked at; ``notes`` tell what was made anew and what was lost."""

    files: int
    bytes: int
    faults: tuple[Fault, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lost:
    """A dataset that is there and cannot be found; ``rebuild`` is its `accept`."""

    dataset: Dataset
    fault: Fault
    rebuild: Callable[[], Verified]


def verify(root: Path, dataset: Dataset) -> Verified:
    """Hash every file of a dataset, whatever was found before."""
    away = store.of(root).proof(dataset)
    if away is not None:
        return _verified_away(dataset, away)
    faults: list[Fault] = []
    try:
        coverage.load(root, dataset)
    except CorruptFile as error:
        faults.append(_told(dataset, "damaged", error))
    leaves = layout.leaves(root, dataset)
    size = sum(leaf.path.stat().st_size for leaf in leaves)
    try:
        entries = manifest.load(root, dataset)
    except CorruptFile as error:
        return Verified(len(leaves), size, (*faults, _told(dataset, "damaged", error)))
    with Trust(root, dataset) as found:
        faults += _missing(root, dataset, entries, found)
        for leaf in leaves:
            faults += _judged(dataset, leaf, found)
    return Verified(len(leaves), size, tuple(faults))


def accept(root: Path, dataset: Dataset, *, disk: Disk | None = None) -> Verified:
    """Take the files as they are: record the checksum of every one whose rows can be true.

    Files that cannot be read, or hold rows that cannot be true, are left as they are and told.

    Raises
    ------
    LockHeld
        If a writer is at work on the dataset.
    StorageFailed
        If the disk refuses.
    """
    disk = disk or LocalDisk()

    def work(root: Path) -> Verified:
        entries: dict[str, Entry] = {}
        faults: list[Fault] = []
        size = 0
        staging = layout.staging_path(root, dataset)
        known = _readable(root, dataset)
        leaves = layout.leaves(root, dataset)
        for leaf in leaves:
            try:
                data = leaf.path.read_bytes()
                size += len(data)
                entries[leaf.period] = Entry(facts_of(dataset, leaf, data))
            except XqError as error:
                faults.append(_told(dataset, "changed", error))
                if leaf.period in known:
                    entries[leaf.period] = known[leaf.period]
        try:
            manifest.replace(disk, root, dataset, entries, staging)
        finally:
            disk.discard(staging)
        return Verified(len(leaves), size, tuple(faults))

    with storage_errors(root / dataset.path, ""):
        return store.of(root).transact(root, dataset, _WAIT_SECONDS, None, work)


def _verified_away(dataset: Dataset, proofs: Sequence[Proof]) -> Verified:
    faults = []
    for proof in proofs:
        if proof.digest is None:
            message = f"the object is gone; it held {proof.committed.rows} rows"
            faults.append(Fault(str(dataset), "missing", proof.url, message, REPAIR))
        elif proof.digest != proof.committed.sha256:
            message = f"not a readable Parquet file of the lake: {trust.DIFFERS}"
            faults.append(Fault(str(dataset), "changed", proof.url, message, REPAIR))
    size = sum(proof.committed.size for proof in proofs)
    return Verified(len(proofs), size, tuple(faults))


def _readable(root: Path, dataset: Dataset) -> dict[str, Entry]:
    try:
        return manifest.load(root, dataset)
    except CorruptFile:
        return {}


def facts_of(dataset: Dataset, leaf: Leaf, data: bytes) -> manifest.Facts:
    """What a manifest says of a file, from its bytes alone.

    Raises
    ------
    CorruptFile
        If it cannot be read, or its rows are not of the file's period.
    PoisonRows
        If a row cannot be true.
    """
    import pyarrow as pa

    table = parquet.read(leaf.path, dataset.spec, None, lambda _: pa.BufferReader(data))
    found = rules.validate_rows(table, dataset.spec, timeframe=dataset.bar, ordered=True)
    rules.refuse(found, where=str(leaf.path), hint="xq data check")
    ts = arrays.times(table["ts"])
    if [period for period, _, _ in layout.split(dataset, ts)] != [leaf.period]:
        raise parquet.corrupt(leaf.path, f"its rows do not belong to period {leaf.period}")
    return manifest.facts(trust.digest_of(data), len(data), dataset, ts)


def _judged(dataset: Dataset, leaf: Leaf, found: Trust) -> Iterator[Fault]:
    path, before = str(leaf.path), found.seen(leaf.period)
    try:
        entry, digest = found.hashed(leaf)
    except CorruptFile as error:
        yield Fault(str(dataset), "changed", path, error.message, _mend(dataset))
        return
    if entry is None:
        message = "no checksum on record: written by an older xq or another program"
        yield Fault(str(dataset), "unlisted", path, message, ACCEPT)
    elif digest != entry.now.sha256 and before == entry.now.sha256:
        message = "the version before the last commit was put back in its place"
        yield Fault(str(dataset), "older", path, message, _mend(dataset))


def _missing(
    root: Path, dataset: Dataset, entries: dict[str, Entry], found: Trust
) -> Iterator[Fault]:
    for period, entry in entries.items():
        path = layout.leaf_path(root, dataset, period)
        # A first commit that was killed before its file got in place has never been seen.
        committed = entry.before is not None or found.seen(period) == entry.now.sha256
        if committed and not is_there(path):
            rows = f"{entry.now.rows} rows"
            message = f"the file is gone; it held {rows}"
            yield Fault(str(dataset), "missing", str(path), message, _mend(dataset))


def _told(dataset: Dataset, rule: str, error: XqError) -> Fault:
    return Fault(str(dataset), rule, error.where or "", error.message, error.hint or _mend(dataset))


def _mend(dataset: Dataset) -> str:
    """What no venue gives again can only be put back from a copy, or taken as it is."""
    return REPAIR if dataset.kind in REPAIRABLE else ACCEPT
