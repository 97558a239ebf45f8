"""``xq trials``."""

from dataclasses import asdict
from typing import Annotated

import typer

from xq.cli.shell import Shell, command

app = typer.Typer(
    no_args_is_help=True, help="Show and verify the ledger of everything that was tried."
)


@command(app, "list")
def list_trials(
    shell: Shell,
    strategy: Annotated[str | None, typer.Option(help="Only trials of this strategy.")] = None,
) -> None:
    """List every trial on record, oldest first."""
    from xq.api.trials import ledger

    found = ledger(shell.workspace).tried
    rows = [one.as_row() for one in found if strategy is None or one.strategy == strategy]
    shell.rows_or_note(rows, "nothing was tried yet; hint: xq sweep --param fast=5:50:5")


@command(app, "verify")
def verify_trials(shell: Shell) -> None:
    """Check that no trial was removed, edited, added or moved."""
    from xq.api.sweep import heads
    from xq.api.trials import verify

    head = verify(shell.workspace, heads(shell.workspace))
    shell.record(asdict(head))
    shell.note(f"{head.trials:,} trials, each continues the one before")
