"""What is wrong in a lake: unreadable files, rows that cannot be true, gaps, leftovers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import numpy as np
import pyarrow as pa

from xq.errors import CorruptFile, LockHeld
from xq.lake import (
    arrays,
    book_gaps,
    coverage,
    folders,
    hints,
    inspect,
    layout,
    rules,
    wayout,
    witness,
)
from xq.lake.layout import Dataset, Leaf
from xq.lake.lock import held
from xq.lake.poison.catalogue import Sick
from xq.lake.poison.sheet import Sheet
from xq.lake.ranges import Range, holes, intersect, present, subtract
from xq.lake.reader import Lake
from xq.lake.schema import KINDS
from xq.lake.writer import staged_folders
from xq.timeframe import DAY_MS, Timeframe

_PER_RULE = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes
    ----------
    rule
        ``corrupt_file``, ``changed_file``, ``older_file``, ``missing_file`` (see `inspect`),
        ``gap``, ``lost_rows``, ``stray_file``, ``wrong_leaf``, ``coverage_disagrees`` or the name
        of a broken rule of `rules.validate_rows`.
    row
        Counted from 1 inside the file; None when the finding is not about a row.
    hint
        A command that helps.
    severity
        ``error``: it cannot be true. ``warning``: possible, but a person should look.
    ts
        Time of the row, or start of the stretch; None where there is none.
    rows
        Faults it stands for: 1, of "and N more rows" N.
    """

    dataset: str
    rule: str
    message: str
    path: str | None = None
    row: int | None = None
    hint: str | None = None
    severity: str = "error"
    ts: datetime | None = None
    rows: int = 1


def check(
    lake: Lake,
    *,
    now_ms: int | None = None,
    kind: str | None = None,
    warnings: bool = False,
    per_rule: int = _PER_RULE,
) -> Iterator[Finding]:
    """Findings of every dataset, then of the folders around them; none for a sound lake.

    Parameters
    ----------
    now_ms
        The present; None does not look for unfinished bars and rows from the future.
    warnings
        Whether rows that are suspicious but possible are told as well.
    per_rule
        See `check_dataset`.

    Raises
    ------
    UnknownName
        If there is no such kind.
    """
    for dataset in inspect.recorded(lake.root, kind):
        for finding in check_dataset(lake, dataset, now_ms=now_ms, per_rule=per_rule):
            if warnings or finding.severity == "error":
                yield finding
    yield from _strays(lake.root, kind)


def check_dataset(
    lake: Lake,
    dataset: Dataset,
    *,
    now_ms: int | None = None,
    reference: Sheet | None = None,
    per_rule: int = _PER_RULE,
) -> Iterator[Finding]:
    """Findings of one dataset: its files, its rows, its gaps, its ledger.

    Parameters
    ----------
    reference
        The same series from a source that is trusted.
    per_rule
        Rows told one by one per file and rule; the others are counted.
    """
    times: list[np.ndarray] = []
    unreadable: list[Range] = []
    fault = inspect.manifest_fault(lake.root, dataset)
    if fault is not None:
        yield Finding(str(dataset), "corrupt_file", fault.message, fault.where, hint=fault.hint)
    for file in inspect.files(lake.root, dataset):
        leaf, table = file.leaf, file.rows
        if file.wrong is not None:
            hint = wayout.repair_command(dataset)
            yield Finding(str(dataset), file.wrong, file.message, str(leaf.path), hint=hint)
        if table is None:
            unreadable.append(leaf.within)
            continue
        if witness.can_judge(dataset):
            sick = witness.judged(
                lake.root, dataset, table, leaf.within, now_ms=now_ms, reference=reference
            )
            yield from told(str(dataset), str(leaf.path), sick, per_rule)
        else:
            found = rules.validate_rows(
                table, dataset.spec, timeframe=dataset.bar, known_until_ms=now_ms, ordered=True
            )
            yield from _summarised(dataset, leaf.path, found, table, per_rule)
        ts = arrays.times(table["ts"])
        yield from _misplaced(dataset, leaf, ts)
        times.append(ts)
    try:
        ledger = coverage.load(lake.root, dataset)
    except CorruptFile as error:
        yield Finding(str(dataset), "corrupt_file", error.message, error.where, hint=error.hint)
        return
    if dataset.kind == "book_diff" and not unreadable:
        yield from _unrecorded(lake, dataset)
    if dataset.bar is not None and dataset.spec.key == ("ts",):
        ts = np.unique(np.concatenate(times)) if times else np.empty(0, np.int64)
        yield from _gaps(dataset, ts, ledger, unreadable)


