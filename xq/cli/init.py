"""``xq init``: a new workspace."""

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from xq.cli.shell import Shell, command
from xq.errors import UsageError

app = typer.Typer()


@command(app)
def init(
    shell: Shell,
    folder: Annotated[str, typer.Argument(help="Folder to make; default: here.")] = ".",
    exchange: Annotated[
        str | None, typer.Option(help="Venue to write into the config, e.g. sim.")
    ] = None,
) -> None:
    """Make a folder with a config file, strategies and a lake."""
    from xq.api.init import init as run

    if not folder:
        raise UsageError("expected a folder, found an empty name", hint="xq init my-folder")
    created = run(Path(folder), exchange=exchange)
    shell.record(created)
    shell.note(f"next: cd {quote(str(created.path))} && xq doctor")
