"""``xq data``."""

from pathlib import Path
from typing import Annotated

import typer

from xq.cli import data_check, data_gaps, data_import, data_keep, data_repair
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
        shell.note(
            f"the lake is empty; try: xq collect --symbol BTC/USDT --days 30\n{_place(shell)}"
        )


def _place(shell: Shell) -> str:
    """Which folder was looked at, and why that one."""
    workspace = shell.workspace
    path = workspace.config.lake.path
    place = path if "://" in path else str(workspace.lake)
    of = "" if workspace.loaded.path else "; there is no xq.toml here or above, see xq init"
    return f"looked in {place}{of}"


command(app, "check")(data_check.check)
command(app, "import")(data_import.import_files)
command(app, "rules")(data_check.rules)
command(app, "gaps")(data_gaps.gaps)
command(app, "coverage")(data_gaps.coverage)
command(app, "quarantine")(data_gaps.quarantine)
command(app, "repair")(data_repair.repair)


@command(app)
def export(
    shell: Shell,
    file: Annotated[Path, typer.Argument(help="To write: .parquet, .csv or .jsonl.")],
    kind: Annotated[str, typer.Option(help="What to write: ohlcv, trades, book_diff …")] = "ohlcv",
    exchange: Exchange = None,
    symbol: Name = None,
    timeframe: Length = None,
    since: Annotated[str | None, typer.Option(help="First bar: a date, time or epoch.")] = None,
    until: Annotated[str | None, typer.Option(help="Bars before this.")] = None,
    force: Annotated[bool, typer.Option(help="Replace the file if it exists.")] = False,
) -> None:
    """Write stored bars, or another kind of market data, to a file."""
    from xq.api import data
    from xq.api.when import check_range, epoch_ms

    since_ms = None if since is None else epoch_ms(since)
    until_ms = None if until is None else epoch_ms(until)
    check_range(since_ms, until_ms, None)
    report = data.export(
        shell.workspace,
        file,
        kind=kind,
        exchange=exchange,
        symbol=symbol,
        timeframe=timeframe,
        since_ms=since_ms,
        until_ms=until_ms,
        force=force,
    )
    if report.derived_from is not None:
        shell.note(f"made of stored {report.derived_from} bars, whole ones only")
    shell.record(report)


data_keep.register(app)
