"""``xq runs``."""

from typing import Annotated

import typer

from xq.cli.shell import Shell, command
from xq.errors import DataError

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


@command(app, "diff")
def diff_runs(
    shell: Shell,
    first: Annotated[str, typer.Argument(help="The id of a run, or its beginning.")],
    second: Annotated[str, typer.Argument(help="Another one.")],
) -> None:
    """Show in what two saved backtests differ."""
    from xq.api.runs_compare import diff

    found = diff(shell.workspace, first, second)
    if not found:
        shell.note("no difference")
    shell.rows(found)


@command(app, "verify")
def verify_run(
    shell: Shell,
    run_id: Annotated[str, typer.Argument(help="The id of a run, or its beginning.")],
) -> None:
    """Run a saved backtest again and compare every byte."""
    from xq.api.runs_compare import verify

    found = verify(shell.workspace, run_id)
    shell.rows(found.parts)
    if not found.same:
        differing = [part.part for part in found.parts if not part.same]
        because = f" because of {', '.join(found.changed)}" if found.changed else ""
        raise DataError(
            f"run {found.run_id} does not come out again: {', '.join(differing) or 'its facts'} "
            f"differ{because}",
            hint="xq backtest --save keeps the run as it is now; xq runs diff compares them",
        )
    shell.note(f"{found.run_id} comes out again, byte by byte")


@command(app, "slippage")
def fit_slippage(
    shell: Shell,
    symbol: Annotated[list[str] | None, typer.Option(help="Default: collect.symbols.")] = None,
    timeframe: Annotated[str | None, typer.Option(help="Default: collect.timeframe.")] = None,
) -> None:
    """Fit the coefficient of square-root slippage from own fills."""
    from xq.api.backtest_inputs import market_of
    from xq.api.backtest_slippage import fit_slippage as fit

    config = shell.workspace.config
    symbols = config.collect.symbols if symbol is None else tuple(symbol)
    length = config.collect.timeframe if timeframe is None else timeframe
    found = fit(shell.workspace, market_of(config.exchange.name, symbols, length))
    shell.record({"coefficient": found.coefficient, "error": found.error, "fills": found.fills})
    shell.note(f"[backtest] slippage_coefficient = {found.coefficient:.3g} in xq.toml applies it")
