"""Who can bring rows back: a venue with its bulk archive, or a file."""

import threading
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa

from xq.collect.archive_plan import Offer, Segment, instead, offer, segments
from xq.collect.feeds import Feeds
from xq.collect.run import Ways
from xq.collect.task import Task
from xq.errors import CorruptFile, VenueError
from xq.lake import arrays, layout, merge
from xq.lake.layout import Dataset
from xq.lake.ranges import Range, holes, intersect, present
from xq.timeframe import DAY_MS, Timeframe
from xq.types import Symbol

_STEPS = Timeframe.parse("1h")  # in which requests for kinds without bars are counted


@dataclass(frozen=True, slots=True)
class Given:
    """What a source says about a stretch.

    Attributes
    ----------
    rows
        Its rows inside the stretch, sorted and unique.
    known
        The parts of the stretch that it knows all of: what has no row there, has none.
    source
        Who said so.
    """

    rows: pa.Table
    known: tuple[Range, ...]
    source: str


class Donor(Protocol):
    """A source of rows.

    Attributes
    ----------
    proves
        Whether its silence between two rows proves that the venue has none there.
    notes
        What a person should know about the ways taken.
    """

    name: str
    proves: bool
    notes: list[str]

    def give(self, dataset: Dataset, stretch: Range, now_ms: int) -> Given:
        """The rows of a stretch.

        Raises
        ------
        VenueError, CorruptFile
            If the source cannot be asked.
        """


class Venue:
    """A venue: REST, and whole past days from its archive as ``xq collect`` would.

    Parameters
    ----------
    ways
        With the choice ``archive`` every day that the archive has is taken from there, however
        little of it is wanted.
    """

    def __init__(self, ways: Ways, name: str) -> None:
        self.name = name
        self.proves = True
        self.notes: list[str] = []
        self._ways = ways
        self._feeds = Feeds(ways.source, lambda _steps: None, threading.Event())
        self._used: dict[str, None] = {}

    def give(self, dataset: Dataset, stretch: Range, now_ms: int) -> Given:
        """The stretch with one bar more on each side: without those its silence proves nothing."""
        bar = dataset.bar
        wide = stretch
        if bar is not None:
            end_ms = min(bar.end(stretch.end_ms), bar.floor(now_ms))
            wide = Range(max(0, bar.shift(stretch.start_ms, -1)), end_ms)
        task = Task(
            str(dataset.exchange), Symbol.parse(str(dataset.symbol)), bar or _STEPS, wide, now_ms,
            dataset.kind,
        )  # fmt: skip
        self._used = {}
        parts = [self._part(task, segment) for segment in self._segments(task)]
        rows = _within(pa.concat_tables(parts), wide)
        inside = _within(rows, stretch)
        ts = arrays.times(rows["ts"])
        known = _known(ts, stretch, bar) if bar else (stretch,) if inside.num_rows else ()
        return Given(merge.unique(inside, dataset.spec), known, " and ".join(self._used))

    def _segments(self, task: Task) -> list[Segment]:
        wide, choice = task.target, self._ways.choice
        if self._ways.archive is None or choice == "rest":
            return [Segment(wide)]
        if choice == "archive":
            wide = _whole_files(wide, offer(task.kind, task.timeframe), task.now_ms)
        return list(segments(task.kind, task.timeframe, wide, task.now_ms, choice))

    def _part(self, task: Task, segment: Segment) -> pa.Table:
        spec = task.dataset.spec
        if segment.period is None:
            self._used[self.name] = None
            piece = intersect([segment.within], [task.target])
            found = [self._feeds.rows(task, part) for part in piece]
            return pa.concat_tables(
                [spec.schema.empty_table(), *(merge.conform(t, spec, self.name) for t in found)]
            )
        table = self._archived(task, segment.period)
        if table is None:
            rest = instead(task.kind, task.timeframe, segment, task.now_ms, self._ways.choice)
            parts = [self._part(task, part) for part in rest]
            return pa.concat_tables([spec.schema.empty_table(), *parts])
        self._used[f"{self.name} archive"] = None
        rows = _within(merge.conform(table, spec, self.name), segment.within)
        bar = task.dataset.bar
        wanted = intersect([segment.within], [task.target])
        lacking = [h for part in wanted for h in holes(_times(rows), bar, part)] if bar else []
        # A hole in a file proves nothing before the venue itself was asked.
        return pa.concat_tables([rows, *(self._part(task, Segment(hole)) for hole in lacking)])

    def _archived(self, task: Task, period: str) -> pa.Table | None:
        archive = self._ways.archive
        if archive is None:
            return None
        try:
            table = archive.rows(task, period)
        except (CorruptFile, VenueError) as error:
            if self._ways.choice == "archive":
                raise
            self._note(f"{period} of the archive: {error.message}; taken by REST")
            return None
        if table is None:
            self._note(f"{task.symbol} {task.kind}: not in the archive, taken by REST: {period}")
        return table

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


