"""``xq symbols``."""

from typing import Annotated

import typer

from xq.cli.shell import Shell, command

app = typer.Typer()


@command(app)
def symbols(
    shell: Shell,
    quote: Annotated[str | None, typer.Option(help="Only this quote asset: USDT.")] = None,
    contracts: Annotated[
        bool, typer.Option("--contracts", help="Perpetual contracts instead of spot.")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many.")] = None,
    exchange: Annotated[
        str | None, typer.Option(help="'sim' or a ccxt id; default: exchange.name.")
    ] = None,
) -> None:
    """List a venue's symbols by traded volume.

    One line each when piped, which xq collect --symbol - reads:
    xq symbols --quote USDT | head -20 | xq collect --symbol - --days 7
    """
    from xq.api.symbols import symbols as listed

    shell.rows(
        listed(shell.workspace, quote=quote, contracts=contracts, limit=limit, exchange=exchange)
    )
