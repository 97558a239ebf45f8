"""``xq data gaps``, ``xq data coverage`` and ``xq data quarantine``."""

from pathlib import Path
from typing import Annotated

import typer

from xq.cli.shell import Shell

Kind = Annotated[str | None, typer.Option(help="Only this kind: ohlcv, mark …")]
Exchange = Annotated[str | None, typer.Option(help="Only this exchange.")]
Name = Annotated[str | None, typer.Option("--symbol", help="Only this symbol.")]
Length = Annotated[str | None, typer.Option("--timeframe", help="Only this bar length.")]


def gaps(
    shell: Shell,
    kind: Kind = None,
    exchange: Exchange = None,
    symbol: Name = None,
    timeframe: Length = None,
) -> None:
    """List stretches without bars: whose they are, and what proves it."""
    from xq.api import data_gaps
    from xq.api.data_check import Series

    rows = list(data_gaps.gaps(shell.workspace, Series(exchange, symbol, timeframe, kind)))
    shell.rows(rows)
    if not rows:
        shell.note("no gap")


def coverage(
    shell: Shell,
    kind: Kind = None,
    exchange: Exchange = None,
    symbol: Name = None,
    timeframe: Length = None,
) -> None:
    """Show what was wanted, covered, is missing and was repaired, in bars."""
    from xq.api import data_gaps
    from xq.api.data_check import Series

    shell.rows(list(data_gaps.coverage(shell.workspace, Series(exchange, symbol, timeframe, kind))))


def quarantine(
    shell: Shell,
    files: Annotated[
        list[Path] | None, typer.Argument(help="Unreadable files of the lake to set aside.")
    ] = None,
) -> None:
    """List what was set aside, with the reason; given files of the lake, set them aside.

    A file is copied to .xq/quarantine and leaves the lake; its rows count as lost until a collect,
    a repair or an import brings them. Sound files are refused.
    """
    from xq.api import data_gaps

    if files:
        shell.rows([data_gaps.set_aside(shell.workspace, path) for path in files])
        shell.note("their rows are lost until xq collect, xq data repair or an import brings them")
        return
    rows = data_gaps.quarantined(shell.workspace)
    shell.rows(rows)
    if not rows:
        shell.note("nothing is in quarantine")
