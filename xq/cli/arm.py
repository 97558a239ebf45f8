"""``xq arm``."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from xq.cli.shell import Shell, command

app = typer.Typer()


@command(app)
def arm(
    shell: Shell,
    account: Annotated[
        str, typer.Option(help="The account's name, typed in full: live:binance.")
    ] = "",
    hours: Annotated[float, typer.Option(help="How long; a week at most.")] = 24.0,
    off: Annotated[bool, typer.Option("--off", help="Take the leave back.")] = False,
    exchange: Annotated[str | None, typer.Option(help="A ccxt id; default: exchange.name.")] = None,
) -> None:
    """Give leave to trade real money for a while, or take it back.

    Live mode trades only while this leave, the key, the exchange and the state folder agree.
    """
    from xq.api.live_mode import arm as give
    from xq.api.live_mode import disarm

    shell.override(exchange__name=exchange, trade__mode="live")
    if off:
        disarm(shell.workspace)
        shell.note("disarmed: live mode is refused from the next start on")
        return
    given = give(shell.workspace, hours, account)
    until = datetime.fromtimestamp(given.until_ms / 1000, UTC)
    shell.record({"account": given.account, "key": given.key, "until": until})
