"""What the lake itself can say about the rows of one file: other series of the same time."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from xq.errors import CorruptFile
from xq.lake import columns, derive, layout, parquet
from xq.lake.layout import Dataset
from xq.lake.poison.catalogue import RULES, Sick, examine
from xq.lake.poison.rule import BARS, BOOKS, EVERY
from xq.lake.poison.sheet import Evidence, Sheet
from xq.lake.ranges import Range
from xq.timeframe import DAY_MS

_TAPE = [rule for rule in RULES.values() if rule.needs == "trades"]
_OTHERS = [rule for rule in RULES.values() if rule.needs == "siblings"]
_LOOK_BACK_MS = 7 * DAY_MS  # a book is built from a snapshot of that time
_ELSEWHERE = {"open_jump", "price_spike", "level_shift"}


_BESIDE = {
    "ohlcv": ("mark",),
    "mark": ("ohlcv", "index"),
    "index": ("ohlcv",),
    "open_interest": ("mark", "ohlcv"),
}


def judged(
    root: Path,
    dataset: Dataset,
    table: pa.Table,
    within: Range,
    *,
    now_ms: int | None = None,
    reference: Sheet | None = None,
) -> Iterator[Sick]:
    """Rows of one file that break a rule, alone or beside what else the lake holds.

    Other symbols are read only if a bar stands at another level than its neighbours: reading all
    of them for every file would cost the square of the lake.
    """
    evidence = _beside(root, dataset, within, reference)
    sheet = Sheet(table, dataset.kind, dataset.bar, now_ms, evidence)
    moved = False
    for sick in examine(sheet):
        moved |= sick.rule in _ELSEWHERE or sick.rule.startswith("scaled_")
        yield sick
    if dataset.kind == "ohlcv":
        yield from _tape(root, dataset, sheet, within)
    if moved and dataset.kind in BARS:
        others = Evidence(siblings=_siblings(root, dataset, within))
        yield from examine(replace(sheet, evidence=others), _OTHERS)


def can_judge(dataset: Dataset) -> bool:
    """Whether there are rules for its kind."""
    return dataset.kind in EVERY


def stored(
    root: Path, dataset: Dataset, within: Range, names: Sequence[str] | None = None
) -> Sheet | None:
    """Rows of a dataset in a range; None if there are none or they cannot be read."""
    parts = []
    try:
        for leaf in columns.leaves_within(root, dataset, within.start_ms, within.end_ms):
            parts.append(parquet.read(leaf.path, dataset.spec, names))
    except CorruptFile:
        return None
    if not parts:
        return None
    sheet = Sheet(pa.concat_tables(parts), dataset.kind, dataset.bar)
    rows = np.flatnonzero((sheet.ts >= within.start_ms) & (sheet.ts < within.end_ms))
    return replace(sheet, raw=sheet.raw.take(pa.array(rows))) if len(rows) else None


def _beside(root: Path, dataset: Dataset, within: Range, reference: Sheet | None) -> Evidence:
    if dataset.kind in BOOKS:
        return replace(beside_book(root, dataset, within), reference=reference)

    def of(kind: str) -> Sheet | None:
        return stored(root, replace(dataset, kind=kind), within) if kind in kinds else None

    kinds = _BESIDE.get(dataset.kind, ())
    finer = _finer(root, dataset) if dataset.kind in BARS else None
    twin = _twin(str(dataset.symbol)) if dataset.kind == "ohlcv" else None
    return Evidence(
        reference=reference,
        finer=stored(root, finer, within) if finer else None,
        twin=stored(root, replace(dataset, symbol=twin), within) if twin else None,
        mark=of("mark"),
        index=of("index"),
        last=of("ohlcv"),
    )


def beside_book(root: Path, dataset: Dataset, within: Range) -> Evidence:
    """The market's grid as it changed and, for changes, the snapshots they are applied to."""
    market = (dataset.exchange, dataset.symbol)
    ever = Range(-(2**62), 2**62)
    since = Range(within.start_ms - _LOOK_BACK_MS, within.end_ms)
    books = Dataset("book_snapshot", *market) if dataset.kind == "book_diff" else None
    return Evidence(
        instruments=stored(root, Dataset("instruments", *market), ever, ("ts", "tick", "lot")),
        snapshots=stored(root, books, since, ("ts", "last_id")) if books else None,
    )


def _finer(root: Path, dataset: Dataset) -> Dataset | None:
    """The longest stored bars that fit whole times into these."""
    bar = dataset.bar
    folder = (root / dataset.path).parent
    if bar is None:
        return None
    found = [item for item in derive.lengths(folder) if item.divides(bar)]
    longest = max(found, key=lambda item: item.ms, default=None)
    return replace(dataset, timeframe=longest.name) if longest else None


def _twin(symbol: str) -> str | None:
    pair, _, settle = symbol.partition(":")
    if settle:
        return pair
    quote = pair.partition("/")[2]
    return f"{pair}:{quote}" if quote else None


def _siblings(root: Path, dataset: Dataset, within: Range) -> dict[str, Sheet]:
    found = {}
    for other in layout.datasets(root, dataset.kind):
        alike = (other.exchange, other.timeframe) == (dataset.exchange, dataset.timeframe)
        if alike and other.symbol and other.symbol != dataset.symbol:
            sheet = stored(root, other, within)
            if sheet is not None:
                found[other.symbol] = sheet
    return found


def _tape(root: Path, dataset: Dataset, sheet: Sheet, within: Range) -> Iterator[Sick]:
    """Day by day: a year of trades does not fit into memory."""
    tape = Dataset("trades", dataset.exchange, dataset.symbol)
    for leaf in columns.leaves_within(root, tape, within.start_ms, within.end_ms):
        trades = stored(root, tape, leaf.within)
        rows = np.flatnonzero((sheet.ts >= leaf.within.start_ms) & (sheet.ts < leaf.within.end_ms))
        if trades is None or not len(rows):
            continue
        day = replace(sheet, raw=sheet.raw.take(pa.array(rows)), evidence=Evidence(trades=trades))
        for sick in examine(day, _TAPE):
            yield replace(sick, row=int(rows[sick.row - 1]) + 1)
