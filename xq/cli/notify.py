"""``xq notify``."""

from typing import Annotated

import typer

from xq.cli.shell import Shell, command

app = typer.Typer(no_args_is_help=True, help="Say who is told what, and send a test message.")


@command(app, "list")
def list_(shell: Shell) -> None:
    """List the targets of XQ_NOTIFY_URLS, nothing secret shown."""
    from xq.api.notify import listed

    shell.rows_or_note(listed(shell.workspace), "nobody is told: XQ_NOTIFY_URLS is not set")


@command(app, "events")
def events(shell: Shell) -> None:
    """List the kinds of events, and which are told; alarms always are."""
    from xq.api.notify import kinds

    shell.rows(kinds(shell.workspace))


@command(app, "test")
def send_test(
    shell: Shell,
    url_name: Annotated[
        str | None, typer.Option(help="One target, as xq notify list names it. Default: all.")
    ] = None,
) -> None:
    """Send a test message, and say who took it."""
    from xq.api.notify import failure
    from xq.api.notify import send_test as run

    lines = run(shell.workspace, url_name)
    shell.rows(lines)
    problem = failure(lines)
    if problem is not None:
        raise problem
