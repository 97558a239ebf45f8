"""Files are read only when their bytes are the committed ones: proven once per file identity.

A verdict is kept beside the lake's own files and holds for one inode, size and pair of times, so
that a warm read costs one `stat`. Verdicts are a cache: whoever loses or damages them only makes
the next read hash again.
"""

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import file_digest, sha256
from pathlib import Path
from types import TracebackType

import pyarrow as pa

from xq.errors import CorruptFile, StorageFailed
from xq.lake import arrays, layout, manifest, parquet, sealed, store
from xq.lake.disk import failed
from xq.lake.layout import Dataset, Leaf

DIFFERS = "its bytes are not those that were committed (SHA-256)"

_TRIES = 50
# A file changed so shortly before its verdict could change again within one tick of its times.
_RACY_NS = 2_000_000_000

Identity = tuple[int, int, int, int]  # inode, size, time of content, time of inode
_NO_FILE: Identity = (0, 0, 0, 0)


@dataclass(slots=True)
class _Shard:
    """Verdicts of one year: period to (SHA-256, identity)."""

    path: str
    known: dict[str, tuple[str, Identity]]
    fresh: dict[str, tuple[str, Identity]] = field(default_factory=dict)


class Trust:
    """Opens files of one dataset; a context that keeps what it found for the next one.

    Examples
    --------
    ::

        with Trust(root, dataset) as trust:
            table = trust.table(leaf, ["ts", "close"])
    """

    def __init__(self, root: Path, dataset: Dataset) -> None:
        self._root = root
        self._dataset = dataset
        self._folder = str(folder_of(root, dataset))
        self._shards: dict[str, _Shard] = {}

    def __enter__(self) -> "Trust":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.keep()

    def table(self, leaf: Leaf, columns: Sequence[str] | None = None) -> pa.Table:
        """Rows of a file whose bytes are the committed ones.

        Raises
        ------
        CorruptFile
            If they are not, or are no Parquet of this kind.
        """

        def source_of(path: Path) -> pa.NativeFile:
            data = self._proven(leaf)
            return pa.OSFile(str(path)) if data is None else pa.BufferReader(data)

        return parquet.read(leaf.path, self._dataset.spec, columns, source_of)

    def whole(self, leaf: Leaf) -> tuple[pa.Table, manifest.Facts]:
        """All rows of a file, hashed now whatever was found before, and what they amount to."""
        data, digest = self._hashed(leaf)
        spec = self._dataset.spec
        table = parquet.read(leaf.path, spec, None, lambda _: pa.BufferReader(data))
        ts = arrays.times(table["ts"])
        return table, manifest.facts(digest, len(data), self._dataset, ts)

    def prove(self, leaf: Leaf) -> None:
        """Refuse a file that other readers are about to open, unless its bytes are right.

        Raises
        ------
        CorruptFile
            If they are not the committed ones.
        """
        self._proven(leaf, keep=False)

    def hashed(self, leaf: Leaf) -> tuple[manifest.Entry | None, str]:
        """The manifest's entry and the SHA-256 of a file, hashed now; None if none lists it.

        Raises
        ------
        CorruptFile
            If its bytes are not the committed ones.
        """
        _, digest = self._hashed(leaf, keep=False)
        entries = manifest.load(self._root, self._dataset, [leaf.period])
        return entries.get(leaf.period), digest

    def vouch(self, leaf: Leaf, digest: str) -> None:
        """Record what the writer has just put in place."""
        with suppress(StorageFailed):
            self._shard(leaf.period).fresh[leaf.period] = (digest, identity(leaf.path))

    def seen(self, period: str) -> str | None:
        """SHA-256 of the file last found in place, also if it is gone by now."""
        shard = self._shard(period)
        found = shard.fresh.get(period) or shard.known.get(period)
        return found[0] if found else None

    def keep(self) -> None:
        """Write down new verdicts; a lake that cannot be written keeps none."""
        for shard in self._shards.values():
            if shard.fresh:
                tree = {name: [digest, *at] for name, (digest, at) in
                        sorted((shard.known | shard.fresh).items())}  # fmt: skip
                with suppress(OSError):
                    path = Path(shard.path)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(sealed.dump(tree))

    def _proven(self, leaf: Leaf, *, keep: bool = True) -> bytes | None:
        shard = self._shard(leaf.period)
        found = shard.fresh.get(leaf.period) or shard.known.get(leaf.period)
        if found is not None and found[1] == identity(leaf.path):
            return None
        data, _ = self._hashed(leaf, keep=keep)
        return data if keep else None

    def _hashed(self, leaf: Leaf, *, keep: bool = True) -> tuple[bytes, str]:
        """The bytes of a file that its manifest lists; or of one that no manifest knows."""
        for _ in range(_TRIES):
            data, digest, at = _read(leaf.path, keep=keep)
            # Read after the file: a manifest is always at least as new as the file it lists.
            entry = manifest.load(self._root, self._dataset, [leaf.period]).get(leaf.period)
            if entry is None:
                return data, digest
            if entry.of(digest) is not None:
                # That the newer version was once in place must not be forgotten over an older one.
                if digest == entry.now.sha256 or self.seen(leaf.period) != entry.now.sha256:
                    self._shard(leaf.period).fresh[leaf.period] = (digest, at)
                return data, digest
            if identity(leaf.path) == at:
                raise differs(leaf.path)
        raise parquet.corrupt(leaf.path, "it changes faster than it can be read")

    def _shard(self, period: str) -> _Shard:
        name = manifest.name_of(period)
        if name not in self._shards:
            self._shards[name] = _load(f"{self._folder}/{name}")
        return self._shards[name]


