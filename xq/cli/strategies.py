"""``xq strategies``."""

from typing import Annotated

import typer

from xq.cli.shell import Shell, command

app = typer.Typer(help="List, write and check strategies.", no_args_is_help=True)


@command(app, "list")
def list_strategies(shell: Shell) -> None:
    """List the plugin folder; a broken file is listed with its own error."""
    from xq.api.strategies import listing
    from xq.cli.strategies_view import summary

    rows = listing(shell.workspace)
    if not shell.as_table:
        shell.rows(rows)
    else:
        shell.rows([summary(row) for row in rows])
        for row in rows:
            if row.error:
                shell.note(f"{row.name}: {row.error}")
    if not rows:
        shell.note(f"no strategies in {shell.workspace.strategies}; try: xq init my-folder")


@command(app)
def new(
    shell: Shell, name: Annotated[str, typer.Argument(help="File and strategy name: my_idea.")]
) -> None:
    """Write a working strategy to start from."""
    from xq.api.strategies import new as write

    path = write(shell.workspace, name)
    shell.record({"name": name, "path": path})
    shell.note(f"next: xq strategies check {name}")


@command(app)
def check(
    shell: Shell,
    name: Annotated[str, typer.Argument(help="A strategy of the plugin folder.")],
    symbol: Annotated[
        list[str] | None, typer.Option(help="Repeatable. Default: first of collect.symbols.")
    ] = None,
    timeframe: Annotated[
        str | None, typer.Option(help="Bar length. Default: collect.timeframe.")
    ] = None,
    exchange: Annotated[str | None, typer.Option(help="Default: exchange.name.")] = None,
    days: Annotated[
        float | None,
        typer.Option(help="The last days. Default: 10,000 bars, or 1 of events."),
    ] = None,
    since: Annotated[str | None, typer.Option(help="First bar: a date, time or epoch.")] = None,
    until: Annotated[str | None, typer.Option(help="Bars before this.")] = None,
    rows: Annotated[
        int | None,
        typer.Option(min=2, help="Ask so many, chosen by seed. Default: all, of events 256."),
    ] = None,
    param: Annotated[
        list[str] | None, typer.Option(help="A parameter: fast=20. Repeatable.")
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=1, max=86_400, help="Ask nothing more after so many.")
    ] = 600,
) -> None:
    """Hold a strategy against the law on stored data; exit 5 says how it fails.

    Every row is asked again twice: with its own lookback of bars alone, and without any later bar.
    Then the bars are told differently: begun later, in another order of symbols, in other units of
    price, with another future; and the law is asked again at the edges of every parameter.
    """
    from xq.api import strategies as api
    from xq.api.when import epoch_ms
    from xq.cli.strategies_view import show

    request = api.CheckRequest(
        name=name,
        parameters=api.overrides(shell.workspace, name, param or []),
        symbols=tuple(symbol or ()),
        timeframe=timeframe,
        exchange=exchange,
        since_ms=None if since is None else epoch_ms(since),
        until_ms=None if until is None else epoch_ms(until),
        days=days,
        rows=rows,
        seconds=seconds,
    )
    with shell.progress("checking"):
        report, failure = api.check(shell.workspace, request)
    show(shell, report)
    if failure is not None:
        raise failure
