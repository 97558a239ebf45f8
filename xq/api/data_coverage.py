"""``xq data coverage``: what is known of one dataset, in numbers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from xq.lake.facts import Fact
    from xq.lake.gaps import Gap
    from xq.lake.inspect import Inspected
    from xq.lake.layout import Dataset
    from xq.lake.reader import Lake
    from xq.timeframe import Timeframe

_WHOSE = ("venue", "lost", "damaged", "unasked", "unrecorded")


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """What is known about one dataset.

    Attributes
    ----------
    wanted
        Bars asked for by a collect; None if no collect ever asked, and for kinds without bars.
    covered
        Bars fetched to their end, with or without one; None for kinds without bars.
    stored
        Rows there.
    gaps
        Stretches without rows between the first and the last known time.
    missing
        Rows absent in them: bars, or updates of an order book; None where nothing tells how many.
    venue_has_none, lost, damaged, unasked, unrecorded
        Whose they are: missing bars, of kinds without bars the gaps.
    venue_asked
        When the venue was last asked for what it lacks; None where it lacks nothing.
    repaired
        Bars (stretches) brought back by ``xq data repair``.
    repaired_from
        Who gave them.
    """

    kind: str
    exchange: str
    symbol: str
    timeframe: str | None
    wanted: int | None
    covered: int | None
    stored: int
    gaps: int
    missing: int | None
    venue_has_none: int
    lost: int
    damaged: int
    unasked: int
    unrecorded: int
    venue_asked: str | None
    repaired: int
    repaired_from: tuple[str, ...]


def of_bars(lake: "Lake", dataset: "Dataset", bar: "Timeframe") -> CoverageRow:
    """Of a dataset of bars; every file is read once."""
    from xq.lake import facts
    from xq.lake.facts import What
    from xq.lake.gaps import gaps, state_of

    state = state_of(lake, dataset)
    found = list(gaps(lake, dataset, state))
    wanted = facts.of(state.facts, What.WANTED)
    repaired = facts.of(state.facts, What.REPAIRED)
    return CoverageRow(
        dataset.kind,
        str(dataset.exchange),
        str(dataset.symbol),
        dataset.timeframe,
        wanted=sum(item.bars(bar) for item in wanted) if wanted else None,
        covered=sum(item.bars(bar) for item in state.ledger.covered),
        stored=sum(item.bars(bar) for item in state.stored),
        gaps=len(found),
        missing=_missing(found),
        **{_name(w): sum(g.missing or 0 for g in found if g.whose == w) for w in _WHOSE},
        venue_asked=_asked(found),
        repaired=sum(item.bars(bar) for item in repaired),
        repaired_from=_sources(state.facts),
    )


def of_tape(lake: "Lake", dataset: "Dataset") -> CoverageRow:
    """Of trades or funding: rows, and holes between them."""
    from xq.lake import inspect
    from xq.lake.gaps_tape import gaps_of_tape

    stored = 0

    def counted() -> "Iterator[Inspected]":
        nonlocal stored
        for file in inspect.files(lake.root, dataset):
            if file.wrong is None and file.rows is not None:
                stored += file.rows.num_rows
            yield file

    found = gaps_of_tape(lake, dataset, counted())
    return _of_stretches(lake, dataset, stored, found)


def of_book(lake: "Lake", dataset: "Dataset") -> CoverageRow:
    """Of an order book: snapshots or changes, and where its ids do not follow one another."""
    from xq.lake.gaps_book import gaps_of_book

    stored = 0

    def count(rows: int) -> None:
        nonlocal stored
        stored += rows

    found = list(gaps_of_book(lake, dataset, count))
    return _of_stretches(lake, dataset, stored, found)


def _of_stretches(
    lake: "Lake", dataset: "Dataset", stored: int, found: "Sequence[Gap]"
) -> CoverageRow:
    from xq.lake import facts
    from xq.lake.facts import What

    known = facts.load(lake.root, dataset)
    return CoverageRow(
        dataset.kind,
        str(dataset.exchange),
        str(dataset.symbol),
        None,
        wanted=None,
        covered=None,
        stored=stored,
        gaps=len(found),
        missing=_missing(found),
        **{_name(whose): sum(gap.whose == whose for gap in found) for whose in _WHOSE},
        venue_asked=_asked(found),
        repaired=len(facts.of(known, What.REPAIRED)),
        repaired_from=_sources(known),
    )


def _missing(found: "Sequence[Gap]") -> int | None:
    """Rows absent in some gaps; None if of one nobody knows how many."""
    counts = [gap.missing for gap in found]
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _name(whose: str) -> str:
    return "venue_has_none" if whose == "venue" else whose


def _asked(found: "Sequence[Gap]") -> str | None:
    from xq.clock import iso

    dates = [gap.again_ms or gap.verified_ms for gap in found if gap.whose == "venue"]
    known = [at for at in dates if at is not None]
    return iso(max(known)) if known else None


def _sources(known: "Sequence[Fact]") -> tuple[str, ...]:
    from xq.lake.facts import What

    return tuple(sorted({fact.source for fact in known if fact.what is What.REPAIRED}))
