"""``xq data repair`` of order books: what cannot be true goes into quarantine."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from xq.api.data_check import Series
from xq.api.workspace import Workspace
from xq.errors import UsageError, XqError

if TYPE_CHECKING:
    from xq.api.data_repair import Choice, Outcome, RepairRow
    from xq.lake.layout import Dataset


def repair_books(ws: Workspace, series: Series, choice: "Choice") -> "Iterator[Outcome]":
    """Set bad rows aside. No venue tells past books again: a recording imported anew brings them.

    Raises
    ------
    UsageError
        If a source is named for them.
    """
    from xq.api.data_gaps import books_of
    from xq.api.data_repair import row_of
    from xq.lake.expel_rows import damage_of_book
    from xq.lake.reader import Lake

    books = books_of(ws, series)
    if choice.given is not None:
        if series.kind is not None and books:
            raise UsageError(
                "no source is asked for order books",
                where=choice.given,
                hint=f"xq data import --kind {series.kind} RECORDING.raw.gz",
            )
        return
    lake, now_ms = Lake(ws.lake), ws.clock.now_ms()
    for dataset in books:
        damage = damage_of_book(lake, dataset, now_ms=now_ms)
        if damage.is_empty:
            continue
        row = row_of(dataset, damage)
        yield _done(ws, dataset, row, choice, now_ms)


def _done(
    ws: Workspace, dataset: "Dataset", row: "RepairRow", choice: "Choice", now_ms: int
) -> "Outcome":
    from xq.api.data_repair import Outcome
    from xq.lake.expel_rows import expel_rows

    if choice.dry_run:
        return Outcome(row)
    try:
        done = expel_rows(ws.lake, dataset, now_ms=now_ms)
    except XqError as error:
        return Outcome(replace(row, failure=error.message), (), error)
    return Outcome(replace(row, quarantined=done.rows, refused=done.refused))
