"""Rows and files that were taken out of circulation, kept with the reason.

Rows lie in the dataset ``quarantine`` like any other, so that ``xq sql`` sees them; files that
cannot be read lie below ``.xq/quarantine``.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pyarrow as pa

from xq.lake import layout, store
from xq.lake.disk import Disk, LocalDisk, failed, is_there, storage_errors
from xq.lake.layout import Dataset, Leaf
from xq.lake.lock import held
from xq.lake.schema import kind_of
from xq.lake.writer import LakeWriter

DATASET = Dataset("quarantine")
_WAIT_SECONDS = 5.0
_PLAUSIBLE = (0, 4_102_444_800_000)  # up to 2100: other times are kept under 1970-01-01


@dataclass(frozen=True, slots=True)
class BadRow:
    """One row with the rule it breaks.

    Attributes
    ----------
    line
        Counted from 1 in its source; 0 stands for a whole file.
    cells
        The row as it was found.
    """

    ts_ms: int
    line: int
    rule: str
    reason: str
    cells: str


def cells_of(table: pa.Table, row: int) -> str:
    """A row as JSON text."""
    values = {name: table[name][row].as_py() for name in table.column_names}
    return json.dumps(values, default=_text)


def keep(
    writer: LakeWriter, about: Dataset, source: str, rows: Iterable[BadRow], *, at_ms: int
) -> int:
    """Store bad rows; the same rows of the same source are stored once. Tells how many.

    What is wrong is part of a row's key: the place may be damaged again, in another way.

    Raises
    ------
    LockHeld, StorageFailed, CorruptFile
        As `LakeWriter.upsert`.
    """
    found = list(rows)
    if not found:
        return 0
    first, last = _PLAUSIBLE
    columns: dict[str, Sequence[Any]] = {
        "ts": [row.ts_ms if first <= row.ts_ms < last else 0 for row in found],
        "dataset": [str(about)] * len(found),
        "source": [source] * len(found),
        "line": [row.line for row in found],
        "rule": [row.rule for row in found],
        "reason": [row.reason for row in found],
        "cells": [row.cells for row in found],
        "quarantined": [at_ms] * len(found),
    }
    schema = kind_of("quarantine").schema
    table = pa.table({f.name: pa.array(columns[f.name], _plain(f.type)) for f in schema})
    writer.upsert(DATASET, table)
    return len({(row.ts_ms, row.line, row.rule) for row in found})


def keep_file(root: Path, dataset: Dataset, leaf: Leaf, *, disk: Disk | None = None) -> Path:
    """A copy of a file that cannot be read, under a name its bytes give; kept once.

    Raises
    ------
    LockHeld
        If a writer is at work on the dataset.
    StorageFailed
        If the disk refuses.
    """
    disk = disk or LocalDisk()
    staging = layout.staging_path(root, dataset)
    with held(layout.lock_path(root, dataset), _WAIT_SECONDS, str(dataset)):
        try:
            data = leaf.path.read_bytes()
        except OSError as error:
            raise failed(error, leaf.path) from error
        name = f"{leaf.period}-{blake2b(data, digest_size=6).hexdigest()}.parquet"
        path = root / layout.META / "quarantine" / dataset.path / name
        try:
            with storage_errors(path):
                kept = is_there(path)
                if not kept:
                    disk.stage(staging / name, data)
                    disk.publish(staging / name, path)
        finally:
            disk.discard(staging)
    if not kept:
        store.of(root).set_aside(root, path)
    return path


def _plain(kind: pa.DataType) -> pa.DataType:
    return pa.int64() if pa.types.is_timestamp(kind) else kind


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
