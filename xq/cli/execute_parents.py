"""``xq execute list``, ``show``, ``resume`` and ``cancel``."""

from typing import Annotated

import typer

from xq.cli.shell import Shell, command
from xq.errors import NoData

Name = Annotated[str, typer.Argument(help="A parent, as xq execute list names it.")]
Mode = Annotated[str | None, typer.Option(help="sim, paper, testnet or live. Default: trade.mode.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands that speak of parents there are."""
    command(app, "list")(listed)
    command(app, "show")(show)
    command(app, "resume")(resume)
    command(app, "cancel")(cancel)


def listed(
    shell: Shell,
    unfinished: Annotated[bool, typer.Option("--open", help="Only what has not ended.")] = False,
    mode: Mode = None,
) -> None:
    """List parent orders."""
    from xq.api.execute_shown import rows
    from xq.cli import brief

    shell.override(trade__mode=mode)
    try:
        found = rows(shell.workspace, unfinished=unfinished)
    except NoData:
        found = ()
    brief.show(shell, found, brief.parent, "no parent order yet")


def show(shell: Shell, parent: Name, mode: Mode = None) -> None:
    """Show one: its orders, its price, its cost."""
    from xq.api.execute_shown import show as run
    from xq.cli.execute_run import answer

    shell.override(trade__mode=mode)
    answer(shell, run(shell.workspace, parent), "orders")


def resume(shell: Shell, parent: Name, mode: Mode = None) -> None:
    """Go on with one that was left."""
    from xq.cli.execute_run import work

    shell.override(trade__mode=mode)
    work(shell, parent)


def cancel(shell: Shell, parent: Name, mode: Mode = None) -> None:
    """End one: what rests is cancelled, what is filled stays."""
    from xq.api.execute import cancel as run
    from xq.cli.execute_run import answer
    from xq.cli.execute_tell import heard

    shell.override(trade__mode=mode)
    answer(shell, run(shell.workspace, parent, heard(shell)), "orders")
