"""The head of a dataset: one small object that says which files are the dataset.

Whoever replaces it commits. Small records (checksums by year, the ledger, the facts) lie inside;
larger ones are objects of their own. No name is ever used twice: it holds the content's SHA-256
and the time of the commit, so that an object nobody refers to can be deleted for good.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from xq.lake import layout, manifest, sealed
from xq.lake.layout import META, PART, PERIOD, Dataset
from xq.lake.manifest import Facts
from xq.lake.objects import names
from xq.lake.objects.bucket import Version

HEADS = f"{META}/heads"
FORMAT_KEY = f"{META}/format.json"
_HEAD = "head.json"
_INLINE = 16_384  # bytes; a year of monthly files needs some 2,000


@dataclass(frozen=True, slots=True)
class Record:
    """One of the dataset's small files.

    Attributes
    ----------
    text
        Its content; None if it is an object of its own, named by ``stamp``.
    """

    sha256: str
    text: str | None
    stamp: str | None


@dataclass(frozen=True, slots=True)
class Filed:
    """One Parquet file and the stamp in its object's name."""

    facts: Facts
    stamp: str


@dataclass(frozen=True, slots=True)
class Head:
    """What a dataset consists of; ``commit`` tells two writers of the same content apart."""

    commit: str
    records: Mapping[str, Record]

    def dump(self) -> bytes:
        """The bytes of the object."""
        records = {
            name: [item.sha256, item.text, item.stamp] for name, item in self.records.items()
        }
        return sealed.dump({"format": layout.FORMAT, "commit": self.commit, "records": records})


@dataclass(frozen=True, slots=True)
class Known:
    """A head as it was seen, with the files it leads to."""

    version: Version
    head: Head
    files: Mapping[str, Filed]

    def keys(self, dataset: Dataset) -> frozenset[str]:
        """Every object the head leads to."""
        found = {leaf_key(dataset, period, item) for period, item in self.files.items()}
        found |= {
            record_key(dataset, item) for item in self.head.records.values() if item.text is None
        }
        return frozenset(found)


def parse(data: bytes) -> Head:
    """A head from its bytes.

    Raises
    ------
    ValueError, TypeError, KeyError
        If they are none.
    """
    tree = sealed.parse(data)
    return Head(tree["commit"], {name: Record(*row) for name, row in tree["records"].items()})


def record(data: bytes, stamp: str) -> Record:
    """A small file as a record of the head."""
    digest = sha256(data).hexdigest()
    if len(data) <= _INLINE:
        return Record(digest, data.decode(), None)
    return Record(digest, None, stamp)


def shards(files: Mapping[str, Filed]) -> dict[str, bytes]:
    """Files as small files, one per year, by the name of their record."""
    years: dict[str, dict[str, Any]] = {}
    for period, item in sorted(files.items()):
        rows = years.setdefault(f"manifest/{manifest.name_of(period)}", {})
        rows[period] = [manifest.row_of(item.facts), item.stamp]
    return {
        name: sealed.dump({"format": layout.FORMAT, "files": rows}) for name, rows in years.items()
    }


def files_of(data: bytes) -> dict[str, Filed]:
    """The files of one year.

    Raises
    ------
    ValueError, TypeError, KeyError
        If the bytes are no such record.
    """
    tree = sealed.parse(data)
    return {
        period: Filed(manifest.facts_of(row), stamp)
        for period, (row, stamp) in tree["files"].items()
    }


def head_key(dataset: Dataset) -> str:
    """The name of a dataset's head."""
    return f"{HEADS}/{dataset.path.as_posix()}/{_HEAD}"


def dataset_of(key: str) -> Dataset | None:
    """The dataset a head's name stands for; None if it is no head of this version."""
    parts = key.removeprefix(f"{HEADS}/").split("/")
    if parts[-1] != _HEAD:
        return None
    return names.dataset_of(parts[:-1])


def leaf_key(dataset: Dataset, period: str, item: Filed) -> str:
    """The name of a Parquet file's object."""
    suffix = PART.rpartition(".")[2]
    folder = f"{dataset.path.as_posix()}/{PERIOD}={period}"
    return f"{folder}/{item.facts.sha256}-{item.stamp}.{suffix}"


def record_key(dataset: Dataset, item: Record) -> str:
    """The name of a larger record's object."""
    return f"{record_folder(dataset)}/{item.sha256}-{item.stamp}.json"


def record_folder(dataset: Dataset) -> str:
    """The folder of a dataset's larger records."""
    return f"{META}/records/{dataset.path.as_posix()}"