def told(
    dataset: str, path: str, found: Iterable[Sick], per_rule: int = _PER_RULE
) -> Iterator[Finding]:
    """Sick rows as findings by rule; rows beyond ``per_rule`` of one rule are counted."""
    ordered = sorted(found, key=lambda sick: (sick.rule, sick.row))
    for rule, group in groupby(ordered, key=lambda sick: sick.rule):
        rows = list(group)
        shown = _shown(len(rows), per_rule)
        for sick in rows[:shown]:
            yield Finding(
                dataset, rule, sick.message, path, sick.row,
                severity=sick.severity.value,
                ts=moment(sick.ts_ms) if sick.ts_ms else None,
            )  # fmt: skip
        yield from _more(dataset, rule, path, len(rows) - shown, rows[0].severity.value)


def _summarised(
    dataset: Dataset, path: Path, found: list[rules.Poison], table: pa.Table, per_rule: int
) -> Iterator[Finding]:
    ordered = sorted(found, key=lambda poison: (poison.rule, poison.row))
    for rule, group in groupby(ordered, key=lambda poison: poison.rule):
        rows = list(group)
        shown = _shown(len(rows), per_rule)
        for poison in rows[:shown]:
            ts = table["ts"][poison.row - 1].as_py()
            yield Finding(str(dataset), rule, poison.message, str(path), poison.row, ts=ts)
        yield from _more(str(dataset), rule, str(path), len(rows) - shown, "error")


def _shown(rows: int, per_rule: int) -> int:
    """Rows told one by one; a single one left over is told rather than counted."""
    return rows if rows <= per_rule + 1 else per_rule


def _more(dataset: str, rule: str, path: str, rows: int, severity: str) -> Iterator[Finding]:
    if rows:
        yield Finding(dataset, rule, f"and {rows} more rows", path, severity=severity, rows=rows)


def moment(ts_ms: int) -> datetime | None:
    """A time as findings tell it; None for one that no calendar has."""
    try:
        return datetime.fromtimestamp(ts_ms / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _misplaced(dataset: Dataset, leaf: Leaf, ts: np.ndarray) -> Iterator[Finding]:
    wanted = {period for period, _, _ in layout.split(dataset, np.sort(ts))}
    if len(ts) and wanted != {leaf.period}:
        message = f"its rows belong to period {', '.join(sorted(wanted)[:3])}"
        yield Finding(str(dataset), "wrong_leaf", message, str(leaf.path))


def _gaps(
    dataset: Dataset, ts: np.ndarray, ledger: coverage.Ledger, unreadable: list[Range]
) -> Iterator[Finding]:
    bar = dataset.bar
    if bar is None:
        return
    stored = present(ts, bar)
    for wrong in intersect(ledger.empty, stored):
        message = f"the ledger says the venue has no bars from {wrong}, the files hold some"
        yield Finding(str(dataset), "coverage_disagrees", message, ts=moment(wrong.start_ms))
    explained = [*ledger.empty, *unreadable]
    lost = subtract(ledger.covered, [*stored, *explained])
    for item in lost:
        if item.bars(bar):
            message = f"fetched once, not in the files: {_count(item, bar)}"
            hint = hints.collect_command(dataset, item.start_ms, item.end_ms)
            yield Finding(str(dataset), "lost_rows", message, hint=hint, ts=moment(item.start_ms))
    for item in subtract(holes(ts, bar), [*explained, *lost]):
        message = f"missing and never asked for: {_count(item, bar)}"
        hint = hints.collect_command(dataset, item.start_ms, item.end_ms)
        yield Finding(str(dataset), "gap", message, hint=hint, ts=moment(item.start_ms))


def _unrecorded(lake: Lake, dataset: Dataset) -> Iterator[Finding]:
    """Changes missing between two files; inside one its rows tell."""
    for item in book_gaps.stored_breaks(lake.root, dataset):
        if item.within.start_ms // DAY_MS == item.within.end_ms // DAY_MS:
            continue
        number = "changes" if item.missing is None else f"{item.missing} changes"
        message = f"{number} after update {item.after_id} are missing, {item.within}"
        yield Finding(str(dataset), "book_gap", message, hint="xq data gaps --kind book_diff",
                      severity="warning", ts=moment(item.within.start_ms))  # fmt: skip


def _count(stretch: Range, bar: Timeframe) -> str:
    bars = stretch.bars(bar)
    return f"{bars} {'bar' if bars == 1 else 'bars'}, {stretch}"


def _strays(root: Path, kind: str | None) -> Iterator[Finding]:
    for name in (kind,) if kind else sorted(KINDS):
        known = {
            leaf.path for item in layout.datasets(root, name) for leaf in layout.leaves(root, item)
        }
        for path in map(Path, folders.below(f"{root}/{name}")):
            if path not in known:
                yield Finding(name, "stray_file", "no file that xq writes", str(path))
    for folder in staged_folders(root):
        try:
            with held(root / layout.META / "locks" / f"{folder.name}.lock", 0.0, folder.name):
                files = list(folders.below(str(folder)))
        except LockHeld:
            continue  # a writer is at work there
        for left in files:
            message = "left by a writer that was killed; the next write removes it"
            yield Finding(folder.name, "stray_file", message, left)
