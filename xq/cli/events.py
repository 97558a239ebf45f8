"""``xq events``."""

from typing import Annotated

import typer

from xq.cli.order_place import Mode
from xq.cli.shell import Shell, command

app = typer.Typer()


@command(app)
def events(
    shell: Shell,
    since: Annotated[str | None, typer.Option(help="A date, time or epoch, venue time.")] = None,
    kind: Annotated[
        str | None, typer.Option(help="Only this one: switch, trip, foreign, protected …")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many, the newest.")] = None,
    mode: Mode = None,
) -> None:
    """List what happened that a person should know, newest last."""
    from xq.api.events import events as listed

    shell.override(trade__mode=mode)
    found = listed(shell.workspace, since=since, kind=kind, limit=limit)
    shell.rows_or_note(found, "nothing happened that a person should know")
