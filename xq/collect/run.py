"""Bring missing bars into the lake: several symbols at once, each chunk committed as it comes."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from xq.collect.crew import each
from xq.collect.fetch import Source, fetch
from xq.collect.plan import chunks, jobs
from xq.errors import Interrupted, XqError
from xq.lake import facts
from xq.lake.coverage import Coverage
from xq.lake.facts import Fact, What
from xq.lake.layout import Dataset
from xq.lake.ranges import Range, intersect, subtract, union
from xq.lake.rules import refuse, validate_rows
from xq.lake.writer import LakeWriter
from xq.timeframe import Timeframe
from xq.types import Symbol

CHUNK = 10_000  # bars held in memory and committed together
_AT_ONCE = 4


class Progress(Protocol):
    """``with progress("collecting", total=n) as bar: bar.advance(k)``."""

    def __call__(self, title: str, *, total: float | None = None) -> AbstractContextManager[Any]:
        """Start a progress bar."""


@dataclass(frozen=True, slots=True)
class Task:
    """One symbol to bring up to date.

    Attributes
    ----------
    target
        Closed bars wanted, on bar edges.
    now_ms
        The venue's time when this was decided.
    """

    exchange: str
    symbol: Symbol
    timeframe: Timeframe
    target: Range
    now_ms: int

    @property
    def dataset(self) -> Dataset:
        """Where the bars go."""
        return Dataset("ohlcv", self.exchange, str(self.symbol), self.timeframe.name)


@dataclass(frozen=True, slots=True)
class Collected:
    """What became of one task.

    Attributes
    ----------
    new
        Bars that were not stored before; kept even when an error came later.
    empty
        Stretches of the target that the venue has no bars for.
    """

    task: Task
    new: int
    empty: tuple[Range, ...] = ()
    error: XqError | None = None


def collect(
    source: Source, root: Path, tasks: Sequence[Task], progress: Progress | None = None
) -> tuple[Collected, ...]:
    """Fetch what the lake at ``root`` lacks; an error of one task harms no other.

    A run that was cut short resumes: every chunk is committed with the range it covers.

    Raises
    ------
    Interrupted
        If the user stopped it.
    """
    work = _Work(source, root)
    planned = [work.plan(task) for task in tasks]
    total = sum(job.bars(plan.task.timeframe) for plan in planned for job in plan.jobs)
    with (progress or _silent)("collecting", total=total) as bar:
        work.bar = bar
        try:
            return each(work.carry_out, planned, at_once=_AT_ONCE, stop=work.stop)
        except KeyboardInterrupt:
            raise Interrupted(
                "interrupted; what was committed stays",
                hint="run the same command again: it resumes",
            ) from None


@dataclass(frozen=True, slots=True)
class _Plan:
    task: Task
    jobs: tuple[Range, ...] = ()
    known_until_ms: int = 0
    error: XqError | None = None


class _Work:
    """What the threads of one collect share."""

    def __init__(self, source: Source, root: Path) -> None:
        self.source = source
        self.root = root
        self.writer = LakeWriter(root)
        self.coverage = Coverage(root)
        self.stop = threading.Event()
        self.bar: Any = None

    def plan(self, task: Task) -> _Plan:
        try:
            covered = self.coverage.covered(task.dataset)
        except XqError as error:
            return _Plan(task, error=error)
        known_until_ms = max((known.end_ms for known in covered), default=0)
        return _Plan(task, jobs(task.target, covered, task.timeframe), known_until_ms)

    def carry_out(self, plan: _Plan) -> Collected:
        new = 0
        error = plan.error
        try:
            for job in plan.jobs:
                open_ms = job.start_ms
                later = plan.known_until_ms > job.end_ms
                for piece in chunks(job, plan.task.timeframe, CHUNK):
                    open_ms, added = self._bring(plan.task, piece, open_ms, later)
                    new += added
            empty = self._empty(plan.task) if error is None else ()
            self._note(plan.task)
        except XqError as caught:
            error, empty = caught, ()
        return Collected(plan.task, new, empty, error)

    def _bring(self, task: Task, piece: Range, open_ms: int, later: bool) -> tuple[int, int]:
        """Fetch and commit one piece; tell up to when all is covered, and the bars added.

        A hole is the venue's only once a later bar is there: at the end of a range the bar may
        just not be published yet, so coverage ends with the last bar received.
        """
        rows = fetch(self.source, task.symbol, task.timeframe, piece, self._advance)
        last_ms = int(rows[-1, 0]) + task.timeframe.ms if len(rows) else open_ms
        end_ms = piece.end_ms if later else last_ms
        table = _table(rows)
        poison = validate_rows(table, timeframe=task.timeframe, known_until_ms=task.now_ms)
        refuse(poison, where=f"{task.dataset}, as the venue sent it", hint="xq data check")
        covered = [Range(open_ms, end_ms)] if end_ms > open_ms else []
        commit = self.writer.upsert(
            task.dataset, table, covered=covered, known_until_ms=task.now_ms
        )
        return end_ms, commit.added

    def _advance(self, bars: float) -> None:
        if self.stop.is_set():
            raise Interrupted("interrupted")
        self.bar.advance(bars)

    def _note(self, task: Task) -> None:
        """Who was asked for what, when, and what that proves."""
        none = intersect(self.coverage.venue_has_none(task.dataset), [task.target])
        said = f"asked {task.exchange}: it sent later bars and none here"
        known = [(What.WANTED, task.target, "asked by collect")]
        known += [(What.VENUE_HAS_NONE, stretch, said) for stretch in none]
        new = [
            Fact(what, item.start_ms, item.end_ms, task.exchange, evidence, task.now_ms)
            for what, item, evidence in known
        ]
        facts.record(self.root, task.dataset, new)

    def _empty(self, task: Task) -> tuple[Range, ...]:
        none = intersect(self.coverage.venue_has_none(task.dataset), [task.target])
        return union([*none, *subtract([task.target], self.coverage.covered(task.dataset))])


def _table(rows: np.ndarray) -> Any:
    import pyarrow as pa

    names = ("open", "high", "low", "close", "volume")
    columns = {name: rows[:, place] for place, name in enumerate(names, start=1)}
    return pa.table({"ts": rows[:, 0].astype(np.int64), **columns})


@contextmanager
def _silent(_title: str, *, total: float | None = None) -> Iterator[Any]:  # noqa: ARG001
    yield _NoBar()


class _NoBar:
    def advance(self, _steps: float = 1) -> None:
        """Nothing is shown."""
