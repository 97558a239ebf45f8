"""``xq indicators``."""

from collections.abc import Sequence
from typing import Annotated

import typer

from xq.cli.shell import Shell, command
from xq.errors import UsageError

app = typer.Typer()

_ON_SCREEN = 20


@command(app)
def indicators(
    shell: Shell,
    specs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[INDICATOR:PARAMETER… | list [NAME]]…",
            help="ema:20, macd, bbands:20:2 or bbands:width=2.5; 'list' shows them all, "
            "'list ema' all about one.",
        ),
    ] = None,
    symbol: Annotated[str | None, typer.Option(help="Default: first of collect.symbols.")] = None,
    timeframe: Annotated[
        str | None, typer.Option(help="Bar length. Default: collect.timeframe.")
    ] = None,
    exchange: Annotated[str | None, typer.Option(help="Default: exchange.name.")] = None,
    days: Annotated[
        float | None, typer.Option(help="So far back from --until or the last stored bar.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="First bar: a date, time or epoch; instead of --days.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Bars before this.")] = None,
    last: Annotated[
        int | None,
        typer.Option(min=1, help="Rows to show; default 20 in a table without a range, else all."),
    ] = None,
    store: Annotated[
        bool, typer.Option("--store", help="Keep the columns in the lake as features.")
    ] = False,
) -> None:
    """Compute indicators over stored bars.

    Without a name: sma:20 ema:20 rsi:14 macd bbands:20:2. Nothing is filled: values are empty while
    an indicator warms up, and again after a hole in the bars.
    """
    from xq.api import indicators as api
    from xq.api.when import epoch_ms

    if specs and specs[0] == "list":
        _list(shell, specs[1:])
        return
    if specs and "list" in specs:
        raise UsageError("'list' stands alone", hint="xq indicators list")
    selection = api.Selection(
        symbol,
        timeframe,
        exchange,
        None if since is None else epoch_ms(since),
        None if until is None else epoch_ms(until),
        days,
    )
    report = api.compute(shell.workspace, specs or [], selection)
    if report.derived_from:
        shell.note(f"{report.timeframe} bars are derived from stored {report.derived_from}")
    if report.missing:
        shell.note(f"{report.missing} bars missing; indicators start anew after each hole")
    if report.unsettled:
        names = " ".join(report.unsettled)
        shell.note(f"{names}: {report.first} bars before the range are too few to forget the start")
    if store:
        from xq.api.features import store as keep

        shell.record(keep(shell.workspace, report))
        return
    unbounded = days is None and since is None and until is None
    count = last or (_ON_SCREEN if shell.as_table and unbounded else len(report.table))
    shell.rows(
        report.table.slice(max(len(report.table) - count, 0)),
        title=f"{report.symbol} {report.timeframe} of {report.exchange}",
    )


def _list(shell: Shell, names: Sequence[str]) -> None:
    from xq.api.indicators import listing

    rows = listing(names)
    if len(names) == 1:
        facts = {name: getattr(rows[0], name) for name in rows[0].__slots__}
        empty = ("", None) if shell.as_table else ()
        shell.record({name: fact for name, fact in facts.items() if fact not in empty})
        return
    wanted = ("use", "title", "memory", "kind") if shell.as_table else rows[0].__slots__
    shell.rows([{name: getattr(row, name) for name in wanted} for row in rows])
