"""Damage planted in a lake on purpose, so that there is something to repair."""

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from support.torture_venue import HOUR, START

from xq.lake import layout, manifest
from xq.lake.disk import LocalDisk
from xq.lake.layout import Dataset, Leaf
from xq.lake.manifest import Entry


@dataclass(frozen=True)
class Damage:
    """One damaged file.

    Attributes
    ----------
    sha256
        Of the bytes that are no good; empty for a file that is gone.
    hours
        Those it held.
    kept
        What a repair must set aside, a name of its own for everything; empty for nothing.
    """

    path: str
    symbol: str
    sha256: str
    hours: tuple[int, ...]
    kept: str = ""

    def still_there(self) -> bool:
        """Whether the file is as the damage left it."""
        path = Path(self.path)
        if not path.exists():
            return not self.sha256
        return hashlib.sha256(path.read_bytes()).hexdigest() == self.sha256


def flip(root: Path, dataset: Dataset, leaf: Leaf, chance: random.Random) -> str:
    """Turn one bit anywhere in the file."""
    data = bytearray(leaf.path.read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    leaf.path.write_bytes(data)
    return f"{leaf.path} {hashlib.sha256(data).hexdigest()}"


def lose(root: Path, dataset: Dataset, leaf: Leaf, chance: random.Random) -> str:
    """Take the file away."""
    leaf.path.unlink()
    return ""


def poison(root: Path, dataset: Dataset, leaf: Leaf, chance: random.Random) -> str:
    """Put a row that cannot be true into the file and its checksum on record."""
    table = pq.ParquetFile(leaf.path).read()
    place, value = chance.randrange(len(table)), float(chance.randrange(1, 99))
    high = table["high"].to_pylist()
    high[place] = value
    pq.write_table(table.set_column(2, table.schema.field("high"), pa.array(high)), leaf.path)
    data = leaf.path.read_bytes()
    ts = np.asarray(table["ts"].cast(pa.int64()))
    now = manifest.facts(hashlib.sha256(data).hexdigest(), len(data), dataset, ts)
    staging = layout.staging_path(root, dataset)
    manifest.publish(LocalDisk(), root, dataset, {leaf.period: Entry(now)}, staging)
    LocalDisk().discard(staging)
    return f"{leaf.path} {place} {value}"


KINDS: dict[str, Callable[[Path, Dataset, Leaf, random.Random], str]] = {
    "flip": flip, "lose": lose, "poison": poison,
}  # fmt: skip


def plant(
    root: Path, dataset: Dataset, chance: random.Random, how: str | None = None
) -> Damage | None:
    """Damage one file of a dataset, in any way unless one is named; None if it has none."""
    leaves = layout.leaves(root, dataset)
    if not leaves:
        return None
    leaf = chance.choice(leaves)
    ts = np.asarray(pq.ParquetFile(leaf.path).read(["ts"])["ts"].cast(pa.int64()))
    kept = KINDS[how or chance.choice(list(KINDS))](root, dataset, leaf, chance)
    gone = not leaf.path.exists()
    digest = "" if gone else hashlib.sha256(leaf.path.read_bytes()).hexdigest()
    hours = tuple(((ts - START) // HOUR).tolist())
    return Damage(str(leaf.path), str(dataset.symbol), digest, hours, kept)
