"""``xq data gaps``, ``xq data coverage`` and ``xq data quarantine``."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from xq.api.data_check import Series
from xq.api.workspace import Workspace
from xq.errors import NoData, UsageError

if TYPE_CHECKING:
    from xq.api.data_coverage import CoverageRow
    from xq.lake.gaps import Gap
    from xq.lake.layout import Dataset
    from xq.lake.reader import Lake


@dataclass(frozen=True, slots=True)
class GapRow:
    """One stretch without rows; see `xq.lake.gaps.Gap`."""

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
    asked_again: datetime | None
    hint: str | None


def gaps(ws: Workspace, series: Series) -> Iterator[GapRow]:
    """Every stretch without rows: whose it is and what proves it."""
    from xq.lake.reader import Lake

    lake = Lake(ws.lake)
    for dataset in series_of(ws, series):
        for gap in _gaps_of(lake, dataset):
            yield GapRow(
                dataset.kind,
                str(dataset.exchange),
                str(dataset.symbol),
                dataset.timeframe,
                _at(gap.within.start_ms),
                _at(gap.within.end_ms),
                gap.bars,
                gap.whose,
                gap.evidence,
                None if gap.verified_ms is None else _at(gap.verified_ms),
                None if gap.again_ms is None else _at(gap.again_ms),
                gap.hint,
            )


def _gaps_of(lake: "Lake", dataset: "Dataset") -> "list[Gap]":
    from xq.lake.gaps import gaps as of_bars
    from xq.lake.gaps_tape import gaps_of_tape

    if dataset.bar is None:
        return gaps_of_tape(lake, dataset)
    return list(of_bars(lake, dataset))


def coverage(ws: Workspace, series: Series) -> "Iterator[CoverageRow]":
    """What was wanted, covered, is missing and was repaired, per dataset."""
    from xq.api.data_coverage import of_bars, of_tape
    from xq.lake.reader import Lake

    lake = Lake(ws.lake)
    for dataset in series_of(ws, series):
        yield of_tape(lake, dataset) if dataset.bar is None else of_bars(lake, dataset, dataset.bar)


def series_of(ws: Workspace, series: Series) -> "list[Dataset]":
    """The datasets that match and that a venue can be asked for again, gone ones too.

    Raises
    ------
    UnknownName
        If there is no such kind.
    UsageError
        If it is of a kind that no venue gives again.
    NoData
        If something was named and nothing of it is stored.
    """
    from xq.lake import inspect
    from xq.lake.hints import REPAIRABLE
    from xq.lake.schema import kind_of
    from xq.types import Symbol

    if series.kind is not None and kind_of(series.kind).name not in REPAIRABLE:
        raise UsageError(
            f"{series.kind} cannot be asked of a venue again", hint=f"one of {' '.join(REPAIRABLE)}"
        )
    symbol = None if series.symbol is None else str(Symbol.parse(series.symbol))
    wanted = {"exchange": series.exchange, "symbol": symbol, "timeframe": series.timeframe}
    found = [
        item
        for item in inspect.recorded(ws.lake, series.kind)
        if item.kind in REPAIRABLE
        and all(given in (None, getattr(item, name)) for name, given in wanted.items())
    ]
    given = [text for text in (series.kind, *wanted.values()) if text is not None]
    if given and not found:
        raise NoData(f"nothing is stored of {' '.join(given)}", hint="xq data ls")
    return found


def quarantined(ws: Workspace) -> list[dict[str, object]]:
    """Every row and file that was set aside, with the reason."""
    from xq.lake.quarantine import DATASET
    from xq.lake.reader import Lake

    rows: list[dict[str, object]] = Lake(ws.lake).table(DATASET).to_pylist()
    return rows


def _at(ts_ms: int) -> datetime:
    return datetime.fromtimestamp(ts_ms / 1000, UTC)
