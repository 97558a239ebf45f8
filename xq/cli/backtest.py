"""``xq backtest``."""

from pathlib import Path
from typing import Annotated

import typer

from xq.cli.shell import Shell, command
from xq.errors import UsageError

app = typer.Typer()


@command(app)
def backtest(
    shell: Shell,
    strategy: Annotated[
        str, typer.Option(help="File name in the strategies folder.")
    ] = "trend_following",
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
    param: Annotated[
        list[str] | None, typer.Option(help="Repeatable: name=value, such as fast=20.")
    ] = None,
    fee: Annotated[float | None, typer.Option(help="Fraction of notional, per fill.")] = None,
    slippage: Annotated[float | None, typer.Option(help="Fraction of price, per fill.")] = None,
    slippage_model: Annotated[
        str | None, typer.Option(help="fixed, half_spread or square_root.")
    ] = None,
    initial_cash: Annotated[float | None, typer.Option(help="Quote asset at the start.")] = None,
    exchange: Annotated[
        str | None, typer.Option(help="Whose bars. Default: exchange.name.")
    ] = None,
    delay: Annotated[int | None, typer.Option(help="Opens from a decision to its fill.")] = None,
    benchmark: Annotated[
        str | None, typer.Option(help="Compare with hold, none, or a symbol.")
    ] = None,
    deposit: Annotated[
        list[str] | None, typer.Option(help="Repeatable: TIME=AMOUNT; negative: taken out.")
    ] = None,
    latency: Annotated[
        int, typer.Option(min=1, help="ms from decision to book; strategies on events only.")
    ] = 100,
    gaps: Annotated[str | None, typer.Option(help="Missing bars: refuse, flag or drop.")] = None,
    engine: Annotated[
        str, typer.Option(help="vector, or replay: the live loop, order by order.")
    ] = "vector",
    decide: Annotated[
        str, typer.Option(help="With replay: ahead, or each-bar to ask the strategy at every bar.")
    ] = "ahead",
    verify: Annotated[
        bool, typer.Option("--verify", help="Run both engines and explain every difference.")
    ] = False,
    save: Annotated[
        bool, typer.Option("--save", help="Keep run, equity and trades in the lake.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write a self-contained HTML page there.")
    ] = None,
) -> None:
    """Simulate a strategy over stored bars.

    Weights decided at a bar's close trade at the next open, with fee and slippage. Before the run
    the strategy is checked for look-ahead. Bars before --since or --days serve as warm-up.
    """
    from xq.api import backtest as api
    from xq.api.backtest_inputs import Span
    from xq.api.backtest_world import deposits_of
    from xq.api.params import assigned
    from xq.cli.backtest_view import view

    shell.override(
        backtest__fee=fee,
        backtest__slippage=slippage,
        backtest__initial_cash=initial_cash,
        backtest__gaps=gaps,
        backtest__slippage_model=slippage_model,
        backtest__delay=delay,
        backtest__benchmark=benchmark,
        exchange__name=exchange,
    )
    if report is not None and (report.is_dir() or not report.name):
        raise UsageError(f"expected a file, found a folder: {report}", hint="--report report.html")
    request = api.BacktestRequest(
        strategy=strategy,
        symbols=None if symbol is None else tuple(symbol),
        timeframe=timeframe,
        span=Span.of(since, until, days),
        params=assigned(param or []),
        deposits=tuple(deposits_of(deposit or [])),
        latency_ms=latency,
        engine=engine,
        decide=decide,
    )
    if verify:
        from xq.cli.backtest_verify import show

        if save or report is not None:
            raise UsageError("--verify compares engines and keeps no run", hint="without --save")
        show(shell, request)
        return
    result = api.backtest(shell.workspace, request)
    if save:
        from xq.api.runs import save as keep

        keep(shell.workspace, result)
    if report is not None:
        from xq.api.report import write_report

        write_report(shell.workspace, result, report)
    view(shell, result, saved=save, report=report)
