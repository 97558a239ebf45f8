"""``xq sweep``."""

from typing import Annotated

import typer

from xq.cli.shell import Shell, command

app = typer.Typer()


@command(app)
def sweep(
    shell: Shell,
    strategy: Annotated[
        str, typer.Option(help="File name in the strategies folder.")
    ] = "trend_following",
    param: Annotated[
        list[str] | None, typer.Option(help="Repeatable: fast=5:50:5, fast=5,8,13 or fast=20.")
    ] = None,
    symbol: Annotated[
        list[str] | None, typer.Option(help="Repeatable: one account. Default: collect.symbols.")
    ] = None,
    timeframe: Annotated[
        str | None, typer.Option(help="Bar length. Default: collect.timeframe.")
    ] = None,
    days: Annotated[
        float | None, typer.Option(help="So far back from the newest stored bar. Default: all.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="First bar: a date, time or epoch.")] = None,
    until: Annotated[str | None, typer.Option(help="Bars before this. Default: newest.")] = None,
    method: Annotated[str, typer.Option(help="grid, random, tpe or cmaes.")] = "grid",
    trials: Annotated[int | None, typer.Option(help="How many; not for a grid.")] = None,
    objective: Annotated[
        str, typer.Option(help="sharpe_ratio, total_return, calmar_ratio or sortino_ratio.")
    ] = "sharpe_ratio",
    fee: Annotated[float | None, typer.Option(help="Fraction of notional, per fill.")] = None,
    slippage: Annotated[float | None, typer.Option(help="Fraction of price, per fill.")] = None,
    exchange: Annotated[
        str | None, typer.Option(help="Whose bars. Default: exchange.name.")
    ] = None,
    gaps: Annotated[str | None, typer.Option(help="Missing bars: refuse, flag or drop.")] = None,
    limit: Annotated[int, typer.Option(help="Most sets of parameters.")] = 10_000,
    seed: Annotated[int | None, typer.Option(help="Of all draws.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes. Default: all cores.")] = None,
    executor: Annotated[str, typer.Option(help="local or ray.")] = "local",
    address: Annotated[str | None, typer.Option(help="Of a Ray cluster to join.")] = None,
    deadline: Annotated[float, typer.Option(help="Seconds per question to the strategy.")] = 60.0,
    top: Annotated[int, typer.Option(help="Trials in the table on a terminal.")] = 10,
) -> None:
    """Try many sets of parameters and judge the best.

    Interrupted, it goes on where it stopped. Every trial enters the ledger (xq trials), and the
    best is deflated by all of them.
    """
    from xq.api import sweep as api
    from xq.api.backtest_inputs import Span
    from xq.api.sweep_scene import Question
    from xq.cli.sweep_view import view

    shell.override(
        backtest__fee=fee, backtest__slippage=slippage, backtest__gaps=gaps, exchange__name=exchange
    )
    question = Question(
        strategy=strategy,
        params=tuple(param or ()),
        symbols=None if symbol is None else tuple(symbol),
        timeframe=timeframe,
        span=Span.of(since, until, days),
        method=method,
        trials=trials,
        objective=objective,
        limit=limit,
        seed=seed,
        deadline_s=deadline,
    )
    with shell.progress("trials", total=None) as bar:
        result = api.sweep(
            shell.workspace, question, workers=workers, executor=executor, address=address,
            counting=lambda _: bar.advance,
        )  # fmt: skip
    view(shell, result, top)
