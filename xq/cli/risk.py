"""``xq risk``."""

from typing import Annotated

import typer

from xq.cli.parts import show_known
from xq.cli.shell import Shell, command
from xq.errors import TradingHalted

app = typer.Typer(no_args_is_help=True, help="Show, pull and re-arm the kill switches.")

_MODE = "sim, paper, testnet or live. Default: trade.mode."
_REASON = "Kept in the journal."
Name = Annotated[str, typer.Argument(help="A switch, as xq risk status names it.")]
Mode = Annotated[str | None, typer.Option(help=_MODE)]
Who = Annotated[str | None, typer.Option(help="Who says so. Default: the user of this machine.")]


@command(app, "status")
def status(
    shell: Shell,
    mode: Mode = None,
    check: Annotated[
        bool, typer.Option("--check", help="Exit with 7 if any switch is tripped.")
    ] = False,
) -> None:
    """Show every kill switch and what was last read."""
    from xq.api.risk import status as run

    shell.override(trade__mode=mode)
    lines = run(shell.workspace)
    shell.rows(lines)
    names = [line.switch for line in lines if line.state == "tripped"]
    if check and names:
        raise TradingHalted(
            f"kill switches are tripped: {', '.join(names)}",
            hint=f'xq risk rearm {names[0]} --reason "..."',
        )


@command(app, "explain")
def explain(shell: Shell, switch: Name, mode: Mode = None) -> None:
    """Show one switch: its rule, its state, its last re-arm."""
    from xq.api.risk import explain as run

    shell.override(trade__mode=mode)
    show_known(shell, run(shell.workspace, switch))


@command(app, "trip")
def trip(
    shell: Shell,
    switch: Name,
    reason: Annotated[str, typer.Option(help=_REASON)],
    action: Annotated[str, typer.Option(help="stop_entries, cancel or flatten.")] = "cancel",
    who: Who = None,
    mode: Mode = None,
) -> None:
    """Pull a switch by hand."""
    from xq.api.risk import trip as run

    shell.override(trade__mode=mode)
    shell.rows([run(shell.workspace, switch, reason, who or _user(), action)])


@command(app, "rearm")
def rearm(
    shell: Shell,
    switch: Name,
    reason: Annotated[str, typer.Option(help=_REASON)],
    who: Who = None,
    mode: Mode = None,
) -> None:
    """Let a tripped switch watch anew."""
    from xq.api.risk import rearm as run

    shell.override(trade__mode=mode)
    shell.rows([run(shell.workspace, switch, reason, who or _user())])


@command(app, "limits")
def limits(shell: Shell) -> None:
    """List the limits that every order meets."""
    from xq.api.risk import limits as run

    shell.rows(run(shell.workspace))


def _user() -> str:
    from getpass import getuser

    return getuser()
