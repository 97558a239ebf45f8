"""``xq strategies``."""

from typing import Annotated

import typer

from xq.cli.shell import Shell, command

app = typer.Typer(help="List, write and check strategies.", no_args_is_help=True)


@command(app, "list")
def list_strategies(shell: Shell) -> None:
    """List the plugin folder; a broken file is listed with its own error."""
    from xq.api.strategies import listing

    rows = listing(shell.workspace)
    if not shell.as_table:
        shell.rows(rows)
    else:
        shell.rows(
            [
                {
                    "name": row.name,
                    "title": row.title or "(broken)",
                    "parameters": row.parameters,
                    "lookback": row.lookback,
                }
                for row in rows
            ]
        )
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
        float | None, typer.Option(help="Stored bars of the last days. Default: newest 10,000.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="First bar: a date, time or epoch.")] = None,
    until: Annotated[str | None, typer.Option(help="Bars before this.")] = None,
    rows: Annotated[
        int | None, typer.Option(min=2, help="Ask so many rows, chosen by seed. Default: all.")
    ] = None,
    param: Annotated[
        list[str] | None, typer.Option(help="A parameter: fast=20. Repeatable.")
    ] = None,
) -> None:
    """Hold a strategy against the law on stored bars; exit 5 says how it fails.

    Every row is asked again twice: with its own lookback of bars alone, and without any later bar.
    """
    from xq.api import strategies as api
    from xq.api.when import epoch_ms

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
    )
    with shell.progress("checking"):
        report = api.check(shell.workspace, request)
    shell.record(report)
    shell.note(f"the law holds: {report.checked} rows asked again, twice each")
