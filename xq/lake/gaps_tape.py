"""Holes in trades and funding, which have no grid: they show in ids and in the usual step."""

from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa

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
    lake: Lake, dataset: Dataset, files: Iterable[Inspected] | None = None
) -> list[Gap]:
    """Every hole of a dataset without bars, oldest first; ``missing`` is None.

    A hole reaches from the row before it to the row after it, both included: that a source sends
    both proves that it knows the time between.

    Parameters
    ----------
    files
        For a caller that looks at them too; each is let go before the next is read.

    Raises
    ------
    CorruptFile
        If a ledger cannot be read.
    """
    ledger, known = coverage.load(lake.root, dataset), facts.load(lake.root, dataset)
    scan = _Scan(lake, dataset, ledger)
    for file in inspect.files(lake.root, dataset) if files is None else files:
        scan.add(file)
    repair = repair_command(dataset)
    gaps = []
    for hole in scan.holes:
        fact = _explained(hole, known)
        if fact is not None:
            gaps.append(
                Gap(dataset, hole, None, "venue", fact.evidence, fact.at_ms, None, fact.again_ms)
            )
            continue
        whose = "unasked" if subtract([hole], ledger.covered) else "lost"
        gaps.append(Gap(dataset, hole, None, whose, _EVIDENCE[dataset.kind], None, repair))
    evidence = "inside a file that is unreadable, changed or gone"
    gaps += [Gap(dataset, part, None, "damaged", evidence, None, repair) for part in scan.damaged]
    # After the newest row nobody knows yet whether there is another one.
    told = [Range(0, ledger.covered[-1].end_ms)] if ledger.covered else []
    for part in intersect(subtract(facts.of(known, What.WANTED), ledger.covered), told):
        gaps.append(Gap(dataset, part, None, "unasked", "never asked for", None, repair))
    return sorted(gaps, key=lambda gap: gap.within)


class _Scan:
    """Holes and damaged stretches, as files are shown one after the other, oldest first."""

    def __init__(self, lake: Lake, dataset: Dataset, ledger: Ledger) -> None:
        self.holes: list[Range] = []
        self.damaged: list[Range] = []
        self._lake = lake
        self._dataset = dataset
        self._ledger = ledger
        self._last: tuple[int, int] | None = None

    def add(self, file: Inspected) -> None:
        if file.wrong is not None:
            known = file.committed
            held = () if known is None else (Range(known.first_ms, known.last_ms + 1),)
            span = [file.leaf.within]
            self.damaged += intersect(span, [*self._ledger.covered, *held]) or span
        if file.rows is not None and file.rows.num_rows and file.wrong in (None, OLDER):
            self.holes += self._inside(file.rows, file.leaf.within)
            if self._dataset.kind == "trades":
                self.holes += self._before(file.rows)

    def _inside(self, table: pa.Table, within: Range) -> Iterator[Range]:
        ts = arrays.times(table["ts"])
        for sick in witness.judged(self._lake.root, self._dataset, table, within):
            if sick.rule in _HOLES and sick.row > 1:
                yield Range(int(ts[sick.row - 2]), int(ts[sick.row - 1]) + 1)

    def _before(self, table: pa.Table) -> Iterator[Range]:
        """Between the last trade of the file before and the first of this one."""
        ts, ids = arrays.times(table["ts"]), arrays.numbers(table["id"])
        if self._last is not None and ids[0] > self._last[1] + 1:
            between = Range(self._last[0], int(ts[0]))
            # Days between two files may simply never have been asked for.
            if not subtract([between], self._ledger.covered):
                yield Range(between.start_ms, between.end_ms + 1)
        self._last = int(ts[-1]), int(ids[-1])


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
