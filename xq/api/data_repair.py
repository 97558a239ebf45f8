"""``xq data repair``: ask the venue again for what is damaged or missing, and for nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from xq.api.data_check import Series
from xq.api.workspace import Workspace

if TYPE_CHECKING:
    from xq.lake.damage import Damage
    from xq.lake.layout import Dataset


@dataclass(frozen=True, slots=True)
class RepairRow:
    """What a repair did to one dataset, or would do; in bars.

    Attributes
    ----------
    damaged_files, bad_rows, missing
        What was found.
    asked
        Bars asked of the source: those and no others, beside one neighbour on each side.
    repaired, venue_has_none, agreed
        Written anew; proven to be the venue's own gap; rows the source confirms.
    quarantined
        Rows and files set aside, see ``xq data quarantine``.
    refused
        Why something was left as it is.
    """

    exchange: str
    symbol: str
    timeframe: str
    damaged_files: int
    bad_rows: int
    missing: int
    asked: int
    repaired: int = 0
    venue_has_none: int = 0
    agreed: int = 0
    quarantined: int = 0
    source: str | None = None
    refused: tuple[str, ...] = ()


def repair(
    ws: Workspace, series: Series, *, source: str | None = None, dry_run: bool = False
) -> Iterator[RepairRow]:
    """Mend every damaged dataset of bars that matches; sound ones are left out.

    Parameters
    ----------
    source
        The exchange to ask; default: each dataset's own.
    dry_run
        Only tell what would be asked.

    Raises
    ------
    VenueError
        If the source cannot be asked.
    PoisonRows, LockHeld, StorageFailed, CorruptFile
        As a commit does; what was mended before stays.
    """
    from xq.api.data_gaps import datasets_of
    from xq.lake.damage import damage_of, is_empty
    from xq.lake.reader import Lake

    lake, now_ms = Lake(ws.lake), ws.clock.now_ms()
    sick = []
    for dataset in datasets_of(ws, series):
        if dataset.kind == "ohlcv":
            damage = damage_of(lake, dataset, now_ms=now_ms)
            if not is_empty(damage):
                sick.append((dataset, damage))
    if dry_run:
        yield from (_row(dataset, damage) for dataset, damage in sick)
        return
    for name, group in groupby(sick, key=lambda item: source or str(item[0].exchange)):
        yield from _from(ws, name, list(group))


def _from(ws: Workspace, name: str, sick: "list[tuple[Dataset, Damage]]") -> Iterator[RepairRow]:
    from xq.api.venues import market_data
    from xq.collect.fetch import Source
    from xq.collect.mend import Patient, mend
    from xq.types import Symbol

    with market_data(ws, name) as market:
        for dataset, damage in sick:
            symbol = Symbol.parse(str(dataset.symbol))
            market.find(symbol)
            patient = Patient(
                ws.lake, dataset, damage, Source(market, market.skips_holes), name,
                market.now_ms(symbol.is_contract),
            )  # fmt: skip
            done = mend(patient)
            yield _row(
                dataset,
                damage,
                repaired=done.repaired,
                venue_has_none=done.venue_has_none,
                agreed=done.agreed,
                quarantined=done.quarantined,
                source=name,
                refused=done.refused,
            )


def _row(dataset: "Dataset", damage: "Damage", **done: Any) -> RepairRow:
    from xq.timeframe import Timeframe

    bar = Timeframe.parse(str(dataset.timeframe))
    return RepairRow(
        str(dataset.exchange),
        str(dataset.symbol),
        bar.name,
        len(damage.files),
        len(damage.rows),
        sum(item.bars(bar) for item in damage.missing),
        sum(item.bars(bar) for item in damage.ranges(bar)),
        **done,
    )
