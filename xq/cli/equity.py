"""``xq equity``."""

from typing import Annotated

import typer

from xq.cli.shell import Shell, command

app = typer.Typer()


@command(app)
def equity(
    shell: Shell,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many, the newest.")] = None,
    mode: Annotated[
        str | None, typer.Option(help="sim, paper, testnet or live. Default: trade.mode.")
    ] = None,
) -> None:
    """Show equity over time."""
    from xq.api.account import equity as listed

    shell.override(trade__mode=mode)
    shell.rows(listed(shell.workspace, limit=limit))
