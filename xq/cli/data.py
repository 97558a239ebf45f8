"""``xq data``."""

from pathlib import Path
from typing import Annotated

import typer

from xq.cli.shell import Shell, command

app = typer.Typer(help="List, check, import and export what the lake holds.", no_args_is_help=True)

Kind = Annotated[str | None, typer.Option(help="Only this kind: ohlcv, trades, equity …")]
Exchange = Annotated[str | None, typer.Option(help="Default: exchange.name.")]
Name = Annotated[str | None, typer.Option("--symbol", help="Default: first of collect.symbols.")]
Length = Annotated[
    str | None, typer.Option("--timeframe", help="Bar length. Default: collect.timeframe.")
]


@command(app, "ls")
def list_datasets(shell: Shell, kind: Kind = None) -> None:
    """List what is stored: range, rows, bytes, gaps."""
    from xq.api.data import stored

    rows = stored(shell.workspace, kind)
    shell.rows(rows)
    if not rows:
        shell.note("the lake is empty; try: xq collect --symbol BTC/USDT --days 30")


@command(app)
def check(shell: Shell, kind: Kind = None) -> None:
    """Look for unreadable files, rows that cannot be true, gaps and leftovers; exit 4 if any."""
    from xq.api import data

    with shell.progress("checking"):
        findings = list(data.check(shell.workspace, kind))
    shell.rows(findings)
    if findings:
        raise data.fault(len(findings))
    shell.note("no fault found")


@command(app, "import")
def import_bars(
    shell: Shell,
    file: Annotated[Path, typer.Argument(help="Parquet or CSV: ts,open,high,low,close,volume.")],
    exchange: Exchange = None,
    symbol: Name = None,
    timeframe: Length = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the file, store nothing.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace stored bars that differ.")
    ] = False,
) -> None:
    """Bring a file of bars into the lake; refuses rows that cannot be true, by number."""
    from xq.api.data_import import import_file

    report = import_file(
        shell.workspace,
        file,
        exchange=exchange,
        symbol=symbol,
        timeframe=timeframe,
        dry_run=dry_run,
        force=force,
    )
    shell.record(report)
    if report.ignored:
        shell.note(f"columns not taken: {', '.join(report.ignored)}")


@command(app)
def export(
    shell: Shell,
    file: Annotated[Path, typer.Argument(help="To write: .parquet, .csv or .jsonl.")],
    exchange: Exchange = None,
    symbol: Name = None,
    timeframe: Length = None,
    since: Annotated[str | None, typer.Option(help="First bar: a date, time or epoch.")] = None,
    until: Annotated[str | None, typer.Option(help="Bars before this.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
) -> None:
    """Write stored bars to a file."""
    from xq.api import data
    from xq.api.when import epoch_ms

    report = data.export(
        shell.workspace,
        file,
        exchange=exchange,
        symbol=symbol,
        timeframe=timeframe,
        since_ms=None if since is None else epoch_ms(since),
        until_ms=None if until is None else epoch_ms(until),
        force=force,
    )
    shell.record(report)