def differs(path: Path) -> CorruptFile:
    """The error for a file whose bytes were changed after the commit."""
    return parquet.corrupt(path, DIFFERS)


def proven_files(root: Path, datasets: Iterable[Dataset]) -> list[Path]:
    """Every file of some datasets, for a reader of its own; refused if bytes are not right.

    Raises
    ------
    CorruptFile
        If a file is not the committed one.
    """
    paths = []
    for dataset in datasets:
        with Trust(root, dataset) as trust:
            for leaf in layout.leaves(root, dataset):
                trust.prove(leaf)
                paths.append(leaf.path)
    return paths


def at_hand(
    root: Path, kinds: Iterable[str], wanted: Mapping[str, Collection[str]] | None = None
) -> None:
    """Fetch the files of some kinds, if the lake is elsewhere: DuckDB looks at the folder."""
    if not wanted:
        store.of(root).bring_kinds(kinds)
        return
    for kind in sorted(kinds):
        store.of(root).bring_all(tuple(layout.datasets(root, kind, wanted)))


def proven_kinds(
    root: Path, kinds: Iterable[str], wanted: Mapping[str, Collection[str]] | None = None
) -> None:
    """Refuse a query over kinds of which a file is not the committed one.

    Parameters
    ----------
    wanted
        The only values of partition columns whose files it reads.

    Raises
    ------
    CorruptFile
        As `proven_files`.
    """
    for kind in sorted(kinds):
        proven_files(root, layout.datasets(root, kind, wanted))


def digest_of(data: bytes | memoryview) -> str:
    """The checksum of a file's bytes."""
    return sha256(data).hexdigest()


def folder_of(root: Path, dataset: Dataset) -> Path:
    """The verdicts on a dataset's files."""
    return root / layout.META / "verified" / dataset.path


def identity(path: Path) -> Identity:
    """What changes when a file is replaced or written to.

    Raises
    ------
    StorageFailed
        If there is no such file.
    """
    try:
        return _identity(os.stat(path))  # noqa: PTH116 (thousands of them in one query)
    except OSError as error:
        raise failed(error, path) from error


def _identity(stat: os.stat_result) -> Identity:
    return stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def _read(path: Path, *, keep: bool) -> tuple[bytes, str, Identity]:
    try:
        with path.open("rb") as file:
            at = _identity(os.fstat(file.fileno()))
            if not keep:
                return b"", file_digest(file, "sha256").hexdigest(), at
            data = file.read()
            return data, sha256(data).hexdigest(), at
    except OSError as error:
        raise failed(error, path) from error


def _load(path: str) -> _Shard:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 (five hundred of them in one query)
            written_ns = os.fstat(file.fileno()).st_mtime_ns
            tree = sealed.parse(file.read())
        known = {name: (row[0], _settled(row[1:], written_ns)) for name, row in tree.items()}
        return _Shard(path, known)
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        return _Shard(path, {})


def _settled(row: Sequence[int], written_ns: int) -> Identity:
    inode, size, content_ns, inode_ns = row
    if max(content_ns, inode_ns) >= written_ns - _RACY_NS:
        return _NO_FILE
    return inode, size, content_ns, inode_ns
