"""``xq watchdog``."""

import signal
import threading
from typing import Annotated

import typer

from xq.cli.shell import Shell, command
from xq.errors import TradingHalted, XqError

app = typer.Typer()


@command(app)
def watchdog(
    shell: Shell,
    once: Annotated[bool, typer.Option("--once", help="Look once and end; for cron.")] = False,
    mode: Annotated[
        str | None, typer.Option(help="sim, paper, testnet or live. Default: trade.mode.")
    ] = None,
    exchange: Annotated[str | None, typer.Option(help="'sim' or a ccxt id.")] = None,
    symbol: Annotated[
        list[str] | None, typer.Option(help="Repeatable. Default: trade.symbols.")
    ] = None,
) -> None:
    """Watch the service from outside, and stop for it.

    Fires on a service that is silent, a loss or too much exposure, and obeys the STOP file.
    """
    from xq.api import watchdog as api

    shell.override(
        trade__mode=mode,
        exchange__name=exchange,
        trade__symbols=tuple(symbol) if symbol else None,
    )

    def tell(error: XqError) -> None:
        shell.note(str(error))

    if once:
        ws = shell.workspace
        with api.only_watchdog(ws), api.Watchdog(ws, tell, lambda: False) as dog:
            line = dog.look()
        shell.record(line)
        if line.fired:
            raise TradingHalted(
                f"the watchdog pulled the stop: {line.fired}",
                hint='xq stop --release --reason "..."',
            )
        return
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    api.watch(shell.workspace, tell, over.wait)
    shell.note("ended")
