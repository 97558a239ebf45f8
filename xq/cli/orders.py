"""``xq orders``, and ``xq order list``, which is the same."""

from typing import Annotated

import typer

from xq.cli.shell import Shell, command

app = typer.Typer()


@command(app)
def orders(
    shell: Shell,
    symbol: Annotated[str | None, typer.Option(help="Only this one.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many, the newest.")] = None,
    mode: Annotated[
        str | None, typer.Option(help="sim, paper, testnet or live. Default: trade.mode.")
    ] = None,
    at_venue: Annotated[
        bool, typer.Option("--open", "--venue", help="What rests at the venue now, ours or not.")
    ] = False,
) -> None:
    """List the orders xq has sent."""
    from xq.api.orders_list import open_orders
    from xq.api.orders_list import orders as listed
    from xq.cli.brief import order, show

    shell.override(trade__mode=mode)
    if at_venue:
        resting = open_orders(shell.workspace, symbol=symbol)
        show(shell, resting, order, "no order rests there")
    else:
        found = listed(shell.workspace, symbol=symbol, limit=limit)
        show(shell, found, order, "no order yet")
