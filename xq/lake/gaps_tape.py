"""Holes in trades and funding, which have no grid: they show in ids and in the usual step."""

from collections.abc import Iterator, Sequence

from xq.lake import arrays, coverage, facts, inspect, witness
from xq.lake.coverage import Ledger
from xq.lake.facts import Fact, What
from xq.lake.gaps import Gap
from xq.lake.inspect import OLDER, Inspected
from xq.lake.layout import Dataset
from xq.lake.ranges import Range, intersect, subtract
from xq.lake.reader import Lake
from xq.lake.wayout import repair_command

_HOLES = ("trades_lost", "settlement_missing")
_EVIDENCE = {
    "trades": "ids are missing between two trades",
    "funding": "a settlement is missing between two",
}


def gaps_of_tape(
    lake: Lake, dataset: Dataset, found: Sequence[Inspected] | None = None
) -> list[Gap]:
    """Every hole of a dataset without bars, oldest first; ``bars`` is None.

    A hole reaches from the row before it to the row after it, both included: that a source sends
    both proves that it knows the time between.

    Raises
    ------
    CorruptFile
        If a ledger cannot be read.
    """
    files = list(inspect.files(lake.root, dataset)) if found is None else found
    ledger, known = coverage.load(lake.root, dataset), facts.load(lake.root, dataset)
    repair = repair_command(dataset)
    gaps = []
    for hole in _holes(lake, dataset, [f for f in files if f.wrong in (None, OLDER)], ledger):
        fact = _explained(hole, known)
        if fact is not None:
            gaps.append(
                Gap(dataset, hole, None, "venue", fact.evidence, fact.at_ms, None, fact.again_ms)
            )
            continue
        whose = "unasked" if subtract([hole], ledger.covered) else "lost"
        gaps.append(Gap(dataset, hole, None, whose, _EVIDENCE[dataset.kind], None, repair))
    for part in _damaged(files, ledger):
        evidence = "inside a file that is unreadable, changed or gone"
        gaps.append(Gap(dataset, part, None, "damaged", evidence, None, repair))
    # After the newest row nobody knows yet whether there is another one.
    told = [Range(0, ledger.covered[-1].end_ms)] if ledger.covered else []
    for part in intersect(subtract(facts.of(known, What.WANTED), ledger.covered), told):
        gaps.append(Gap(dataset, part, None, "unasked", "never asked for", None, repair))
    return sorted(gaps, key=lambda gap: gap.within)


def _holes(
    lake: Lake, dataset: Dataset, files: Sequence[Inspected], ledger: Ledger
) -> Iterator[Range]:
    last: tuple[int, int] | None = None
    for file in files:
        table = file.rows
        if table is None or not table.num_rows:
            continue
        ts = arrays.times(table["ts"])
        for sick in witness.judged(lake.root, dataset, table, file.leaf.within):
            if sick.rule in _HOLES and sick.row > 1:
                yield Range(int(ts[sick.row - 2]), int(ts[sick.row - 1]) + 1)
        if dataset.kind != "trades":
            continue
        ids = arrays.numbers(table["id"])
        if last is not None and ids[0] > last[1] + 1:
            between = Range(last[0], int(ts[0]) + 1)
            # Days between two files may simply never have been asked for.
            if not subtract([Range(between.start_ms, between.end_ms - 1)], ledger.covered):
                yield between
        last = int(ts[-1]), int(ids[-1])


def _explained(hole: Range, known: Sequence[Fact]) -> Fact | None:
    """The fact that the venue has none between these two rows."""
    return next(
        (
            fact
            for fact in known
            if fact.what is What.VENUE_HAS_NONE and not subtract([hole], [fact.within])
        ),
        None,
    )


def _damaged(files: Sequence[Inspected], ledger: Ledger) -> Iterator[Range]:
    for file in files:
        if file.wrong is None:
            continue
        facts = file.committed
        held = () if facts is None else (Range(facts.first_ms, facts.last_ms + 1),)
        yield from intersect([file.leaf.within], [*ledger.covered, *held]) or (file.leaf.within,)
