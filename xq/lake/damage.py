"""What of a dataset a repair has to ask for again."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from xq.lake import arrays, inspect, rules, witness
from xq.lake.disk import storage_errors
from xq.lake.gaps import gaps, state_from
from xq.lake.inspect import CHANGED, GONE, OLDER, Inspected
from xq.lake.layout import Dataset, Leaf
from xq.lake.poison.catalogue import Sick
from xq.lake.poison.rule import Severity
from xq.lake.quarantine import BadRow, cells_of
from xq.lake.ranges import Range, intersect, present, union
from xq.lake.reader import Lake
from xq.timeframe import Timeframe


@dataclass(frozen=True, slots=True)
class BadFile:
    """A file that is not what was committed.

    Attributes
    ----------
    wrong, reason
        See `inspect.Inspected`.
    held
        The time its rows fill, as far as the manifest, else the file itself, tells.
    sha256
        Of the committed bytes; None where that is not on record.
    """

    leaf: Leaf
    wrong: str
    reason: str
    held: tuple[Range, ...] = ()
    sha256: str | None = None

    @property
    def is_readable(self) -> bool:
        """Whether its rows can be seen, so that they must not be lost."""
        return self.wrong in (CHANGED, OLDER)

    @property
    def is_kept(self) -> bool:
        """Whether a copy goes into quarantine; an older version was true once, its rows stay."""
        return self.wrong not in (GONE, OLDER)


@dataclass(frozen=True, slots=True)
class Damage:
    """Damage of one dataset.

    Attributes
    ----------
    files
        Files that are unreadable, changed or gone.
    rows
        Rows that cannot be true.
    missing
        Stretches that were lost, lie in such files, or were never asked for.
    asks
        What to ask a source for: bar edges, or from one sound row to the next.
    """

    files: tuple[BadFile, ...]
    rows: tuple[BadRow, ...]
    missing: tuple[Range, ...]
    asks: tuple[Range, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to repair."""
        return not (self.files or self.rows or self.asks)

    @property
    def why(self) -> str:
        """What was wrong, in one sentence."""
        parts = [
            f"{name.replace('_', ' ')}" for name in sorted({file.wrong for file in self.files})
        ]
        if self.rows:
            parts.append("rows that break " + ", ".join(sorted({row.rule for row in self.rows})))
        if self.missing and not self.files:
            parts.append("missing rows")
        return " and ".join(parts)


def damage_of(lake: Lake, dataset: Dataset, *, now_ms: int, again: bool = False) -> Damage:
    """Look through one dataset, each file once and one at a time.

    Parameters
    ----------
    again
        Whether what the venue was found not to have is asked for once more.

    Raises
    ------
    CorruptFile
        If a ledger cannot be read.
    StorageFailed
        If the disk does not let files be read.
    """
    from xq.lake.damage_tape import damage_of_tape

    with storage_errors(lake.root / dataset.path, ""):
        if dataset.bar is None:
            return damage_of_tape(lake, dataset, now_ms=now_ms, again=again)
        return _damage_of_bars(lake, dataset, dataset.bar, now_ms, again=again)


def _damage_of_bars(
    lake: Lake, dataset: Dataset, bar: Timeframe, now_ms: int, *, again: bool
) -> Damage:
    bad: list[BadFile] = []
    rows: list[BadRow] = []

    def looked_at() -> Iterator[Inspected]:
        for file in inspect.files(lake.root, dataset):
            if file.wrong is not None:
                bad.append(bad_file(file, dataset))
            if file.wrong in (None, OLDER):
                rows.extend(bad_rows(lake, dataset, file, now_ms))
            yield file

    state = state_from(lake, dataset, looked_at())
    absent = gaps(lake, dataset, state)
    missing = union(gap.within for gap in absent if again or gap.whose != "venue")
    missing = union([*missing, *(part for file in bad for part in _unknown(file, missing))])
    missing = intersect(missing, [Range(0, bar.floor(now_ms))])
    edges = (bar.floor(row.ts_ms) for row in rows)
    asks = union([*missing, *(Range(ts, bar.end(ts)) for ts in edges)])
    return Damage(tuple(bad), tuple(rows), missing, asks)


def bad_file(file: Inspected, dataset: Dataset) -> BadFile:
    """What is known of a file that is not sound."""
    facts = file.committed
    held: tuple[Range, ...] = ()
    if facts is not None:
        end_ms = dataset.bar.end(facts.last_ms) if dataset.bar else facts.last_ms + 1
        held = facts.stretches or (Range(facts.first_ms, end_ms),)
    elif file.rows is not None and file.rows.num_rows:
        held = _held(file.rows, dataset.bar)
    digest = None if facts is None else facts.sha256
    return BadFile(file.leaf, str(file.wrong), file.message, held, digest)


def bad_rows(lake: Lake, dataset: Dataset, file: Inspected, now_ms: int) -> list[BadRow]:
    """Rows of one sound file that cannot be true."""
    table = file.rows
    errors: dict[int, Sick] = {}
    if table is None:
        return []
    if witness.can_judge(dataset):
        found = witness.judged(lake.root, dataset, table, file.leaf.within, now_ms=now_ms)
        for sick in found:
            if sick.severity is Severity.ERROR:
                errors.setdefault(sick.row, sick)
    else:
        for poison in rules.validate_rows(
            table, dataset.spec, timeframe=dataset.bar, known_until_ms=now_ms, ordered=True
        ):
            ts = int(arrays.times(table["ts"].slice(poison.row - 1, 1))[0])
            sick = Sick(poison.row, ts, poison.rule, Severity.ERROR, poison.message)
            errors.setdefault(poison.row, sick)
    return [
        BadRow(sick.ts_ms, row, sick.rule, sick.message, cells_of(table, row - 1))
        for row, sick in sorted(errors.items())
    ]


def _unknown(file: BadFile, missing: Iterable[Range]) -> Iterable[Range]:
    """What a bad file held; of one that nothing is known of, all it may hold."""
    if file.held:
        return file.held
    return () if intersect(missing, [file.leaf.within]) else (file.leaf.within,)


def _held(table: pa.Table, bar: Timeframe | None) -> tuple[Range, ...]:
    ts = arrays.times(table["ts"])
    if bar is None:
        return (Range(int(ts.min()), int(ts.max()) + 1),)
    edges = sorted({bar.floor(int(at)) for at in ts})
    return present(np.array(edges, np.int64), bar)
