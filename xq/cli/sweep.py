"""``xq sweep``."""

from typing import Annotated

import typer

from xq.cli import backtest_options as options
from xq.cli import sweep_options
from xq.cli.resumable import resumable
from xq.cli.shell import Shell, command

app = typer.Typer()


@command(app)
def sweep(
    shell: Shell,
    strategy: options.Strategy = "trend_following",
    param: sweep_options.Grid = None,
    symbol: options.Symbols = None,
    timeframe: options.Length = None,
    days: options.Days = None,
    since: options.Since = None,
    until: options.Until = None,
    method: Annotated[str, typer.Option(help="grid, random, tpe or cmaes.")] = "grid",
    trials: Annotated[int | None, typer.Option(help="How many; not for a grid.")] = None,
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
    top: Annotated[int, typer.Option(help="Trials in the table on a terminal.")] = 10,
    report: options.Report = None,
) -> None:
    """Try many sets of parameters and judge the best.

    Interrupted, it goes on where it stopped. Every trial enters the ledger (xq trials), and the
    best is deflated by all of them.
    """
    from xq.api import sweep as api
    from xq.api.backtest_inputs import Span
    from xq.api.sweep_scene import Question
    from xq.backtest.first_compile import hearing
    from xq.cli.sweep_view import view

    shell.override(
        backtest__fee=fee, backtest__slippage=slippage, backtest__gaps=gaps, exchange__name=exchange
    )
    options.check_report(report)
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
    with resumable(), hearing(shell.note), shell.progress("trials", total=None) as bar:
        result = api.sweep(
            shell.workspace, question, workers=workers, executor=executor, address=address,
            counting=lambda _: bar.advance,
        )  # fmt: skip
    if report is not None:
        from xq.api.sweep_report import write_sweep_report

        write_sweep_report(result, report)
    view(shell, result, top)
