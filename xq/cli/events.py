"""``xq events``."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from xq.cli.order_place import Mode
from xq.cli.plain import mapping
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
    found: Sequence[Any] = listed(shell.workspace, since=since, kind=kind, limit=limit)
    if shell.as_table and not shell.verbose:  # the text says what the facts are
        found = [
            {name: value for name, value in mapping(row).items() if name != "facts"}
            for row in found
        ]
    shell.rows_or_note(found, "nothing happened that a person should know")
