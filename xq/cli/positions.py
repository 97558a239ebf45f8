"""``xq positions``."""

from typing import Annotated

import typer

from xq.cli.shell import Shell, command

app = typer.Typer()


@command(app)
def positions(
    shell: Shell,
    mode: Annotated[
        str | None, typer.Option(help="sim, paper, testnet or live. Default: trade.mode.")
    ] = None,
    books: Annotated[
        bool, typer.Option("--books", help="The journal alone; do not ask the venue.")
    ] = False,
) -> None:
    """Show what is held, by xq's books and by the venue's."""
    from xq.api.account import positions as listed

    shell.override(trade__mode=mode)
    rows = listed(shell.workspace, ask_venue=not books)
    shell.rows_or_note(rows, "nothing is held, nothing was traded")
    for row in rows:
        if row.agrees is False:
            shell.note(
                f"{row.symbol}: books and venue disagree; the next xq trade takes the venue's"
            )
