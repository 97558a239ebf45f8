"""Every stretch without bars, whose it is, and what proves it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from xq.errors import CorruptFile
from xq.lake import arrays, coverage, facts, layout
from xq.lake.facts import Fact, What
from xq.lake.layout import Dataset
from xq.lake.ranges import Range, intersect, present, subtract, union
from xq.lake.reader import Lake
from xq.lake.trust import Trust
from xq.timeframe import Timeframe

_NAMED = 3  # symbols named as evidence before they are counted


@dataclass(frozen=True, slots=True)
class Gap:
    """One stretch without bars.

    Attributes
    ----------
    whose
        ``venue``: it has none, verified. ``lost``: fetched once, no longer in the files.
        ``damaged``: inside a file that cannot be read. ``unasked``: nobody asked a venue.
    verified_ms
        When that was proven; None if it was not.
    hint
        A command that helps; None where nothing can be done.
    """

    dataset: Dataset
    within: Range
    bars: int
    whose: str
    evidence: str
    verified_ms: int | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class State:
    """What a dataset's files and ledgers say together; ranges of time.

    Attributes
    ----------
    stored
        Stretches with bars.
    damaged
        Files that cannot be read.
    """

    stored: tuple[Range, ...]
    damaged: tuple[Range, ...]
    ledger: coverage.Ledger
    facts: tuple[Fact, ...]


def state_of(lake: Lake, dataset: Dataset) -> State:
    """Read what is stored and known of a dataset of bars."""
    times, damaged = [np.empty(0, np.int64)], []
    with Trust(lake.root, dataset) as trust:
        for leaf in layout.leaves(lake.root, dataset):
            try:
                # All columns: a broken page may be in another one than ts.
                times.append(arrays.times(trust.table(leaf)["ts"]))
            except CorruptFile:
                damaged.append(leaf.within)
    bar = dataset.bar
    ts = np.unique(np.concatenate(times))
    ts = ts[(ts % bar.ms) == (bar.floor(0) % bar.ms)] if bar else ts
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
    repair = _repair_command(dataset)
    for whose, ranges, evidence in (
        ("damaged", damaged, "inside a file that cannot be read"),
        ("lost", lost, "fetched once, not in the files"),
    ):
        found += [Gap(dataset, r, r.bars(bar), whose, evidence, None, repair) for r in ranges]
    beside = _Beside(lake, dataset)
    found += [
        Gap(dataset, r, r.bars(bar), "unasked", beside.evidence(r), None, repair) for r in unasked
    ]
    yield from sorted((gap for gap in found if gap.bars), key=lambda gap: gap.within)


def _venue(dataset: Dataset, part: Range, state: State) -> Iterator[Gap]:
    bar = Timeframe.parse(str(dataset.timeframe))
    rest: tuple[Range, ...] = (part,)
    for fact in state.facts:
        if fact.what is not What.VENUE_HAS_NONE:
            continue
        for shared in intersect(rest, [fact.within]):
            yield Gap(dataset, shared, shared.bars(bar), "venue", fact.evidence, fact.at_ms)
        rest = subtract(rest, [fact.within])
    for item in rest:
        evidence = "the venue was asked and sent later bars, none here; date not recorded"
        yield Gap(dataset, item, item.bars(bar), "venue", evidence)


def _repair_command(dataset: Dataset) -> str:
    words = ["xq data repair", f"--symbol {dataset.symbol}", f"--timeframe {dataset.timeframe}"]
    return " ".join([*words, f"--exchange {dataset.exchange}"])


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
