"""Bring back from a source what is damaged or missing, and nothing else."""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from xq.collect.donors import Donor, Given
from xq.collect.set_aside import set_aside
from xq.lake import arrays, facts, layout, manifest, quarantine
from xq.lake.damage import BadFile, Damage
from xq.lake.disk import after, storage_errors
from xq.lake.facts import Fact, What
from xq.lake.layout import Dataset
from xq.lake.quarantine import BadRow
from xq.lake.ranges import Range, holes, intersect, subtract, union
from xq.lake.rules import refuse, validate_rows
from xq.lake.writer import LakeWriter
from xq.timeframe import DAY_MS

_BEGUN = "; what was repaired before stays, run it again"
_KEPT = "; what is bad is in quarantine and still in its place, run it again"


@dataclass(frozen=True, slots=True)
class Mended:
    """What a repair of one dataset did.

    Attributes
    ----------
    repaired
        Rows written anew from the source.
    venue_has_none
        Bars, or holes of trades and funding, proven to be the venue's own: it sent the rows
        around and none inside.
    agreed
        Suspicious rows for which the source says the same; they stay.
    quarantined
        Rows and files set aside with their reason.
    restored
        Files whose bytes are again exactly those that were committed.
    sources
        Who gave rows.
    refused
        Why something was left as it is, one sentence each.
    """

    dataset: Dataset
    repaired: int = 0
    venue_has_none: int = 0
    agreed: int = 0
    quarantined: int = 0
    restored: int = 0
    sources: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Patient:
    """A dataset with its damage and who can heal it.

    Attributes
    ----------
    now_ms
        The venue's time; later rows are not asked for.
    """

    root: Path
    dataset: Dataset
    damage: Damage
    donor: Donor
    now_ms: int


@dataclass(frozen=True, slots=True)
class _Part:
    """What one file lacks, and what the source says to it."""

    files: tuple[BadFile, ...]
    known: tuple[Range, ...]
    rows: pa.Table
    source: str


def mend(patient: Patient) -> Mended:
    """Fetch what one dataset lacks and put it in its place, file by file.

    Each file is committed before the next is asked for: a repair that was killed resumes.

    Raises
    ------
    VenueError, CorruptFile
        If the source cannot be asked.
    PoisonRows
        If it sends rows that cannot be true.
    LockHeld, StorageFailed
        As `LakeWriter.upsert`.
    """
    done = Mended(patient.dataset)
    for leaf, stretches in _by_file(patient):
        bad = tuple(file for file in patient.damage.files if file.leaf.within == leaf)
        refused: list[str] = []
        given = [_given(patient, stretch, bad, refused) for stretch in stretches]
        known = union(part for item in given for part in item.known)
        held = union(part for file in bad if file.is_readable for part in file.held)
        lost = subtract(held, known)
        if lost:
            refused = [
                f"{patient.donor.name} does not have all of {bad[0].leaf.path}, whose bytes were "
                f"changed: nothing in {lost[0]}; left as it is"
            ]
            known = ()
        done = replace(done, refused=(*done.refused, *refused))
        if known:
            rows = pa.concat_tables([item.rows for item in given])
            names = dict.fromkeys(item.source for item in given if item.known)
            part = _Part(bad, known, rows, " and ".join(names))
            began = after(_BEGUN) if done.repaired or done.quarantined else nullcontext()
            with storage_errors(patient.root / patient.dataset.path, ""), began:
                done = _commit(patient, part, done)
    return done


def _by_file(patient: Patient) -> Iterator[tuple[Range, list[Range]]]:
    """What to ask for, file by file, oldest first."""
    unit, has_bars = layout.leaf_unit(patient.dataset), patient.dataset.bar is not None
    asks = intersect(patient.damage.asks, [Range(0, patient.now_ms)])
    while asks:
        leaf = layout.period_range(layout.period_of(asks[0].start_ms, unit))
        own = list(intersect(asks, [leaf]))
        whole = next(item for item in asks if item.end_ms >= own[-1].end_ms)
        if not has_bars and whole.end_ms - whole.start_ms < DAY_MS:
            own[-1] = whole  # a hole between two files is asked for with the rows at its ends
        yield leaf, own
        asks = subtract(asks, own)


