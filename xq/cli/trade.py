"""``xq trade``."""

from typing import TYPE_CHECKING, Annotated

import typer

from xq.cli.metrics_options import with_metrics
from xq.cli.shell import Shell, command
from xq.cli.trade_answer import answer
from xq.errors import XqError

if TYPE_CHECKING:
    from xq.live.report import Report

app = typer.Typer()

_TRADE = "Default: trade.{}."


@command(app)
@with_metrics
def trade(
    shell: Shell,
    once: Annotated[bool, typer.Option("--once", help="Decide once and end; for cron.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Decide and show what would be sent; send nothing.")
    ] = False,
    crontab: Annotated[bool, typer.Option("--crontab", help="Print lines for cron.")] = False,
    systemd: Annotated[bool, typer.Option("--systemd", help="Print units for systemd.")] = False,
    strategy: Annotated[str | None, typer.Option(help=_TRADE.format("strategy"))] = None,
    symbol: Annotated[
        list[str] | None, typer.Option(help="Repeatable. " + _TRADE.format("symbols"))
    ] = None,
    timeframe: Annotated[str | None, typer.Option(help=_TRADE.format("timeframe"))] = None,
    mode: Annotated[
        str | None, typer.Option(help="sim, paper, testnet or live. Default: trade.mode.")
    ] = None,
    param: Annotated[
        list[str] | None, typer.Option(help="A strategy's parameter: fast=20. Repeatable.")
    ] = None,
    capital: Annotated[float | None, typer.Option(help="Most equity, quote asset.")] = None,
    exchange: Annotated[str | None, typer.Option(help="'sim' or a ccxt id.")] = None,
    foreign: Annotated[str | None, typer.Option(help="adopt or halt.")] = None,
    cycles: Annotated[int | None, typer.Option(min=1, help="End after so many decisions.")] = None,
) -> None:
    """Run a strategy: once for cron, or on schedule.

    Decides on the last closed bar, at most once per bar: a second run of the same bar does
    nothing, and a run that was killed is reconciled with the venue before anything else happens.
    """
    shell.override(
        trade__strategy=strategy,
        trade__symbols=tuple(symbol) if symbol else None,
        trade__timeframe=timeframe,
        trade__mode=mode,
        trade__capital=capital,
        trade__foreign=foreign,
        exchange__name=exchange,
    )
    from xq.api.announce import announcement
    from xq.api.crontab import crontab_lines
    from xq.api.params import assigned
    from xq.api.trade import TradeRequest, check_request, trade_loop, trade_once
    from xq.api.units import units

    request = TradeRequest(assigned(param or []), dry_run)
    if crontab or systemd:
        check_request(shell.workspace, request)
        shell.text((crontab_lines if crontab else units)(shell.workspace, shell.flags, param or []))
        return
    for line in announcement(shell.workspace, request):
        shell.note(line)
    if once or dry_run:
        answer(shell, trade_once(shell.workspace, request, shell.progress))
        return

    def tell(outcome: "Report | XqError") -> None:
        try:
            if isinstance(outcome, XqError):
                raise outcome
            answer(shell, outcome)
        except XqError as error:
            shell.mention(error)

    if trade_loop(shell.workspace, request, tell, cycles):
        raise KeyboardInterrupt
    shell.note("ended")
