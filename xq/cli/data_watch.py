"""``xq data watch``."""

from typing import Annotated

import typer

from xq.cli.output import Format
from xq.cli.shell import Shell
from xq.errors import UsageError


def watch(
    shell: Shell,
    kind: Annotated[str, typer.Option(help="What to show: ohlcv, trades, mark …")] = "ohlcv",
    exchange: Annotated[str | None, typer.Option(help="Default: exchange.name.")] = None,
    symbol: Annotated[
        str | None, typer.Option("--symbol", help="Default: first of collect.symbols.")
    ] = None,
    timeframe: Annotated[
        str | None, typer.Option("--timeframe", help="Default: collect.timeframe.")
    ] = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="Stored bars first.")] = 10,
    every: Annotated[float, typer.Option(min=0.0, help="Seconds between two looks.")] = 1.0,
    cycles: Annotated[int | None, typer.Option(min=1, help="Looks; default: no end.")] = None,
) -> None:
    """Show the newest bars, then each one as it is committed, as tail -f does for text."""
    from xq.api import housekeeping
    from xq.api.data import series_of
    from xq.api.stored_names import not_yet

    if shell.format not in (None, Format.TABLE, Format.JSONL):
        raise UsageError(f"expected --output jsonl or table, found {shell.format.value}")
    dataset = series_of(shell.workspace, kind, exchange, symbol, timeframe)
    if absent := not_yet(shell.workspace, dataset):
        shell.note(absent)
    batches = housekeeping.watch(
        shell.workspace, dataset, tail=lines, every_seconds=every, cycles=cycles
    )
    for rows in batches:
        shell.rows(rows)
