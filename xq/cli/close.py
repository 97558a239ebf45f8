"""``xq close``."""

from typing import Annotated

import typer

from xq.cli.order_answer import announce, answers
from xq.cli.order_place import Mode
from xq.cli.shell import Shell, command

app = typer.Typer()


@command(app)
def close(
    shell: Shell,
    symbols: Annotated[
        list[str] | None, typer.Argument(metavar="[SYMBOL]...", help="What to close.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything that is held.")] = False,
    mode: Mode = None,
) -> None:
    """Close positions at market, with the orders that belong to them.

    Spot: sells what xq's own orders bought. A strategy does not take a symbol again before its
    target is 0 or changes sign.
    """
    from xq.api.orders_change import close as run

    shell.override(trade__mode=mode)
    announce(shell, f"closes {' '.join(symbols or []) or 'everything'} at market")
    done = run(shell.workspace, symbols or [], everything=everything)
    answers(shell, done, "nothing is held that could be closed")
