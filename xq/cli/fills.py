"""``xq fills``."""

from typing import Annotated

import typer

from xq.cli.shell import Shell, command

app = typer.Typer()


@command(app)
def fills(
    shell: Shell,
    symbol: Annotated[str | None, typer.Option(help="Only this one.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many, the newest.")] = None,
    mode: Annotated[
        str | None, typer.Option(help="sim, paper, testnet or live. Default: trade.mode.")
    ] = None,
) -> None:
    """List executions."""
    from xq.api.account import fills as listed
    from xq.cli.brief import fill, show

    shell.override(trade__mode=mode)
    show(shell, listed(shell.workspace, symbol=symbol, limit=limit), fill, "no fill yet")
