"""Bring missing data into the lake: several symbols at once, each piece committed as it comes."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from xq.clock import iso
from xq.collect import memory
from xq.collect.archive import Archive
from xq.collect.archive_plan import Segment, SourceChoice, instead, kept_from_ms, segments
from xq.collect.behind import Behind, Piece
from xq.collect.crew import each
from xq.collect.feeds import Feeds
from xq.collect.fetch import Source
from xq.collect.plan import jobs, pieces
from xq.collect.task import Collected, Task, Via
from xq.errors import CorruptFile, Interrupted, VenueError, XqError
from xq.lake import arrays, facts, store
from xq.lake.coverage import Coverage
from xq.lake.disk import after
from xq.lake.facts import Fact, What
from xq.lake.merge import conform
from xq.lake.ranges import Range, holes, intersect, subtract, union
from xq.lake.rules import refuse, validate_rows
from xq.lake.writer import LakeWriter

CHUNK = 45_000  # bars held in memory and committed together: a month of 1m
_SYMBOLS_AT_ONCE = 8
_LARGE_AT_ONCE = 4  # symbols of kinds whose pieces are large: a day of trades fills a tenth of a GB
_REQUESTS_AT_ONCE = 8
_COMMITS_AT_ONCE = 2  # of several symbols; more would not write faster


class Progress(Protocol):
    """``with progress("collecting", total=n) as bar: bar.advance(k)``."""

    def __call__(self, title: str, *, total: float | None = None) -> AbstractContextManager[Any]:
        """Start a progress bar."""


@dataclass(frozen=True, slots=True)
class Ways:
    """Where data may come from.

    Attributes
    ----------
    archive
        The bulk archive of the venue, if there is one.
    choice
        ``auto`` takes whole past days from the archive where that saves requests.
    """

    source: Source
    archive: Archive | None = None
    choice: SourceChoice = "auto"


def collect(
    ways: Ways | Source, root: Path, tasks: Sequence[Task], progress: Progress | None = None
) -> tuple[Collected, ...]:
    """Fetch what the lake at ``root`` lacks; an error of one task harms no other.

    A run that was cut short resumes: every piece is committed with the range it covers.

    Raises
    ------
    Interrupted
        If the user stopped it.
    """
    memory.keep()
    work = _Work(ways if isinstance(ways, Ways) else Ways(ways), root)
    planned = [work.plan(task) for task in tasks]
    total = sum(job.bars(plan.task.timeframe) for plan in planned for job in plan.jobs)
    busy = sum(bool(plan.jobs) for plan in planned)
    small = all(plan.task.dataset.bar is not None for plan in planned)
    at_once = _SYMBOLS_AT_ONCE if small else _LARGE_AT_ONCE
    work.feeds.at_once = max(1, _REQUESTS_AT_ONCE // max(1, min(busy, at_once)))
    with (progress or _silent)("collecting", total=total) as work.bar:
        try:
            return each(work.carry_out, planned, at_once=at_once, stop=work.stop)
        except KeyboardInterrupt:
            raise Interrupted(
                "interrupted; what was committed stays",
                hint="run the same command again: it resumes",
            ) from None


@dataclass(slots=True)
class _Plan:
    """A task under way."""

    task: Task
    jobs: tuple[Range, ...] = ()
    behind: Behind = field(init=False)
    known_until_ms: int = 0
    error: XqError | None = None
    new: int = 0
    via: dict[Via, None] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class _Work:
    """What the threads of one collect share."""

    def __init__(self, ways: Ways, root: Path) -> None:
        self.ways = ways
        self.root = root
        self.writer = LakeWriter(root)
        self.coverage = Coverage(root)
        self.stop = threading.Event()
        here = store.of(root) is store.LOCAL  # elsewhere a commit mostly waits
        self.turn = threading.Semaphore(_COMMITS_AT_ONCE if here else _SYMBOLS_AT_ONCE)
        self.feeds = Feeds(ways.source, self._advance, self.stop)
        self.bar: Any = None
        self.archive_error: VenueError | None = None

    def plan(self, task: Task) -> _Plan:
        try:
            covered = self.coverage.covered(task.dataset, task.target)
            known_until_ms = self.coverage.known_until(task.dataset)
        except XqError as error:
            return _Plan(task, error=error)
        return _Plan(task, jobs(task.target, covered, task.dataset.bar), known_until_ms)

    def carry_out(self, plan: _Plan) -> Collected:
        error = plan.error
        empty: tuple[Range, ...] = ()
        try:
            with Behind(lambda pieces: self._commit(plan, pieces), turn=self.turn) as plan.behind:
                for job in plan.jobs:
                    open_ms = job.start_ms
                    for segment in self._segments(plan.task, job):
                        open_ms = self._segment(plan, segment, job, open_ms)
            empty = self._empty(plan.task) if error is None else ()
            with _after_commits(plan):
                self._note(plan.task)
        except XqError as caught:
            error = caught
        if plan.missing:
            first, last = plan.missing[0], plan.missing[-1]
            files = first if first == last else f"{len(plan.missing)} files, {first} to {last}"
            plan.notes.append(
                f"{plan.task.symbol} {plan.task.kind}: not in the archive, taken by REST: {files}"
            )
        return Collected(plan.task, plan.new, empty, error, tuple(plan.via), plan.notes)

    def _segments(self, task: Task, job: Range) -> Iterator[Segment]:
        if self.ways.archive is None or self.ways.choice == "rest":
            yield Segment(job)
            return
        yield from segments(task.kind, task.timeframe, job, task.now_ms, self.ways.choice)

    def _segment(self, plan: _Plan, segment: Segment, job: Range, open_ms: int) -> int:
        """Bring one segment in, by other means if its file does not exist; see `_store`."""
        table = self._archived(plan, segment) if segment.period else None
        if table is not None:
            self._advance(segment.within.bars(plan.task.timeframe))
            plan.via[Via.ARCHIVE] = None
            return self._store(plan, segment.within, table, open_ms, whole=True)
        if segment.period and not self.archive_error:
            plan.missing.append(segment.period)
            for other in instead(
                plan.task.kind, plan.task.timeframe, segment, plan.task.now_ms, self.ways.choice
            ):
                open_ms = self._segment(plan, other, job, open_ms)
            return open_ms
        later = plan.known_until_ms > job.end_ms
        within = self._kept(plan, segment.within)
        open_ms = max(open_ms, within.start_ms)
        for piece in pieces(plan.task.dataset, within, plan.task.timeframe, CHUNK):
            plan.via[Via.REST] = None
            table = self.feeds.rows(plan.task, piece)
            open_ms = self._store(plan, piece, table, open_ms, whole=later)
        return open_ms

    def _kept(self, plan: _Plan, within: Range) -> Range:
        """What REST still knows of a range; of the rest nothing is claimed."""
        task = plan.task
        kept_ms = kept_from_ms(task.kind, task.timeframe, task.now_ms)
        if kept_ms is None or within.start_ms >= kept_ms or not self.feeds.forgets:
            return within
        kept = Range(min(kept_ms, within.end_ms), within.end_ms)
        self._advance((kept.start_ms - within.start_ms) / task.timeframe.ms)
        note = f"{task.symbol} {task.kind}: {task.exchange} keeps it since {iso(kept_ms)}"
        if note not in plan.notes:
            plan.notes.append(note)
        return kept

    def _archived(self, plan: _Plan, segment: Segment) -> pa.Table | None:
        """Rows of the segment's file, and what REST knows beyond it; None to do without."""
        archive = self.ways.archive
        if archive is None or segment.period is None or self.archive_error:
            return None
        self._advance(0)  # raises once the user has stopped it
        try:
            table = archive.rows(plan.task, segment.period)
        except VenueError as error:
            if self.ways.choice == "archive":
                raise
            self.archive_error = error
            plan.notes.append(f"{error.message}; the rest comes by REST")
            return None
        except CorruptFile as error:
            if self.ways.choice == "archive":
                raise
            plan.notes.append(f"{segment.period} of the archive: {error.message}; taken by REST")
            return None
        return None if table is None else self._completed(plan, segment.within, table)

    def _completed(self, plan: _Plan, within: Range, table: pa.Table) -> pa.Table:
        """A hole in a file proves nothing before the venue itself was asked."""
        spec = plan.task.dataset.spec
        rows = conform(table, spec, str(plan.task.dataset))
        ts = arrays.times(rows["ts"])
        rows = rows.filter(arrays.mask((ts >= within.start_ms) & (ts < within.end_ms)))
        bar = plan.task.dataset.bar
        if bar is None:
            return rows
        parts = [rows]
        for hole in holes(arrays.times(rows["ts"]), bar, within):
            plan.via.setdefault(Via.REST)
            self.bar.advance(-hole.bars(plan.task.timeframe))
            found = self.feeds.rows(plan.task, hole)
            parts.append(conform(found, spec, str(plan.task.dataset)))
        return pa.concat_tables(parts)

    def _store(
        self, plan: _Plan, piece: Range, table: pa.Table, open_ms: int, *, whole: bool
    ) -> int:
        """Hand one piece over for its commit; tell up to when all will be covered.

        A hole is the venue's only once a later bar is there: at the end of a range the bar may
        just not be published yet, so coverage ends with the last row received unless ``whole``; a
        trade that is told late may share that row's millisecond.
        """
        task, dataset = plan.task, plan.task.dataset
        rows = conform(table, dataset.spec, str(dataset))
        ts = arrays.times(rows["ts"])
        bar, last = dataset.bar, int(ts.max(initial=0))
        last_ms = open_ms if not len(ts) else bar.end(last) if bar else last
        end_ms = piece.end_ms if whole else last_ms
        poison = validate_rows(
            rows, dataset.spec, timeframe=dataset.bar, known_until_ms=task.now_ms
        )
        refuse(poison, where=f"{dataset}, as the venue sent it", hint="xq data check")
        covered = (Range(open_ms, end_ms),) if end_ms > open_ms else ()
        plan.behind.put(Piece(rows, covered))
        return max(end_ms, open_ms)

    def _commit(self, plan: _Plan, pieces: Sequence[Piece]) -> None:
        with _after_commits(plan):
            plan.new += self.writer.upsert(
                plan.task.dataset,
                pa.concat_tables(piece.rows for piece in pieces),
                covered=[stretch for piece in pieces for stretch in piece.covered],
                known_until_ms=plan.task.now_ms,
            ).added

    def _advance(self, steps: float) -> None:
        if self.stop.is_set():
            raise Interrupted("interrupted")
        self.bar.advance(steps)

    def _note(self, task: Task) -> None:
        """Who was asked for what, when, and what that proves."""
        none = intersect(self.coverage.venue_has_none(task.dataset), [task.target])
        said = f"asked {task.exchange}: it sent later bars and none here"
        known = [(What.VENUE_HAS_NONE, stretch, said) for stretch in none]
        new = [
            Fact(what, item.start_ms, item.end_ms, task.exchange, evidence, task.now_ms)
            for what, item, evidence in [(What.WANTED, task.target, "asked by collect"), *known]
        ]
        facts.record(self.root, task.dataset, new)

    def _empty(self, task: Task) -> tuple[Range, ...]:
        if task.dataset.bar is None:
            return ()
        none = intersect(self.coverage.venue_has_none(task.dataset), [task.target])
        covered = self.coverage.covered(task.dataset, task.target)
        return union([*none, *subtract([task.target], covered)])


def _after_commits(plan: _Plan) -> AbstractContextManager[None]:
    return after("; what was committed before stays, run it again") if plan.new else nullcontext()


@contextmanager
def _silent(_title: str, *, total: float | None = None) -> Iterator[Any]:  # noqa: ARG001
    yield _NoBar()


class _NoBar:
    def advance(self, _steps: float = 1) -> None:
        """Nothing is shown."""
