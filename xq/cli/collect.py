"""``xq collect``."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from xq.cli.shell import Shell, command
from xq.cli.symbol_names import symbol_names

app = typer.Typer()


@command(app)
def collect(
    shell: Shell,
    symbol: Annotated[
        list[str] | None,
        typer.Option(help="Repeatable; - reads lines from stdin. Default: collect.symbols."),
    ] = None,
    kind: Annotated[
        str,
        typer.Option(
            help="ohlcv trades funding mark index open_interest instruments book_snapshot."
        ),
    ] = "ohlcv",
    all_symbols: Annotated[
        bool, typer.Option("--all-symbols", help="Every active symbol; see --quote.")
    ] = False,
    quote: Annotated[str | None, typer.Option(help="With --all-symbols: only this quote.")] = None,
    contracts: Annotated[
        bool, typer.Option("--contracts", help="With --all-symbols: perpetuals instead of spot.")
    ] = False,
    symbols_file: Annotated[
        Path | None, typer.Option(help="A file of symbols, one a line; # starts a comment.")
    ] = None,
    timeframe: Annotated[
        str | None, typer.Option(help="Bar length: 1m 1h 1d. Default: collect.timeframe.")
    ] = None,
    days: Annotated[
        float | None, typer.Option(help="So far back from the venue's time. Default: collect.days.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="First bar: a date, time or epoch; instead of --days.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Bars before this; default: now.")] = None,
    exchange: Annotated[
        str | None, typer.Option(help="'sim' or a ccxt id; default: exchange.name.")
    ] = None,
    source: Annotated[
        Literal["auto", "rest", "archive"],
        typer.Option(help="auto: bulk archive for whole past days where it saves requests."),
    ] = "auto",
) -> None:
    """Bring market data into the lake.

    Fetches only what the lake lacks, so that an interrupted run resumes. Unfinished bars are never
    stored; what the venue itself lacks is recorded and reported. Exit 4 if it has no bar at all.
    """
    from xq.api.collect import collect as bring
    from xq.api.collect_nothing import refuse_nothing
    from xq.api.collect_symbols import Selection, chosen
    from xq.api.when import epoch_ms

    named = None if symbol is None else tuple(symbol_names(symbol))
    selection = Selection(named, symbols_file, all_symbols, quote, contracts)
    report = bring(
        shell.workspace,
        chosen(shell.workspace, selection, exchange),
        timeframe,
        since_ms=None if since is None else epoch_ms(since),
        until_ms=None if until is None else epoch_ms(until),
        days=days,
        exchange=exchange,
        kind=kind,
        source=source,
        progress=shell.progress,
    )
    what = "bars" if kind == "ohlcv" else kind
    shell.rows(report.rows, title=f"{what} of {report.exchange} in {shell.workspace.lake_name}/")
    for note in report.notes:
        shell.note(note)
    for line in report.other_failures():
        shell.note(line)
    report.raise_failure()
    refuse_nothing(report)
