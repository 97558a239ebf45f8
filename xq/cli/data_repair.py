"""``xq data repair``."""

from typing import Annotated

import typer

from xq.cli.shell import Shell
from xq.errors import DataError


def repair(
    shell: Shell,
    exchange: Annotated[str | None, typer.Option(help="Only this exchange.")] = None,
    symbol: Annotated[str | None, typer.Option(help="Only this symbol.")] = None,
    timeframe: Annotated[str | None, typer.Option(help="Only this bar length.")] = None,
    source: Annotated[
        str | None, typer.Option("--from", help="Ask this exchange instead of the data's own.")
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Tell what would be asked; ask nothing.")] = False,
) -> None:
    """Ask the venue again for bars that are damaged or missing, and for nothing else.

    Bad rows and unreadable files go into quarantine with their reason. What the source does not
    have is left as it is, and said; exit 4 then.
    """
    from xq.api import data_repair
    from xq.api.data_check import Series

    with shell.progress("repairing"):
        found = data_repair.repair(
            shell.workspace, Series(exchange, symbol, timeframe), source=source, dry_run=dry_run
        )
        rows = list(found)
    shell.rows(rows)
    if not rows:
        shell.note("nothing to repair")
    refused = [reason for row in rows for reason in row.refused]
    for reason in refused:
        shell.note(reason)
    if refused:
        raise DataError(f"{len(refused)} stretches could not be repaired", hint="xq data gaps")
