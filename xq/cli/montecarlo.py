"""``xq montecarlo``."""

from typing import Annotated

import typer

from xq.cli.shell import Shell, command

app = typer.Typer()


@command(app)
def montecarlo(
    shell: Shell,
    run_id: Annotated[str, typer.Argument(help="The id of a saved run, or its beginning.")],
    method: Annotated[
        str, typer.Option(help="bootstrap, trades, jitter or synthetic; see below.")
    ] = "bootstrap",
    paths: Annotated[
        int | None, typer.Option(help="How many. Default: 1000; jitter 20, synthetic 50.")
    ] = None,
    block: Annotated[
        float | None, typer.Option(help="Mean block length, days or bars. Default: by the data.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of all draws. Default: exchange.sim_seed.")
    ] = None,
) -> None:
    """Vary a saved backtest to see how much of it is luck.

    bootstrap resamples its daily returns in blocks; trades draws its round trips one by one, which
    is too good; jitter moves its parameters by up to a tenth; synthetic runs it on invented prices.
    The same seed gives the same paths.
    """
    from xq.api.montecarlo import MonteCarloRequest
    from xq.api.montecarlo import montecarlo as run
    from xq.backtest.report_plot import counted
    from xq.cli.backtest_figures import percent

    request = MonteCarloRequest(run_id, method, paths, block, seed)
    with shell.progress(f"{method} paths", total=request.count) as bar:
        found = run(shell.workspace, request, tick=lambda: bar.advance(1))
    if not shell.as_table:
        shell.record(found.as_dict())
    else:
        shell.rows(list(found.spreads), title=f"{found.strategy}, {counted(found.paths, 'path')}")
        used = "" if found.block is None else f", blocks of {found.block:.1f}"
        shell.text(f"{percent(found.losing, 1)} of the paths earn nothing or lose{used}")
    for note in found.notes:
        shell.note(f"note: {note}")
