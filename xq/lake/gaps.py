"""Every stretch without bars, whose it is, and what proves it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from xq.errors import CorruptFile
from xq.lake import arrays, coverage, facts, inspect, layout
from xq.lake.facts import Fact, What
from xq.lake.inspect import Inspected
from xq.lake.layout import Dataset
from xq.lake.ranges import Range, intersect, present, subtract, union
from xq.lake.reader import Lake
from xq.lake.wayout import repair_command
from xq.timeframe import Timeframe

_NAMED = 3  # symbols named as evidence before they are counted


@dataclass(frozen=True, slots=True)
class Gap:
    """One stretch without bars.

    Attributes
    ----------
    missing
        Bars that are absent, or updates of an order book; None where nothing tells how many.
    whose
        ``venue``: it has none, verified. ``lost``: fetched once, no longer in the files.
        ``damaged``: inside a file that is unreadable, changed or gone. ``unasked``: nobody asked
        a venue. ``unrecorded``: changes of an order book that no recording holds.
    verified_ms
        When that was proven; None if it was not.
    again_ms
        When it was last asked again and still had none; None if never.
    hint
        A command that helps; None where nothing can be done.
    """

    dataset: Dataset
    within: Range
    missing: int | None
    whose: str
    evidence: str
    verified_ms: int | None = None
    hint: str | None = None
    again_ms: int | None = None


@dataclass(frozen=True, slots=True)
class State:
    """What a dataset's files and ledgers say together; ranges of time.

    Attributes
    ----------
    stored
        Stretches with bars.
    damaged
        What files that are unreadable, changed or gone may hold.
    """

    stored: tuple[Range, ...]
    damaged: tuple[Range, ...]
    ledger: coverage.Ledger
    facts: tuple[Fact, ...]


def state_of(lake: Lake, dataset: Dataset) -> State:
    """Read what is stored and known of a dataset of bars."""
    return state_from(lake, dataset, inspect.files(lake.root, dataset))


def state_from(lake: Lake, dataset: Dataset, files: Iterable[Inspected]) -> State:
    """`state_of` for a caller that has read the files."""
    times, damaged = [np.empty(0, np.int64)], []
    for file in files:
        if file.wrong is None and file.rows is not None:
            times.append(arrays.times(file.rows["ts"]))
        else:
            damaged.append(file.leaf.within)
    bar = dataset.bar
    ts = np.unique(np.concatenate(times))
    ts = ts[bar.floor(ts) == ts] if bar else ts
    return State(
        present(ts, bar) if bar else (),
        tuple(damaged),
        coverage.load(lake.root, dataset),
        facts.load(lake.root, dataset),
    )


def gaps(lake: Lake, dataset: Dataset, state: State | None = None) -> Iterator[Gap]:
    """Every gap of a dataset of bars, oldest first.

    Raises
    ------
    CorruptFile
        If a ledger cannot be read.
    """
    bar = dataset.bar
    if bar is None or dataset.spec.key != ("ts",):
        return
    state = state or state_of(lake, dataset)
    wanted = facts.of(state.facts, What.WANTED)
    ends = union([*state.stored, *state.ledger.covered, *wanted])
    if not ends:
        return
    span = Range(ends[0].start_ms, ends[-1].end_ms)
    absent = subtract([span], state.stored)
    damaged = intersect(absent, state.damaged)
    venue = subtract(intersect(absent, state.ledger.empty), damaged)
    lost = subtract(intersect(absent, state.ledger.covered), [*venue, *damaged])
    unasked = subtract(absent, [*venue, *lost, *damaged])
    found: list[Gap] = []
    for part in venue:
        found += _venue(dataset, part, state)
    repair = repair_command(dataset)
    for whose, ranges, evidence in (
        ("damaged", damaged, "inside a file that is unreadable, changed or gone"),
        ("lost", lost, "fetched once, not in the files"),
    ):
        found += [Gap(dataset, r, r.bars(bar), whose, evidence, None, repair) for r in ranges]
    beside = _Beside(lake, dataset)
    found += [
        Gap(dataset, r, r.bars(bar), "unasked", beside.evidence(r), None, repair) for r in unasked
    ]
    yield from sorted((gap for gap in found if gap.missing), key=lambda gap: gap.within)


def _venue(dataset: Dataset, part: Range, state: State) -> Iterator[Gap]:
    bar = Timeframe.parse(str(dataset.timeframe))
    rest: tuple[Range, ...] = (part,)
    for fact in state.facts:
        if fact.what is not What.VENUE_HAS_NONE:
            continue
        for shared in intersect(rest, [fact.within]):
            bars = shared.bars(bar)
            yield Gap(
                dataset, shared, bars, "venue", fact.evidence, fact.at_ms, again_ms=fact.again_ms
            )
        rest = subtract(rest, [fact.within])
    for item in rest:
        evidence = "the venue was asked and sent later bars, none here; date not recorded"
        yield Gap(dataset, item, item.bars(bar), "venue", evidence)


class _Beside:
    """What the other symbols of the venue have in a gap; read once, only if it is asked."""

    def __init__(self, lake: Lake, dataset: Dataset) -> None:
        self._lake, self._dataset = lake, dataset
        self._stored: dict[str, tuple[Range, ...]] | None = None

    def evidence(self, within: Range) -> str:
        """One sentence about the other symbols."""
        have: list[str] = []
        lack: list[str] = []
        for symbol, stored in self._others().items():
            around = stored and stored[0].start_ms < within.start_ms < stored[-1].start_ms
            if around:
                (have if intersect(stored, [within]) else lack).append(symbol)
        if have:
            return f"never asked for; {_names(have)} traded then"
        if lack:
            return f"never asked for; {_names(lack)} {_verb(lack)} none then either"
        return "never asked for"

    def _others(self) -> dict[str, tuple[Range, ...]]:
        if self._stored is None:
            self._stored = {}
            own = self._dataset
            for other in layout.datasets(self._lake.root, own.kind):
                alike = (other.exchange, other.timeframe) == (own.exchange, own.timeframe)
                if alike and other.symbol and other.symbol != own.symbol and other.bar:
                    ts = self._times(other)
                    self._stored[other.symbol] = present(ts, other.bar)
        return self._stored

    def _times(self, other: Dataset) -> np.ndarray:
        try:
            return coverage.stored_times(self._lake.root, other)
        except CorruptFile:
            return np.empty(0, np.int64)


def _names(symbols: list[str]) -> str:
    shown = ", ".join(symbols[:_NAMED])
    more = len(symbols) - _NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def _verb(symbols: list[str]) -> str:
    return "has" if len(symbols) == 1 else "have"
