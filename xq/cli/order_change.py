"""``xq order cancel``, ``replace`` and ``show``."""

from typing import Annotated

import typer

from xq.cli.order_answer import announce, answer, answers
from xq.cli.order_place import Mode, Price, StopPrice
from xq.cli.shell import Shell

Name = Annotated[str, typer.Argument(metavar="CLIENT_ID", help="As xq orders shows it.")]


def cancel(
    shell: Shell,
    client_ids: Annotated[
        list[str] | None, typer.Argument(metavar="[CLIENT_ID]...", help="As xq orders shows them.")
    ] = None,
    symbol: Annotated[str | None, typer.Option(help="All that rests of this symbol.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that rests.")] = False,
    mode: Mode = None,
) -> None:
    """Cancel orders, plain and conditional; exits that guard a position stay."""
    from xq.api.orders_change import cancel as run

    shell.override(trade__mode=mode)
    announce(shell, "cancels orders")
    answers(
        shell,
        run(shell.workspace, client_ids or [], symbol, everything=everything),
        "no order rests there",
    )


def replace(
    shell: Shell,
    client_id: Name,
    price: Price = None,
    stop_price: StopPrice = None,
    quantity: Annotated[str | None, typer.Option(help="In all, what is filled included.")] = None,
    mode: Mode = None,
) -> None:
    """Give a resting order another price or quantity."""
    from xq.api.orders_change import replace as run

    shell.override(trade__mode=mode)
    announce(shell, f"changes order {client_id}")
    done = run(shell.workspace, client_id, price=price, stop_price=stop_price, quantity=quantity)
    answer(shell, done)


def show(shell: Shell, client_id: Name, mode: Mode = None) -> None:
    """Show one order by the journal and by the venue, side by side."""
    from xq.api.orders_show import show as run
    from xq.cli.order_view import sheet

    shell.override(trade__mode=mode)
    found = run(shell.workspace, client_id)
    if shell.as_table:
        shell.render(*sheet(found))
    else:
        shell.record(found)
    if found.note:
        shell.note(found.note)
