"""``xq data gaps``, ``xq data coverage`` and ``xq data quarantine``."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from xq.api.data_check import Series
from xq.api.workspace import Workspace
from xq.errors import NoData, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from xq.api.data_coverage import CoverageRow
    from xq.lake.gaps import Gap
    from xq.lake.layout import Dataset
    from xq.lake.reader import Lake

_NOT_AGAIN = "cannot be asked of a venue again"
_UNTOLD = "has nothing that tells what it lacks"


@dataclass(frozen=True, slots=True)
class GapRow:
    """One stretch without bars, see `xq.lake.gaps.Gap`, or without changes of an order book.

    Attributes
    ----------
    missing
        How many bars, or updates of an order book; None where nothing tells.
    """

    kind: str
    exchange: str
    symbol: str
    timeframe: str | None
    start: datetime
    end: datetime
    missing: int | None
    whose: str
    evidence: str
    verified: datetime | None
    asked_again: datetime | None
    hint: str | None


@dataclass(frozen=True, slots=True)
class SetAside:
    """A file that was taken out of the lake, and its copy."""

    file: str
    dataset: str
    copy: str


def gaps(ws: Workspace, series: Series) -> Iterator[GapRow]:
    """Every stretch without rows: whose it is and what proves it."""
    from xq.lake.reader import Lake

    lake = Lake(ws.lake)
    for dataset in _tellable(ws, series, _UNTOLD):
        for gap in _gaps_of(lake, dataset):
            yield GapRow(
                dataset.kind,
                str(dataset.exchange),
                str(dataset.symbol),
                dataset.timeframe,
                _at(gap.within.start_ms),
                _at(gap.within.end_ms),
                gap.missing,
                gap.whose,
                gap.evidence,
                None if gap.verified_ms is None else _at(gap.verified_ms),
                None if gap.again_ms is None else _at(gap.again_ms),
                gap.hint,
            )


def _gaps_of(lake: "Lake", dataset: "Dataset") -> "Iterable[Gap]":
    from xq.lake.gaps import gaps as of_bars
    from xq.lake.gaps_book import gaps_of_book, is_book
    from xq.lake.gaps_tape import gaps_of_tape

    if is_book(dataset):
        return gaps_of_book(lake, dataset)
    return gaps_of_tape(lake, dataset) if dataset.bar is None else of_bars(lake, dataset)


def coverage(ws: Workspace, series: Series) -> "Iterator[CoverageRow]":
    """What was wanted, covered, is missing and was repaired, per dataset."""
    from xq.api.data_coverage import of_bars, of_book, of_tape
    from xq.lake.gaps_book import is_book
    from xq.lake.reader import Lake

    lake = Lake(ws.lake)
    for dataset in _tellable(ws, series, _UNTOLD):
        if is_book(dataset):
            yield of_book(lake, dataset)
        elif dataset.bar is None:
            yield of_tape(lake, dataset)
        else:
            yield of_bars(lake, dataset, dataset.bar)


def series_of(ws: Workspace, series: Series) -> "list[Dataset]":
    """The datasets that match and that a venue can be asked for again, gone ones too.

    Raises
    ------
    UnknownName
        If there is no such kind.
    UsageError
        If it is of a kind that is never repaired.
    NoData
        If something was named and nothing of it is stored.
    """
    from xq.lake.wayout import REPAIRABLE

    return [item for item in _tellable(ws, series, _NOT_AGAIN) if item.kind in REPAIRABLE]


def books_of(ws: Workspace, series: Series) -> "list[Dataset]":
    """As `series_of`, the order books, whose bad rows are only set aside."""
    from xq.lake.poison.rule import BOOKS

    return [item for item in _tellable(ws, series, _NOT_AGAIN) if item.kind in BOOKS]


def _tellable(ws: Workspace, series: Series, refusal: str) -> "list[Dataset]":
    """The datasets that match and whose holes can be told: mendable ones, and order books."""
    from xq.lake.poison.rule import BOOKS
    from xq.lake.schema import kind_of
    from xq.lake.wayout import REPAIRABLE

    kinds = (*REPAIRABLE, *BOOKS)
    if series.kind is not None and kind_of(series.kind).name not in kinds:
        raise UsageError(f"{series.kind} {refusal}", hint=f"one of {' '.join(kinds)}")
    return _stored(ws, series, kinds)


def _stored(ws: Workspace, series: Series, kinds: "Sequence[str]") -> "list[Dataset]":
    from xq.lake import inspect

    recorded = inspect.recorded(ws.lake, series.kind)
    found = [item for item in _matching(recorded, series) if item.kind in kinds]
    _refuse_nothing(series, found)
    return found


def _refuse_nothing(series: Series, found: "Sequence[Dataset]") -> None:
    named = (series.kind, series.exchange, series.symbol, series.timeframe)
    given = [text for text in named if text is not None]
    if given and not found:
        raise NoData(f"nothing is stored of {' '.join(given)}", hint="xq data ls")


def _matching(datasets: "Iterable[Dataset]", series: Series) -> "Iterator[Dataset]":
    from xq.types import Symbol

    symbol = None if series.symbol is None else str(Symbol.parse(series.symbol))
    wanted = {"exchange": series.exchange, "symbol": symbol, "timeframe": series.timeframe}
    for item in datasets:
        if all(given in (None, getattr(item, name)) for name, given in wanted.items()):
            yield item


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
