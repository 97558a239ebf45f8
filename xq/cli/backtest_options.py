"""Options of every command that simulates: which strategy, which bars, which costs."""

from pathlib import Path
from typing import Annotated

import typer

from xq.errors import UsageError

Strategy = Annotated[str, typer.Option(help="File name in the strategies folder.")]
Symbols = Annotated[
    list[str] | None, typer.Option(help="Repeatable: one account. Default: collect.symbols.")
]
SymbolsOrAll = Annotated[
    list[str] | None,
    typer.Option(
        help="Repeatable: one account; '*/USDT': all that were listed. Default: collect.symbols."
    ),
]
Length = Annotated[str | None, typer.Option(help="Bar length. Default: collect.timeframe.")]
Days = Annotated[
    float | None, typer.Option(help="So far back from the newest stored bar. Default: all.")
]
Since = Annotated[str | None, typer.Option(help="First bar: a date, time or epoch.")]
Until = Annotated[str | None, typer.Option(help="Bars before this. Default: newest.")]
Params = Annotated[list[str] | None, typer.Option(help="Repeatable: name=value, such as fast=20.")]
Fee = Annotated[float | None, typer.Option(help="Fraction of notional, per fill.")]
Slippage = Annotated[float | None, typer.Option(help="Fraction of price, per fill.")]
Exchange = Annotated[str | None, typer.Option(help="Whose bars. Default: exchange.name.")]
Gaps = Annotated[str | None, typer.Option(help="Missing bars: refuse, flag or drop.")]
SlippageModel = Annotated[str | None, typer.Option(help="fixed, half_spread or square_root.")]
Cash = Annotated[float | None, typer.Option(help="Quote asset at the start.")]
Delay = Annotated[int | None, typer.Option(help="Opens from a decision to its fill.")]
Benchmark = Annotated[str | None, typer.Option(help="Compare with hold, none, or a symbol.")]
Deposits = Annotated[
    list[str] | None, typer.Option(help="Repeatable: TIME=AMOUNT; negative: taken out.")
]
Latency = Annotated[
    int | None,
    typer.Option(min=1, help="Events: ms from decision to book; 100 unless given."),
]
Engine = Annotated[str, typer.Option(help="vector, or replay: the live loop, order by order.")]
Decide = Annotated[
    str, typer.Option(help="With replay: ahead, or each-bar to ask the strategy at every bar.")
]
Verify = Annotated[
    bool, typer.Option("--verify", help="Run both engines and explain every difference.")
]
Save = Annotated[bool, typer.Option("--save", help="Keep run, equity and trades in the lake.")]
Report = Annotated[Path | None, typer.Option(help="Write a self-contained HTML page there.")]


def check_report(report: Path | None) -> None:
    """Refuse a folder before anything is computed.

    Raises
    ------
    UsageError
        If the page cannot be written there.
    """
    if report is not None and (report.is_dir() or not report.name):
        raise UsageError(f"expected a file, found a folder: {report}", hint="--report report.html")
