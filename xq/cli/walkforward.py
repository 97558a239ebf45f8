"""``xq walkforward``."""

from typing import Annotated

import typer

from xq.cli import backtest_options as options
from xq.cli import sweep_options
from xq.cli.resumable import resumable
from xq.cli.shell import Shell, command

app = typer.Typer()


@command(app)
def walkforward(
    shell: Shell,
    strategy: options.Strategy = "trend_following",
    param: sweep_options.Grid = None,
    symbol: options.Symbols = None,
    timeframe: options.Length = None,
    days: options.Days = None,
    since: options.Since = None,
    until: options.Until = None,
    train: Annotated[int, typer.Option(help="Days to tune on.")] = 180,
    test: Annotated[int, typer.Option(help="Days until tuning again.")] = 30,
    anchored: Annotated[
        bool, typer.Option("--anchored", help="Tune on everything since the first day.")
    ] = False,
    purge: Annotated[int, typer.Option(help="Days left out between tuning and test.")] = 0,
    embargo: Annotated[int, typer.Option(help="Days left out after a test.")] = 0,
    groups: Annotated[int, typer.Option(help="Of the combinatorial paths; 0: none.")] = 10,
    held: Annotated[int, typer.Option(help="Groups held out at a time.")] = 2,
    method: Annotated[str, typer.Option(help="grid or random.")] = "grid",
    trials: Annotated[int | None, typer.Option(help="How many, for random.")] = None,
    objective: sweep_options.Objective = "daily_sharpe_ratio",
    fee: options.Fee = None,
    slippage: options.Slippage = None,
    exchange: options.Exchange = None,
    gaps: options.Gaps = None,
    limit: sweep_options.Limit = 10_000,
    seed: sweep_options.Seed = None,
    workers: sweep_options.Workers = None,
    executor: sweep_options.Executor = "local",
    address: sweep_options.Address = None,
    deadline: sweep_options.Deadline = 60.0,
    report: options.Report = None,
) -> None:
    """Tune on the past, test on what follows, again and again.

    The tests are stitched to one account that pays for every change of parameters.
    """
    from xq.api.backtest_inputs import Span
    from xq.api.sweep_scene import Question
    from xq.api.walkforward import Plan
    from xq.api.walkforward import walkforward as run
    from xq.backtest.first_compile import hearing
    from xq.cli.walkforward_view import view

    shell.override(
        backtest__fee=fee, backtest__slippage=slippage, backtest__gaps=gaps, exchange__name=exchange
    )
    options.check_report(report)
    symbols = None if symbol is None else tuple(symbol)
    span = Span.of(since, until, days)
    question = Question(
        strategy, tuple(param or ()), symbols, timeframe, span, method, trials, objective, limit,
        seed, deadline,
    )  # fmt: skip
    plan = Plan(train, test, anchored, purge, embargo, groups, held)
    with resumable(), hearing(shell.note), shell.progress("trials", total=None) as bar:
        result = run(
            shell.workspace, question, plan, workers=workers, executor=executor, address=address,
            counting=lambda _: bar.advance,
        )  # fmt: skip
    if report is not None:
        from xq.api.walkforward_report import write_walkforward_report

        write_walkforward_report(result, report)
    view(shell, result)
