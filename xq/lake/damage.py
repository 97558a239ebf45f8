"""What of a dataset a repair has to ask for again."""

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from xq.errors import CorruptFile
from xq.lake import layout, manifest, witness
from xq.lake.disk import storage_errors
from xq.lake.gaps import gaps, state_of
from xq.lake.layout import Dataset, Leaf
from xq.lake.poison.catalogue import Sick
from xq.lake.poison.rule import Severity
from xq.lake.quarantine import BadRow, cells_of
from xq.lake.ranges import Range, intersect, union
from xq.lake.reader import Lake
from xq.lake.trust import Trust
from xq.timeframe import Timeframe


@dataclass(frozen=True, slots=True)
class Damage:
    """Damage of one dataset of bars.

    Attributes
    ----------
    files
        Files that cannot be read, and why.
    rows
        Rows that cannot be true.
    missing
        Stretches that were lost, lie in such files, or were never asked for.
    """

    files: tuple[tuple[Leaf, str], ...]
    rows: tuple[BadRow, ...]
    missing: tuple[Range, ...]

    def ranges(self, bar: Timeframe) -> tuple[Range, ...]:
        """What to ask a source for, on bar edges."""
        bars = (bar.floor(row.ts_ms) for row in self.rows)
        return union([*self.missing, *(Range(ts, ts + bar.ms) for ts in bars)])

    def files_within(self, asked: Iterable[Range]) -> list[tuple[Leaf, str]]:
        """The unreadable files that an answer for these ranges may replace."""
        return [item for item in self.files if intersect([item[0].within], asked)]

    @property
    def why(self) -> str:
        """What was wrong, in one sentence."""
        parts = []
        if self.files:
            parts.append(f"{len(self.files)} unreadable files")
        if self.rows:
            parts.append("rows that break " + ", ".join(sorted({row.rule for row in self.rows})))
        if self.missing and not self.files:
            parts.append("missing bars")
        return " and ".join(parts)


def damage_of(lake: Lake, dataset: Dataset, *, now_ms: int) -> Damage:
    """Look through one dataset of bars.

    Raises
    ------
    CorruptFile
        If a ledger cannot be read.
    StorageFailed
        If the disk does not let files be read.
    """
    with storage_errors(lake.root / dataset.path, ""):
        return _found(lake, dataset, now_ms)


def _found(lake: Lake, dataset: Dataset, now_ms: int) -> Damage:
    files: list[tuple[Leaf, str]] = []
    rows: list[BadRow] = []
    with Trust(lake.root, dataset) as trust:
        for leaf in layout.leaves(lake.root, dataset):
            try:
                table, _ = trust.whole(leaf)
            except CorruptFile as error:
                files.append((leaf, error.message))
                continue
            rows += _bad_rows(lake, dataset, leaf, table, now_ms)
    found = gaps(lake, dataset, state_of(lake, dataset))
    missing = union(gap.within for gap in found if gap.whose != "venue")
    held = _held(lake, dataset, [leaf for leaf, _ in files])
    unknown = [leaf.within for leaf, _ in files if not intersect([*missing, *held], [leaf.within])]
    ends = [item for item in unknown if item.end_ms < now_ms or item.start_ms < now_ms]
    whole = [Range(max(0, item.start_ms), min(item.end_ms, now_ms)) for item in ends]
    return Damage(tuple(files), tuple(rows), union([*missing, *held, *whole]))


def _held(lake: Lake, dataset: Dataset, leaves: Iterable[Leaf]) -> list[Range]:
    """The times that damaged files reached over, as their manifest tells, asked for or not."""
    try:
        entries = manifest.load(lake.root, dataset, [leaf.period for leaf in leaves])
    except CorruptFile:
        return []
    found = []
    bar_ms = dataset.bar.ms if dataset.bar else 1
    for leaf in leaves:
        entry = entries.get(leaf.period)
        for item in (entry.now, entry.before) if entry else ():
            if item is not None:
                found.append(Range(item.first_ms, item.last_ms + bar_ms))
    return found


def _bad_rows(
    lake: Lake, dataset: Dataset, leaf: Leaf, table: pa.Table, now_ms: int
) -> list[BadRow]:
    errors: dict[int, Sick] = {}
    for sick in witness.judged(lake.root, dataset, table, leaf.within, now_ms=now_ms):
        if sick.severity is Severity.ERROR:
            errors.setdefault(sick.row, sick)
    return [
        BadRow(sick.ts_ms, row, sick.rule, sick.message, cells_of(table, row - 1))
        for row, sick in sorted(errors.items())
    ]


def is_empty(damage: Damage) -> bool:
    """Whether there is nothing to repair."""
    return not (damage.files or damage.rows or damage.missing)