def _given(patient: Patient, stretch: Range, bad: tuple[BadFile, ...], refused: list[str]) -> Given:
    dataset, donor = patient.dataset, patient.donor
    given = donor.give(dataset, stretch, patient.now_ms)
    poison = validate_rows(
        given.rows, dataset.spec, timeframe=dataset.bar, known_until_ms=patient.now_ms
    )
    refuse(poison, where=f"{dataset}, as {given.source or donor.name} sent it")
    if not given.known or (not given.rows.num_rows and bad):
        refused.append(f"{donor.name} has nothing around {stretch}; left as it is")
        return replace(given, known=())
    rest = subtract([stretch], given.known)
    held = union(part for file in bad for part in file.held)
    if dataset.bar is None and held:
        rest = intersect(rest, held)  # between trades there is nothing to lack
    refused += [f"{donor.name} has nothing in {part}" for part in rest]
    return given


def _commit(patient: Patient, part: _Part, done: Mended) -> Mended:
    dataset, at_ms = patient.dataset, patient.now_ms
    writer = LakeWriter(patient.root)
    aside = set_aside(dataset, patient.damage.rows, part.known, part.rows, patient.donor.name)
    files = [_kept_file(patient, file) for file in part.files if file.is_kept]
    quarantine.keep(writer, dataset, "lake", [*aside.rows, *files], at_ms=at_ms)
    with after(_KEPT) if aside.rows or files else nullcontext():
        commit = writer.upsert(
            dataset, part.rows, covered=part.known, known_until_ms=at_ms,
            without=[row.ts_ms for row in aside.rows], rebuild=bool(part.files),
        )  # fmt: skip
    empty = _empty(patient, part)
    none = empty if patient.donor.proves else []
    with after("; the rows were committed, what was repaired is not on record"):
        _remember(patient, part, none, subtract(part.known, empty))
    unsaid = [] if patient.donor.proves else [f"{part.source} has nothing in {r}" for r in empty]
    bar = dataset.bar
    return replace(
        done,
        repaired=done.repaired + commit.added + commit.revised,
        venue_has_none=done.venue_has_none + sum(r.bars(bar) if bar else 1 for r in none),
        agreed=done.agreed + aside.agreed,
        quarantined=done.quarantined + len(aside.rows) + len(files),
        restored=done.restored + sum(_is_restored(patient, file) for file in part.files),
        sources=tuple(dict.fromkeys([*done.sources, part.source])),
        refused=(*done.refused, *aside.refused, *unsaid),
    )


def _remember(patient: Patient, part: _Part, none: list[Range], back: tuple[Range, ...]) -> None:
    """What the source's answer proves, and what it brought back."""
    root, dataset, at_ms = patient.root, patient.dataset, patient.now_ms
    proven = facts.of(facts.load(root, dataset), What.VENUE_HAS_NONE)
    asked = f"asked {part.source}: it sent the rows around and none here"
    new = [
        Fact(What.VENUE_HAS_NONE, hole.start_ms, hole.end_ms, part.source, asked, at_ms)
        for hole in none
    ]
    why = patient.damage.why
    new += [
        Fact(What.REPAIRED, item.start_ms, item.end_ms, part.source, why, at_ms) for item in back
    ]
    facts.record(root, dataset, new)
    facts.asked_again(root, dataset, intersect(none, proven), back, at_ms)


def _kept_file(patient: Patient, file: BadFile) -> BadRow:
    copy = quarantine.keep_file(patient.root, patient.dataset, file.leaf)
    name = str(copy.relative_to(patient.root))
    reason = f"{file.reason}; kept as {copy.name}"  # the same may befall the file once more
    return BadRow(max(0, file.leaf.within.start_ms), 0, file.wrong, reason, name)


def _is_restored(patient: Patient, file: BadFile) -> bool:
    entry = manifest.load(patient.root, patient.dataset, [file.leaf.period]).get(file.leaf.period)
    return entry is not None and entry.now.sha256 == file.sha256


def _empty(patient: Patient, part: _Part) -> list[Range]:
    """Where the source, which knows the time, has nothing."""
    bar = patient.dataset.bar
    ts = arrays.times(part.rows["ts"])
    if bar is not None:
        found = (
            holes(ts[(ts >= item.start_ms) & (ts < item.end_ms)], bar, item) for item in part.known
        )
        return [hole for group in found for hole in group]
    if part.files:
        return []
    # A hole of a tape was asked for with the rows at its ends: nothing more came than those.
    return [
        item
        for item in patient.damage.missing
        if not subtract([item], part.known)
        and not ((ts > item.start_ms) & (ts < item.end_ms - 1)).any()
    ]
