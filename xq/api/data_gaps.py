"""``xq data gaps``, ``xq data coverage`` and ``xq data quarantine``."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from xq.api.data_check import Series
from xq.api.workspace import Workspace
from xq.clock import iso

if TYPE_CHECKING:
    from pathlib import Path

    from xq.lake.layout import Dataset


@dataclass(frozen=True, slots=True)
class GapRow:
    """One stretch without bars, see `xq.lake.gaps.Gap`, or without changes of an order book.

    Attributes
    ----------
    bars
        How many are missing; of changes how many updates, None where their ids do not tell.
    """

    kind: str
    exchange: str
    symbol: str
    timeframe: str | None
    start: datetime
    end: datetime
    bars: int | None
    whose: str
    evidence: str
    verified: datetime | None
    hint: str | None


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """What is known about one dataset, in bars.

    Attributes
    ----------
    wanted
        Asked for by a collect; None if no collect ever asked.
    covered
        Fetched to their end, with or without a bar.
    stored, missing
        Bars there, and bars absent between the first and the last known time.
    venue_has_none, lost, damaged, unasked
        The missing ones by whose they are.
    repaired
        Bars brought back by ``xq data repair``.
    repaired_from
        Who gave them.
    """

    kind: str
    exchange: str
    symbol: str
    timeframe: str
    wanted: int | None
    covered: int
    stored: int
    missing: int
    venue_has_none: int
    lost: int
    damaged: int
    unasked: int
    repaired: int
    repaired_from: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetAside:
    """A file that was taken out of the lake, and its copy."""

    file: str
    dataset: str
    copy: str


def gaps(ws: Workspace, series: Series) -> Iterator[GapRow]:
    """Every stretch without bars: whose it is and what proves it."""
    from xq.lake.gaps import gaps as find
    from xq.lake.reader import Lake

    lake = Lake(ws.lake)
    for dataset in datasets_of(ws, series):
        for gap in find(lake, dataset):
            yield GapRow(
                dataset.kind,
                str(dataset.exchange),
                str(dataset.symbol),
                str(dataset.timeframe),
                _at(gap.within.start_ms),
                _at(gap.within.end_ms),
                gap.bars,
                gap.whose,
                gap.evidence,
                None if gap.verified_ms is None else _at(gap.verified_ms),
                gap.hint,
            )
    yield from _unrecorded(ws, series)


def _unrecorded(ws: Workspace, series: Series) -> Iterator[GapRow]:
    from xq.lake.book_gaps import stored_breaks

    if series.kind not in (None, "book_diff") or series.timeframe is not None:
        return
    for dataset in _chosen(ws, series, "book_diff"):
        for gap in stored_breaks(ws.lake, dataset):
            resumes = gap.resumes_ms
            again = "no later snapshot" if resumes is None else f"a snapshot of {iso(resumes)}"
            yield GapRow(
                dataset.kind,
                str(dataset.exchange),
                str(dataset.symbol),
                None,
                _at(gap.within.start_ms),
                _at(gap.within.end_ms),
                gap.missing,
                "unrecorded",
                f"update {gap.after_id} is followed by one after {gap.before_id}; {again}",
                None,
                None,
            )


def coverage(ws: Workspace, series: Series) -> Iterator[CoverageRow]:
    """What was wanted, covered, is missing and was repaired, per dataset."""
    from xq.lake import facts
    from xq.lake.facts import What
    from xq.lake.gaps import gaps as find
    from xq.lake.gaps import state_of
    from xq.lake.reader import Lake
    from xq.timeframe import Timeframe

    lake = Lake(ws.lake)
    for dataset in datasets_of(ws, series):
        bar = Timeframe.parse(str(dataset.timeframe))
        state = state_of(lake, dataset)
        found = list(find(lake, dataset, state))
        wanted = facts.of(state.facts, What.WANTED)
        repaired = [fact for fact in state.facts if fact.what is What.REPAIRED]
        by_whose = {
            whose: sum(gap.bars for gap in found if gap.whose == whose)
            for whose in ("venue", "lost", "damaged", "unasked")
        }
        yield CoverageRow(
            dataset.kind,
            str(dataset.exchange),
            str(dataset.symbol),
            str(dataset.timeframe),
            wanted=sum(item.bars(bar) for item in wanted) if wanted else None,
            covered=sum(item.bars(bar) for item in state.ledger.covered),
            stored=sum(item.bars(bar) for item in state.stored),
            missing=sum(by_whose.values()),
            venue_has_none=by_whose["venue"],
            lost=by_whose["lost"],
            damaged=by_whose["damaged"],
            unasked=by_whose["unasked"],
            repaired=sum(fact.within.bars(bar) for fact in repaired),
            repaired_from=tuple(sorted({fact.source for fact in repaired})),
        )


def datasets_of(ws: Workspace, series: Series) -> "list[Dataset]":
    """The datasets of bars that match.

    Raises
    ------
    UnknownName
        If there is no such kind.
    """
    return [
        item
        for item in _chosen(ws, series, series.kind)
        if item.bar is not None and item.spec.key == ("ts",)
    ]


def _chosen(ws: Workspace, series: Series, kind: str | None) -> "list[Dataset]":
    from xq.lake import layout
    from xq.types import Symbol

    symbol = None if series.symbol is None else str(Symbol.parse(series.symbol))
    wanted = {"exchange": series.exchange, "symbol": symbol, "timeframe": series.timeframe}
    return [
        item
        for item in layout.datasets(ws.lake, kind)
        if all(given in (None, getattr(item, name)) for name, given in wanted.items())
    ]


def quarantined(ws: Workspace) -> list[dict[str, object]]:
    """Every row and file that was set aside, with the reason."""
    from xq.lake.quarantine import DATASET
    from xq.lake.reader import Lake

    rows: list[dict[str, object]] = Lake(ws.lake).table(DATASET).to_pylist()
    return rows


def set_aside(ws: Workspace, path: "Path") -> SetAside:
    """Take a file that cannot be read out of the lake, keeping a copy and the reason.

    Raises
    ------
    UsageError
        If it is no file of the lake, or a sound one.
    """
    from xq.lake.expel import expel

    dataset, copy = expel(ws.lake, path, at_ms=ws.clock.now_ms())
    return SetAside(str(path), str(dataset), str(copy))


def _at(ts_ms: int) -> datetime:
    return datetime.fromtimestamp(ts_ms / 1000, UTC)
