"""``xq config``: what is set, where, and what it means."""

from typing import Annotated

import typer

from xq.api.workspace import Workspace
from xq.cli.output import Format
from xq.cli.shell import Shell, command
from xq.errors import ConfigError

app = typer.Typer(help="Show, explain and check the configuration.", no_args_is_help=True)


def _readable(shell: Shell) -> tuple[Workspace, ConfigError | None]:
    """The workspace, or the defaults and why it is refused: help must not need what it mends."""
    from xq.api.settings import defaults

    try:
        return shell.workspace, None
    except ConfigError as error:
        return defaults(), error


@command(app)
def show(shell: Shell) -> None:
    """List every setting with its value and where it was set."""
    from xq.api.settings import settings

    ws, refusal = _readable(shell)
    shell.rows(
        [{"key": item.key, "value": item.value, "origin": item.origin} for item in settings(ws)]
    )
    if refusal:
        raise refusal


@command(app)
def explain(
    shell: Shell, key: Annotated[str, typer.Argument(help="section.key, e.g. trade.mode")]
) -> None:
    """Explain one setting."""
    from xq.api.settings import explain as run

    ws, refusal = _readable(shell)
    shell.record(run(ws, key))
    if refusal:
        shell.note(f"this is the default; the configuration is refused:\n{refusal}")


@command(app)
def check(shell: Shell) -> None:
    """Check the configuration and say nothing more than that it is fine."""
    from xq.api.settings import check as run

    run(shell.workspace)
    loaded = shell.workspace.loaded
    shell.record({"path": loaded.path, "settings": loaded.changed, "ok": True})


@command(app)
def path(shell: Shell) -> None:
    """Print the path of the config file in use; empty when there is none."""
    path = shell.workspace.loaded.path
    if shell.format in (None, Format.TABLE):
        shell.text(str(path or ""))
    else:
        shell.record({"path": path})
