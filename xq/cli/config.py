"""``xq config``: what is set, where, and what it means."""

from typing import Annotated

import typer

from xq.cli.shell import Shell, command

app = typer.Typer(help="Show, explain and check the configuration.", no_args_is_help=True)


@command(app)
def show(shell: Shell) -> None:
    """List every setting with its value and where it was set."""
    from xq.api.settings import settings

    shell.rows(
        [
            {"key": item.key, "value": item.value, "origin": item.origin}
            for item in settings(shell.workspace)
        ]
    )


@command(app)
def explain(
    shell: Shell, key: Annotated[str, typer.Argument(help="section.key, e.g. trade.mode")]
) -> None:
    """Explain one setting."""
    from xq.api.settings import explain as run

    shell.record(run(shell.workspace, key))


@command(app)
def check(shell: Shell) -> None:
    """Check the configuration and say nothing more than that it is fine."""
    loaded = shell.workspace.loaded
    shell.record({"path": loaded.path, "settings": loaded.changed, "ok": True})


@command(app)
def path(shell: Shell) -> None:
    """Print the path of the config file in use; empty when there is none."""
    shell.text(str(shell.workspace.loaded.path or ""))
