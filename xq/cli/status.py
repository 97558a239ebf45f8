"""``xq status``."""

from contextlib import ExitStack
from shutil import get_terminal_size
from typing import Annotated

import typer

from xq.cli.order_place import Mode
from xq.cli.shell import Shell, command

app = typer.Typer()


@command(app)
def status(
    shell: Shell,
    watch: Annotated[bool, typer.Option("--watch", help="Draw again until q or Ctrl-C.")] = False,
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between looks.")] = 2.0,
    cycles: Annotated[int | None, typer.Option(min=1, help="End after so many looks.")] = None,
    mode: Mode = None,
) -> None:
    """Show an account on one screen: held, resting, tripped, due."""
    from xq.api.status import watching
    from xq.cli.fold import terminal_width
    from xq.cli.live_screen import drawing, keys, redraw
    from xq.cli.status_view import screen

    shell.override(trade__mode=mode)
    with ExitStack() as stack:
        look = stack.enter_context(watching(shell.workspace))
        on_screen = watch and shell.is_tty and shell.as_table
        draw = stack.enter_context(drawing()) if on_screen else None

        def show() -> None:
            found = look()
            if draw is not None:
                draw(screen(found, get_terminal_size().columns))
            elif shell.as_table:
                shell.render(*screen(found, terminal_width()))
            else:
                shell.record(found)

        wait = stack.enter_context(keys(shell.workspace.clock))
        redraw(show, wait, every, cycles if watch else 1)
