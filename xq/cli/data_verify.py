"""``xq data verify``."""

from typing import Annotated

import typer

from xq.cli.shell import Shell

Kind = Annotated[str | None, typer.Option(help="Only this kind: ohlcv, trades, equity …")]
Exchange = Annotated[str | None, typer.Option(help="Only this exchange.")]
Name = Annotated[str | None, typer.Option("--symbol", help="Only this symbol.")]
Length = Annotated[str | None, typer.Option("--timeframe", help="Only this bar length.")]
Run = Annotated[str | None, typer.Option("--run-id", help="Only this run.")]


def verify(
    shell: Shell,
    kind: Kind = None,
    exchange: Exchange = None,
    symbol: Name = None,
    timeframe: Length = None,
    accept: Annotated[
        bool,
        typer.Option(
            help="Record the files as they are, where their rows can be true; "
            "in a bucket, make a lost head anew."
        ),
    ] = False,
) -> None:
    """Hash every file and compare with its checksum on record; exit 4 naming those that differ.

    xq's own readers refuse such files by themselves; run this before other programs read them.
    """
    from xq.api import housekeeping

    chosen = housekeeping.Selection(kind, exchange, symbol, timeframe)
    report = housekeeping.verify(shell.workspace, chosen, accept=accept, progress=shell.progress)
    shell.rows(list(report.faults))
    for note in report.notes:
        shell.note(note)
    if report.faults:
        raise housekeeping.unproven(report)
    what = "recorded" if accept else "as committed"
    shell.note(f"{report.files} files, {report.bytes:,} bytes: {what}")
