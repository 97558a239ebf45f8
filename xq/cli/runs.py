"""``xq runs``."""

from typing import Annotated

import typer

from xq.cli.shell import Shell, command

app = typer.Typer(no_args_is_help=True, help="List and show saved backtests.")


@command(app, "list")
def list_runs(
    shell: Shell,
    strategy: Annotated[str | None, typer.Option(help="Only runs of this strategy.")] = None,
) -> None:
    """List saved backtests, oldest first."""
    from xq.api.runs import brief, runs

    saved = runs(shell.workspace, strategy=strategy)
    if not saved:
        of = f" of {strategy}" if strategy else ""
        shell.note(f"no run{of} is saved yet; hint: xq backtest --save")
    shell.rows([brief(run) for run in saved])


@command(app, "show")
def show_run(
    shell: Shell,
    run_id: Annotated[str, typer.Argument(help="The id of a run, or its beginning.")],
) -> None:
    """Show one saved backtest."""
    from xq.api.runs import details, show

    shell.record(details(show(shell.workspace, run_id)))
