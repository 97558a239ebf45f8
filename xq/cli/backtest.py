"""``xq backtest``."""

import typer

from xq.cli import backtest_options as options
from xq.cli.shell import Shell, command

app = typer.Typer()


@command(app)
def backtest(
    shell: Shell,
    strategy: options.Strategy = "trend_following",
    symbol: options.SymbolsOrAll = None,
    timeframe: options.Length = None,
    days: options.Days = None,
    since: options.Since = None,
    until: options.Until = None,
    param: options.Params = None,
    fee: options.Fee = None,
    slippage: options.Slippage = None,
    slippage_model: options.SlippageModel = None,
    initial_cash: options.Cash = None,
    exchange: options.Exchange = None,
    delay: options.Delay = None,
    benchmark: options.Benchmark = None,
    deposit: options.Deposits = None,
    latency: options.Latency = None,
    gaps: options.Gaps = None,
    engine: options.Engine = "vector",
    decide: options.Decide = "ahead",
    verify: options.Verify = False,
    save: options.Save = False,
    report: options.Report = None,
) -> None:
    """Simulate a strategy over stored bars.

    Weights decided at a bar's close trade at the next open, with fee and slippage. Before the run
    the strategy is checked for look-ahead. Bars before --since or --days serve as warm-up.
    """
    from xq.api import backtest as api
    from xq.api.backtest_inputs import Span
    from xq.api.backtest_world import deposits_of
    from xq.api.params import assigned
    from xq.backtest.first_compile import hearing
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
    options.check_report(report)
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
        from xq.errors import UsageError

        if save or report is not None:
            raise UsageError("--verify compares engines and keeps no run", hint="without --save")
        show(shell, request)
        return
    with hearing(shell.note):
        result = api.backtest(shell.workspace, request)
    if save:
        from xq.api.runs import save as keep

        keep(shell.workspace, result)
    if report is not None:
        from xq.api.report import write_report

        write_report(shell.workspace, result, report)
    view(shell, result, saved=save, report=report)
