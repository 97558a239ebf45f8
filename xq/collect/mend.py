"""Bring back from a source what is damaged or missing, and nothing else."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from xq.clock import iso
from xq.collect.fetch import Source, fetch
from xq.collect.plan import pieces
from xq.lake import arrays, facts, quarantine
from xq.lake.damage import Damage
from xq.lake.disk import after, storage_errors
from xq.lake.facts import Fact, What
from xq.lake.layout import Dataset
from xq.lake.quarantine import BadRow
from xq.lake.ranges import Range, holes, intersect, subtract, union
from xq.lake.rules import refuse, validate_rows
from xq.lake.writer import LakeWriter
from xq.timeframe import Timeframe
from xq.types import Symbol

_CHUNK = 10_000  # bars asked for and held at once
_ORDER = {"duplicate", "conflict", "unsorted"}  # wrong even with true values
_FIELDS = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True)
class Mended:
    """What a repair of one dataset did; counts are bars unless named otherwise.

    Attributes
    ----------
    repaired
        Written anew from the source.
    venue_has_none
        Proven to be the venue's own gap: it sent the bars around and none inside.
    agreed
        Suspicious rows for which the source says the same; they stay.
    quarantined
        Rows and files set aside with their reason.
    refused
        Why something was left as it is, one sentence each.
    """

    dataset: Dataset
    repaired: int = 0
    venue_has_none: int = 0
    agreed: int = 0
    quarantined: int = 0
    refused: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Patient:
    """A dataset with its damage and who can heal it.

    Attributes
    ----------
    now_ms
        The venue's time; later bars are not asked for.
    """

    root: Path
    dataset: Dataset
    damage: Damage
    source: Source
    name: str
    now_ms: int

    @property
    def bar(self) -> Timeframe:
        """The bar length."""
        return Timeframe.parse(str(self.dataset.timeframe))


def mend(patient: Patient) -> Mended:
    """Fetch the damaged and missing bars of one dataset and put them in their place.

    The bar before and the bar after each stretch are asked for as well: a source that does not
    send them knows nothing of that time, and its silence proves nothing.

    Raises
    ------
    VenueError
        If the source cannot be asked.
    PoisonRows
        If it sends rows that cannot be true.
    LockHeld, StorageFailed
        As `LakeWriter.upsert`.
    """
    asked = union(intersect(patient.damage.ranges(patient.bar), [Range(0, patient.now_ms)]))
    refused: list[str] = []
    answers: list[tuple[Range, pa.Table]] = []
    for stretch in asked:
        rows, known = _ask(patient, stretch)
        if known is None or (not rows.num_rows and patient.damage.files_within([stretch])):
            refused.append(f"{patient.name} has nothing around {stretch}; left as it is")
            continue
        answers.append((known, rows))
        refused += [
            f"{patient.name} has nothing in {rest}" for rest in subtract([stretch], [known])
        ]
    if not answers:
        return Mended(patient.dataset, refused=tuple(refused))
    fresh = pa.concat_tables([rows for _, rows in answers])
    with storage_errors(patient.root / patient.dataset.path, ""):
        return _commit(patient, [known for known, _ in answers], fresh, refused)


def _ask(patient: Patient, stretch: Range) -> tuple[pa.Table, Range | None]:
    """The bars of a stretch, and the part of it that the source knows; None for nothing."""
    bar = patient.bar
    wide = Range(stretch.start_ms - bar.ms, min(stretch.end_ms + bar.ms, bar.floor(patient.now_ms)))
    symbol = Symbol.parse(str(patient.dataset.symbol))
    pages = [
        fetch(patient.source, symbol, bar, piece, lambda _bars: None)
        for piece in pieces(patient.dataset, wide, bar, _CHUNK)
    ]
    rows = np.concatenate(pages) if pages else np.empty((0, 6))
    ts = rows[:, 0].astype(np.int64)
    inside = (ts >= stretch.start_ms) & (ts < stretch.end_ms)
    table = _table(rows[inside])
    poison = validate_rows(table, timeframe=bar, known_until_ms=patient.now_ms)
    refuse(poison, where=f"{patient.dataset}, as {patient.name} sent it")
    before, after = bool((ts < stretch.start_ms).any()), bool((ts >= stretch.end_ms).any())
    if not inside.any():
        return table, stretch if before and after else None
    own = ts[inside]
    start = stretch.start_ms if before else int(own[0])
    end = stretch.end_ms if after else int(own[-1]) + bar.ms
    return table, Range(start, end)


def _commit(patient: Patient, asked: list[Range], fresh: pa.Table, refused: list[str]) -> Mended:
    writer = LakeWriter(patient.root)
    ts = arrays.times(fresh["ts"])
    kept, agreed = _to_set_aside(patient, asked, fresh, refused)
    where = patient.damage.files_within(asked)
    for leaf, reason in where:
        copy = quarantine.keep_file(patient.root, patient.dataset, leaf)
        name = str(copy.relative_to(patient.root))
        start = max(0, leaf.within.start_ms)
        kept.append(BadRow(start, 0, "corrupt_file", f"{reason}; kept as {copy.name}", name))
    at_ms = patient.now_ms
    quarantine.keep(writer, patient.dataset, "lake", kept, at_ms=at_ms)
    removed = [row.ts_ms for row in kept if row.line]
    if len(ts):
        writer.upsert(
            patient.dataset, fresh, covered=asked, known_until_ms=at_ms, without=removed,
            rebuild=bool(where),
        )  # fmt: skip
    else:
        writer.upsert(patient.dataset, fresh, covered=asked, known_until_ms=at_ms)
    none = [hole for item in asked for hole in holes(_inside(ts, item), patient.bar, item)]
    back = subtract(asked, none)
    with after("; the rows were committed, what was repaired is not on record"):
        proven, healed = _proven(patient, none), _healed(patient, back)
        facts.record(patient.root, patient.dataset, [*proven, *healed])
    return Mended(
        patient.dataset,
        repaired=len(ts) - agreed,
        venue_has_none=sum(item.bars(patient.bar) for item in none),
        agreed=agreed,
        quarantined=len(kept),
        refused=tuple(refused),
    )


def _to_set_aside(
    patient: Patient, asked: list[Range], fresh: pa.Table, refused: list[str]
) -> tuple[list[BadRow], int]:
    """Bad rows that the source replaces, and how many it agrees with."""
    known = {int(ts): row for row, ts in enumerate(arrays.times(fresh["ts"]))}
    kept: list[BadRow] = []
    agreed: set[int] = set()
    for bad in patient.damage.rows:
        edge = patient.bar.floor(bad.ts_ms)
        if not intersect(asked, [Range(edge, edge + patient.bar.ms)]):
            continue
        if edge not in known:
            refused.append(f"{patient.name} has no bar at {iso(edge)}; the row stays: {bad.reason}")
        elif bad.rule not in _ORDER and bad.cells == quarantine.cells_of(fresh, known[edge]):
            agreed.add(bad.ts_ms)
        else:
            kept.append(bad)
    return kept, len(agreed)


def _proven(patient: Patient, none: list[Range]) -> list[Fact]:
    evidence = f"asked {patient.name}: it sent the bars around and none here"
    return [
        Fact(What.VENUE_HAS_NONE, r.start_ms, r.end_ms, patient.name, evidence, patient.now_ms)
        for r in none
    ]


def _healed(patient: Patient, back: tuple[Range, ...]) -> list[Fact]:
    evidence = patient.damage.why
    return [
        Fact(What.REPAIRED, r.start_ms, r.end_ms, patient.name, evidence, patient.now_ms)
        for r in back
    ]


def _inside(ts: np.ndarray, within: Range) -> np.ndarray:
    return ts[(ts >= within.start_ms) & (ts < within.end_ms)]


def _table(rows: np.ndarray) -> pa.Table:
    columns = {name: rows[:, place] for place, name in enumerate(_FIELDS, start=1)}
    ts = pa.array(rows[:, 0].astype(np.int64)).cast(pa.timestamp("ms", "UTC"))
    return pa.table({"ts": ts, **columns})
