"""Which bad rows a source's answer replaces; pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from xq.clock import iso
from xq.lake import arrays
from xq.lake.layout import Dataset
from xq.lake.quarantine import BadRow, cells_of
from xq.lake.ranges import Range, intersect

_ORDER = {"duplicate", "conflict", "unsorted"}  # wrong even with true values


@dataclass(frozen=True, slots=True)
class Aside:
    """Bad rows that go, how many the source confirms, and why others stay."""

    rows: tuple[BadRow, ...]
    agreed: int
    refused: tuple[str, ...]


def set_aside(
    dataset: Dataset, bad: Sequence[BadRow], known: Sequence[Range], fresh: pa.Table, name: str
) -> Aside:
    """Judge every bad row inside the time that the source knows.

    A bar that the source lacks stays. Of trades and funding the source knows every row between
    two that it shares with the lake, so that a bad one which it lacks never was.
    """
    bar = dataset.bar
    rows_at: dict[int, list[int]] = {}
    for place, ts in enumerate(arrays.times(fresh["ts"])):
        rows_at.setdefault(int(ts), []).append(place)
    kept: list[BadRow] = []
    refused: list[str] = []
    agreed: set[tuple[int, str]] = set()
    for row in bad:
        edge = bar.floor(row.ts_ms) if bar else row.ts_ms
        if not intersect(known, [Range(edge, bar.end(edge) if bar else edge + 1)]):
            continue
        there = rows_at.get(edge, [])
        if bar and not there:
            refused.append(f"{name} has no bar at {iso(edge)}; the row stays: {row.reason}")
        elif row.rule not in _ORDER and any(row.cells == cells_of(fresh, at) for at in there):
            agreed.add((row.ts_ms, row.cells))
        else:
            kept.append(row)
    return Aside(tuple(kept), len(agreed), tuple(refused))