class File:
    """A file whose rows were validated as an import does it.

    Parameters
    ----------
    rows
        Of the kind of the datasets it is for.
    period
        The time that its name says it holds all of; None if it says none.
    """

    def __init__(self, rows: pa.Table, name: str, period: Range | None = None) -> None:
        self.name = name
        self.proves = False
        self.notes: list[str] = []
        self._rows = rows
        self._period = period

    def give(self, dataset: Dataset, stretch: Range, now_ms: int) -> Given:  # noqa: ARG002
        """Rows only: that a file has none somewhere proves nothing about the venue."""
        inside = merge.unique(_within(self._rows, stretch), dataset.spec)
        ts = _times(inside)
        known: tuple[Range, ...] = ()
        if len(ts):
            bar = dataset.bar
            known = present(ts, bar) if bar else intersect([stretch], [self._span()])
        return Given(inside, known, self.name)

    def _span(self) -> Range:
        if self._period is not None:
            return self._period
        ts = _times(self._rows)
        return Range(int(ts.min()), int(ts.max()) + 1)


def period_of(name: str) -> Range | None:
    """The time that a dump's name says it holds.

    Examples
    --------
    >>> str(period_of("BTCUSDT-aggTrades-2024-01-02.zip"))
    '2024-01-02T00:00:00Z to 2024-01-03T00:00:00Z'
    >>> period_of("mine.csv")
    """
    stem = name.partition(".")[0]
    for length in (10, 7):
        text = stem[-length:]
        if stem[-length - 1 : -length] == "-" and layout.is_period(text) and "-" in text:
            return layout.period_range(text)
    return None


def _whole_files(wide: Range, files: Offer, now_ms: int) -> Range:
    """The time of the files that hold a stretch, as far as it is over."""
    if not files.daily:
        first, last = (layout.period_of(ts, "M") for ts in (wide.start_ms, wide.end_ms - 1))
        start_ms, end_ms = layout.period_range(first).start_ms, layout.period_range(last).end_ms
    else:
        start_ms, end_ms = wide.start_ms // DAY_MS * DAY_MS, -(-wide.end_ms // DAY_MS) * DAY_MS
    return Range(start_ms, max(min(end_ms, now_ms // DAY_MS * DAY_MS), wide.end_ms))


def _known(ts: np.ndarray, stretch: Range, bar: Timeframe) -> tuple[Range, ...]:
    own = ts[(ts >= stretch.start_ms) & (ts < stretch.end_ms)]
    before, after = bool((ts < stretch.start_ms).any()), bool((ts >= stretch.end_ms).any())
    if not len(own):
        return (stretch,) if before and after else ()
    start = stretch.start_ms if before else int(own.min())
    return (Range(start, stretch.end_ms if after else bar.end(int(own.max()))),)


def _within(table: pa.Table, span: Range) -> pa.Table:
    ts = arrays.times(table["ts"])
    rows = np.flatnonzero((ts >= span.start_ms) & (ts < span.end_ms))
    return table if len(rows) == len(ts) else table.take(arrays.rows_at(rows))


def _times(table: pa.Table) -> np.ndarray:
    return np.sort(arrays.times(table["ts"]))
