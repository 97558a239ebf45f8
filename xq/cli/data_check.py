"""``xq data check`` and ``xq data rules``."""

from pathlib import Path
from typing import Annotated

import typer

from xq.cli.shell import Shell


def check(
    shell: Shell,
    file: Annotated[
        Path | None, typer.Argument(help="A file to check instead of the lake; stores nothing.")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="Only this kind: ohlcv, trades …")] = None,
    exchange: Annotated[
        str | None, typer.Option(help="Only this series; also the two below.")
    ] = None,
    symbol: Annotated[str | None, typer.Option(help="Only this symbol.")] = None,
    timeframe: Annotated[str | None, typer.Option(help="Bar length.")] = None,
    against: Annotated[
        str | None, typer.Option(help="A trusted file, or 'EXCHANGE SYMBOL TIMEFRAME' stored.")
    ] = None,
    every_row: Annotated[bool, typer.Option(help="List every row, not 5 per rule.")] = False,
    warnings: Annotated[bool, typer.Option(help="Also rows that are possible but odd.")] = True,
) -> None:
    """Look for unreadable files, rows that cannot be true, gaps and leftovers; exit 4 if any."""
    from xq.api import data, data_check

    limit = 10**9 if every_row else 5
    series = data_check.Series(exchange, symbol, timeframe, kind, limit)
    with shell.progress("checking"):
        if file is None:
            found = list(data_check.check_lake(shell.workspace, series, against))
        else:
            found = list(data_check.check_file(shell.workspace, file, series, against))
    errors = [item for item in found if item.severity == "error"]
    told = found if warnings else errors
    shell.rows(told)
    if file is None and (one := data_check.only(shell.workspace, series, against)) is not None:
        shell.note(f"looked at {one} only")
    if len(told) > len(errors):
        odd = sum(item.rows for item in told) - sum(item.rows for item in errors)
        noun = "warning" if odd == 1 else "warnings"
        shell.note(f"{odd:,} {noun}: possible, but look at them")
    if errors:
        raise data.fault(errors, where=None if file is None else str(file))
    shell.note("no fault found")


def rules(shell: Shell) -> None:
    """List every kind of poison row that check knows."""
    from xq.api.data_check import rules as known

    shell.rows(known())
