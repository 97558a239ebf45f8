"""``xq data repair``."""

from typing import Annotated, Literal

import typer

from xq.cli.shell import Shell
from xq.errors import DataError, VenueUnreachable


def repair(
    shell: Shell,
    kind: Annotated[
        str | None,
        typer.Option(help="Only this kind: ohlcv, trades, book_diff …"),
    ] = None,
    exchange: Annotated[str | None, typer.Option(help="Only this exchange.")] = None,
    symbol: Annotated[str | None, typer.Option(help="Only this symbol.")] = None,
    timeframe: Annotated[str | None, typer.Option(help="Only this bar length.")] = None,
    given: Annotated[
        str | None,
        typer.Option("--from", help="A file, or an exchange to ask instead of the data's own."),
    ] = None,
    source: Annotated[
        Literal["auto", "rest", "archive"],
        typer.Option(
            help="As for xq collect: auto takes the bulk archive where it saves requests."
        ),
    ] = "auto",
    again: Annotated[
        bool, typer.Option("--again", help="Ask once more for what the venue was found to lack.")
    ] = False,
    dry_run: Annotated[bool, typer.Option(help="Tell what would be asked; ask nothing.")] = False,
) -> None:
    """Ask again for rows that are damaged or missing, and for nothing else.

    Bad rows and files go into quarantine with their reason. What the source does not have is left
    as it is, and said; exit 4 then.
    """
    from xq.api import data_repair
    from xq.api.data_check import Series

    series = Series(exchange, symbol, timeframe, kind)
    choice = data_repair.Choice(given, source, again, dry_run)
    done: list[data_repair.Outcome] = []
    lost: VenueUnreachable | None = None
    with shell.progress("repairing"):
        try:
            for item in data_repair.repair(shell.workspace, series, choice):
                done.append(item)
        except VenueUnreachable as error:
            lost = error
    if done or lost is None:
        shell.rows([item.row for item in done])
    for note in dict.fromkeys(note for item in done for note in item.notes):
        shell.note(note)
    if lost is not None:
        raise lost
    if not done:
        shell.note("nothing to repair")
    refused = [reason for item in done for reason in item.row.refused]
    for reason in refused:
        shell.note(reason)
    failed = [item for item in done if item.error is not None]
    for item in failed[1:]:
        shell.note(f"{item.row.symbol} {item.row.kind}: {item.row.failure}")
    if failed and failed[0].error is not None:
        raise failed[0].error
    if refused:
        raise DataError(f"{len(refused)} stretches could not be repaired", hint="xq data gaps")
