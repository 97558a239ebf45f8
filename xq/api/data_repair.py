"""``xq data repair``: ask again for what is damaged or missing, and for nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from xq.api.data_check import Series
from xq.api.workspace import Workspace
from xq.errors import Interrupted, VenueUnreachable, XqError

if TYPE_CHECKING:
    from xq.collect.archive_plan import SourceChoice
    from xq.collect.donors import Donor
    from xq.lake.damage import Damage
    from xq.lake.layout import Dataset

    Sick = tuple[Dataset, Damage]


@dataclass(frozen=True, slots=True)
class RepairRow:
    """What a repair did to one dataset, or would do.

    Attributes
    ----------
    damaged_files, bad_rows, gaps, missing
        What was found; ``missing`` counts the bars absent in the gaps, None for kinds without bars.
    asked
        Bars, or stretches of trades and funding, asked of the source: those and no others, beside
        one neighbour on each side.
    repaired, venue_has_none, agreed
        Rows written anew; proven to be the venue's own gap; rows the source confirms.
    quarantined
        Rows and files set aside, see ``xq data quarantine``.
    restored
        Files whose bytes are again exactly those once committed.
    source
        Who gave rows.
    refused
        Why something was left as it is.
    failure
        What kept the dataset from being repaired at all.
    """

    kind: str
    exchange: str
    symbol: str
    timeframe: str | None
    damaged_files: int
    bad_rows: int
    gaps: int
    missing: int | None
    asked: int
    repaired: int = 0
    venue_has_none: int = 0
    agreed: int = 0
    quarantined: int = 0
    restored: int = 0
    source: str | None = None
    refused: tuple[str, ...] = ()
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A row, what a person should know beside it, and the error that kept it from more."""

    row: RepairRow
    notes: tuple[str, ...] = ()
    error: XqError | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Where rows may come from, and what is asked for.

    Attributes
    ----------
    given
        A file, or an exchange to ask; None asks each dataset's own.
    source
        ``auto``, ``rest`` or ``archive``, as for ``xq collect``.
    again
        Ask once more for what the venue was found not to have.
    """

    given: str | None = None
    source: "SourceChoice" = "auto"
    again: bool = False
    dry_run: bool = False


def repair(ws: Workspace, series: Series, choice: Choice) -> Iterator[Outcome]:
    """Mend every damaged dataset that matches; sound ones are left out.

    Of order books, which no venue tells again, bad rows are set aside.

    An error of one dataset harms no other, unless the venue is out of reach.

    Raises
    ------
    UsageError
        If a file cannot be meant for these datasets.
    VenueUnreachable
        If the venue cannot be asked; what was mended before stays.
    """
    from xq.api.data_repair_books import repair_books
    from xq.api.data_repair_sources import file_donor, is_file
    from xq.lake.writer import LakeWriter

    if not choice.dry_run and ws.lake.exists():
        LakeWriter(ws.lake)  # sweeps what a killed repair left behind
    yield from repair_books(ws, series, choice)
    sick = list(_sick(ws, series, choice))
    if choice.dry_run:
        yield from (Outcome(row_of(dataset, damage)) for dataset, damage in sick)
    elif choice.given is not None and is_file(choice.given):
        donor = file_donor(ws, choice.given, series, [dataset for dataset, _ in sick])
        for item in sick:
            yield _mended(ws, item, donor, ws.clock.now_ms())
    else:
        for name, group in groupby(sick, key=lambda i: choice.given or str(i[0].exchange)):
            yield from _from_venue(ws, name, list(group), choice.source)


def _sick(ws: Workspace, series: Series, choice: Choice) -> "Iterator[Sick]":
    from xq.api.data_gaps import series_of
    from xq.lake.damage import damage_of
    from xq.lake.reader import Lake

    lake, now_ms = Lake(ws.lake), ws.clock.now_ms()
    for dataset in series_of(ws, series):
        damage = damage_of(lake, dataset, now_ms=now_ms, again=choice.again)
        if not damage.is_empty:
            yield dataset, damage


def _from_venue(
    ws: Workspace, name: str, sick: "list[Sick]", source: "SourceChoice"
) -> Iterator[Outcome]:
    from xq.api.collect_ways import ways
    from xq.api.venues import market_data
    from xq.collect.donors import Venue
    from xq.types import Symbol

    with market_data(ws, name) as market, ways(ws, market, source) as chosen:
        for item in sick:
            donor = Venue(chosen, name)
            try:
                symbol = Symbol.parse(str(item[0].symbol))
                market.find(symbol)
                now_ms = market.now_ms(symbol.is_contract)
            except (VenueUnreachable, Interrupted):
                raise
            except XqError as error:
                yield _failed(item, error)
                continue
            yield _mended(ws, item, donor, now_ms)


def _mended(ws: Workspace, item: "Sick", donor: "Donor", now_ms: int) -> Outcome:
    from xq.collect.mend import Patient, mend

    dataset, damage = item
    try:
        done = mend(Patient(ws.lake, dataset, damage, donor, now_ms))
    except (VenueUnreachable, Interrupted):
        raise
    except XqError as error:
        return _failed(item, error, tuple(donor.notes))
    row = row_of(
        dataset,
        damage,
        repaired=done.repaired,
        venue_has_none=done.venue_has_none,
        agreed=done.agreed,
        quarantined=done.quarantined,
        restored=done.restored,
        source=" and ".join(done.sources) or donor.name,
        refused=done.refused,
    )
    return Outcome(row, tuple(donor.notes))


def _failed(item: "Sick", error: XqError, notes: tuple[str, ...] = ()) -> Outcome:
    return Outcome(row_of(*item, failure=error.message), notes, error)


def row_of(dataset: "Dataset", damage: "Damage", **done: Any) -> RepairRow:
    """What was found in a dataset, and what was done about it."""
    bar = dataset.bar
    asks, missing = damage.asks, damage.missing
    return RepairRow(
        dataset.kind,
        str(dataset.exchange),
        str(dataset.symbol),
        dataset.timeframe,
        len(damage.files),
        len(damage.rows),
        len(missing),
        sum(item.bars(bar) for item in missing) if bar else None,
        sum(item.bars(bar) for item in asks) if bar else len(asks),
        **done,
    )
